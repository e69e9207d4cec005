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
    full = replace(part, **supplied)  # type: ignore[arg-type] # names are Content's own
    names = [name for name in FILLED if not getattr(part, name)]
    return full, [name for name in names if name == "expires" or supplied[name]]


def _segment(content: Content) -> Segment:
    return Segment(**{f.name: getattr(content, f.name) for f in fields(Segment)})


def inherit(content: Content, earlier: Content) -> Content:
    """Let an Update take over what it leaves out; areas and segments go together.

    What a rule had supplied to the earlier alert was never said, so the rule supplies
    it anew: a warning that is red now does not go on with what is to be done in a blue.
    """
    places = bool(content.areas or content.others)
    head = _taking_over(content, earlier)
    others = tuple(_spoken_for(one, head) for one in content.others)
    return replace(
        head,
        areas=content.areas if places else earlier.areas,
        others=others if places else earlier.others,
    )


def _taking_over(content: Content, earlier: Content) -> Content:
    kind = bool(content.event_code or content.event)
    full = replace(
        content,
        event_code=content.event_code if kind else earlier.event_code,
        event=content.event if kind else earlier.event,
        level=earlier.level if content.level is Level.UNKNOWN else content.level,
        headline=content.headline or earlier.headline,
        issuer=content.issuer or earlier.issuer,
        effective=content.effective or earlier.effective,
        expires=content.expires or earlier.expires,
    )
    return replace(
        full,
        description=content.description or _description(full, earlier),
        instruction=content.instruction or _instruction(full, earlier),
    )


def _description(full: Content, earlier: Content) -> str:
    said = earlier.description != earlier.headline
    return earlier.description if said else full.headline


def _instruction(full: Content, earlier: Content) -> str:
    supplied = action_text(earlier.event_code, earlier.level.value)
    said = earlier.instruction not in {"", supplied}
    return (
        earlier.instruction if said else action_text(full.event_code, full.level.value)
    )


def _spoken_for(other: Segment, head: Segment) -> Segment:
    """A further segment of an Update; the earlier alert may have had none like it."""
    kind = bool(other.event_code or other.event)
    code = other.event_code if kind else head.event_code
    return replace(
        other,
        event_code=code,
        event=other.event if kind else head.event,
        description=other.description or other.headline,
        instruction=other.instruction or action_text(code, other.level.value),
        issuer=other.issuer or head.issuer,
        effective=other.effective or head.effective,
        expires=other.expires or head.expires,
    )
