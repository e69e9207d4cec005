"""What a rule supplies where a warning leaves something out (section 12)."""

from __future__ import annotations

from dataclasses import replace

from dispatcher.core.alert import Content, Level


def complete(content: Content) -> tuple[Content, tuple[str, ...]]:
    """Supply what a first alert of another dialect leaves out; names the fields."""
    return content, ()


def inherit(content: Content, earlier: Content) -> Content:
    """Let an Update take over what it leaves out."""
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
