"""What a callout may live under: who is on duty, its ladder, and milder ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from contacts.model import PersonId, Post
from dispatcher.core.night import Night
from tests.core.build import (
    BESIDE,
    COUNTY,
    EVERYBODY,
    HEAD,
    LEADER,
    NIGHT,
    ORANGE,
    RANGER,
    RED,
    SHANGHAI,
    SMS,
    TOWN,
    WATCHMAN,
    WECHAT,
    A,
    B,
    called,
    duty,
    own,
    ref,
    small,
)

TWO_NUMBERS = called("a", Post.GRID_LEAD, numbers=2)
BUSY_HEAD = called("a", Post.VILLAGE_HEAD, numbers=2)
ALSO_BACKUP = called("a", Post.GRID_BACKUP, numbers=2)
ABOVE = (HEAD, WATCHMAN, TOWN, COUNTY, LEADER)
DUTIES = {
    "everybody": duty(),
    "no voice": duty(
        TWO_NUMBERS, B, HEAD, WATCHMAN, TOWN, COUNTY, LEADER, routes=(SMS, WECHAT)
    ),
    "no desk": duty(A, HEAD, TOWN, COUNTY, desk=None),
    "head is lead": duty(TWO_NUMBERS, BUSY_HEAD, TOWN, COUNTY),
    "new lead": duty(called("new", Post.GRID_LEAD), B, COUNTY),
    "almost nobody": duty(LEADER, desk=None),
    "one in both posts": duty(TWO_NUMBERS, ALSO_BACKUP, HEAD, COUNTY),
    "three numbers": duty(called("a", Post.GRID_LEAD, numbers=3), B, TOWN),
    "rangers": duty(RANGER, called("ranger2", Post.FOREST_RANGER, numbers=2), *ABOVE),
    "lead awake": replace(duty(RANGER, *ABOVE), lead_awake=True),
    "somebody for the door": replace(
        duty(),
        door=(ref(Post.TOWNSHIP_DUTY), ref(Post.VILLAGE_DUTY)),
        awake=frozenset({WATCHMAN.person}),
    ),
}
PAIR = small(own(0, Post.GRID_LEAD, Post.GRID_BACKUP, need=2), *RED.rungs[2:])
DUSK = Night(begins=time(2, 5), ends=time(3), zone=SHANGHAI)  # 240 s after the opening
LADDERS = {
    "red": RED,
    "orange": ORANGE,
    "pair": PAIR,
    "quiet orange": replace(ORANGE, night=NIGHT),
    "red at dusk": replace(RED, night=DUSK),
    "beside": BESIDE,
    "quiet beside": replace(BESIDE, night=DUSK),
}
LOWER = {  # a milder plan is for the same post: one ladder does not become another's
    "red": ("orange", "none"),
    "orange": ("quiet orange", "none"),
    "pair": ("pair", "none"),
    "quiet orange": ("orange", "none"),
    "red at dusk": ("orange", "quiet orange", "none"),
    "beside": ("quiet beside", "none"),
    "quiet beside": ("beside", "none"),
    "none": ("none",),
}
PEOPLE = (*(one.person for one in EVERYBODY), RANGER.person, PersonId("stand-in"))
