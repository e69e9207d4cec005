"""What every table of the settings is made of."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from config.complaint import refuse


class Section(BaseModel):
    """One table of the file; a key it does not have is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def web_address(text: str) -> str:
    """An address of http or https, or a complaint."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        what = "不是网址"
        raise refuse(what, "请写成 https://jiaoying.example.org")
    return text


def listed(value: object) -> object:
    """One value may stand for a list of one; the environment writes commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _loopback(text: str) -> str:
    if text and urlsplit(web_address(text)).hostname not in LOOPBACK:
        what = "不是本机网址"
        raise refuse(what, "请写成 http://127.0.0.1:端口/")
    return text


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LocalAddress = Annotated[str, AfterValidator(_loopback)]
WebAddress = Annotated[str, AfterValidator(web_address)]
Names = Annotated[list[str], BeforeValidator(listed)]
