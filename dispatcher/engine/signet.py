"""The key that seals are signed with, and who can tell."""

from __future__ import annotations

from dataclasses import replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dispatcher.core.seal import Seal


class Signet:
    """The key that seals are signed with.

    :param seed: 32 random bytes, kept outside the store
    """

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> str:
        """What anybody may have, to check seals; in hex."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return raw.hex()

    def sign(self, seal: Seal) -> Seal:
        """The seal with its signature."""
        return replace(seal, signature=self._key.sign(seal.signed).hex())


def bears(seal: Seal, public: str) -> bool:
    """Whether a seal is signed with the key that belongs to a public one, in hex."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(seal.signature), seal.signed)
    except (InvalidSignature, ValueError):
        return False
    return True
