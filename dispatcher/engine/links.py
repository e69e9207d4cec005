"""The address of the page on which a question is answered: short, not to be guessed.

A token is the id of a question and a code that only who has the key can make, so a
link needs no row in the store and none can be found by trying.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from hashlib import blake2b

# The question's id, which had ten characters once, and the code.
TOKEN = re.compile(r"([a-z2-7]{10}|[a-z2-7]{16})([a-z2-7]{16})")
CODE_BYTES = 10  # 16 characters of base32
PURPOSE = b"link"  # the key makes nothing else, even if it is used elsewhere


class Links:
    """Makes and reads the tokens of one installation.

    :param key: 32 random bytes; whoever has them can answer for anybody
    :param base_url: ours as others see it, without a slash at the end
    """

    def __init__(self, key: bytes, base_url: str) -> None:
        self._key = key
        self._base_url = base_url

    def address(self, question: str) -> str:
        """The address of a question's page."""
        return f"{self._base_url}/a/{question}{self._code(question)}"

    def read(self, token: str) -> str | None:
        """The id of the question a token is for; None for one that we never made."""
        found = TOKEN.fullmatch(token)
        if found is None:
            return None
        question, code = found.groups()
        return question if hmac.compare_digest(code, self._code(question)) else None

    def _code(self, question: str) -> str:
        code = blake2b(
            question.encode(), key=self._key, digest_size=CODE_BYTES, person=PURPOSE
        )
        return b32encode(code.digest()).decode().lower()
