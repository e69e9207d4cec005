"""What a rule supplies where a warning leaves something out (section 12).

A JSON alert says all of it itself; CAP, 12379 and monitors are completed where a rule
can. What an Update leaves out is as the alert before it said.
"""

from __future__ import annotations

from dataclasses import fields, replace

from config.actions import action_text
from dispatcher.core.alert import Content, Level, MsgType, Segment

FILLED = ("effective", "description", "instruction", "issuer", "expires")


def complete(content: Content) -> tuple[Content, tuple[str, ...]]:
    """Supply what a first alert leaves out; gives the names of what was supplied.

    An end is never made up: ``expires`` among the names says that the desk is asked
    when the time that the kind of hazard usually lasts is over.
    """
    if content.msg_type is not MsgType.ALERT:
        return content, ()
    parts = [_completed(part) for part in content.parts]
    head, *others = (full for full, _ in parts)
    names = {name for _, found in parts for name in found}
    full = replace(head, others=tuple(map(_segment, others)))
    return full, tuple(name for name in FILLED if name in names)


def _completed(part: Content) -> tuple[Content, list[str]]:
    supplied = {
        "effective": part.effective or part.sent,
        "description": part.description or part.headline or part.event,
        "instruction": part.instruction
        or action_text(part.event_code, part.level.value),
        "issuer": part.issuer or part.sender,
    }
    names = [name for name in FILLED if not getattr(part, name)]
    return replace(part, **supplied), names  # type: ignore[arg-type] # names are Content's own


def _segment(content: Content) -> Segment:
    return Segment(**{f.name: getattr(content, f.name) for f in fields(Segment)})


def inherit(content: Content, earlier: Content) -> Content:
    """Let an Update take over what it leaves out; areas and segments go together."""
    kind = bool(content.event_code or content.event)
    places = bool(content.areas or content.others)
    return replace(
        content,
        event_code=content.event_code if kind else earlier.event_code,
        event=content.event if kind else earlier.event,
        level=earlier.level if content.level is Level.UNKNOWN else content.level,
        headline=content.headline or earlier.headline,
        description=content.description or earlier.description,
        instruction=content.instruction or earlier.instruction,
        issuer=content.issuer or earlier.issuer,
        effective=content.effective or earlier.effective,
        expires=content.expires or earlier.expires,
        areas=content.areas if places else earlier.areas,
        others=content.others if places else earlier.others,
    )
