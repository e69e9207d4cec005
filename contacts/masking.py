"""How an address is shown to who may not see it."""

from __future__ import annotations

from contacts.model import AddressKind
from contacts.numbers import mask

SHOWN_OF_ACCOUNT = 1
HIDDEN = "****"


def hidden(kind: AddressKind, value: str) -> str:
    """A number or an account as everybody may see it."""
    if kind is AddressKind.WECOM:
        return f"{value[:SHOWN_OF_ACCOUNT]}{HIDDEN}"
    return mask(value)
