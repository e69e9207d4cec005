"""What is sent to sign in, and to change officers and keys; read strictly."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dispatcher.core.officer import OfficerRole
from dispatcher.intake.form import Form, Line, Word

PASSWORD_MOST = 128

Password = Annotated[str, Field(min_length=1, max_length=PASSWORD_MOST)]
Code = Annotated[str, Field(min_length=1, max_length=16)]
Display = Word
Role = Annotated[OfficerRole, Field(strict=False)]


class SignInForm(Form):
    """Who wants in; ``totp`` where he uses codes."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[Password, Field(repr=False)]
    totp: Annotated[Code | None, Field(repr=False)] = None


class PasswordForm(Form):
    """Another password in place of the old one."""

    old: Annotated[Password, Field(repr=False)]
    new: Annotated[Password, Field(repr=False)]


class TotpForm(Form):
    """A code that shows that the telephone knows the secret."""

    code: Annotated[Code, Field(repr=False)]


class WatchForm(Form):
    """What is written down when a watch begins."""

    note: Line = ""


class TrialForm(Form):
    """The officer's own number, or account, as he gives it."""

    to: Annotated[str, Field(min_length=1, max_length=64, repr=False)]


class OfficerForm(Form):
    """A new officer."""

    name: Word
    role: Role
    display: Display | None = None


class OfficerEditForm(Form):
    """What is to change of an officer; what is left out stays."""

    role: Role | None = None
    display: Display | None = None
    disabled: Annotated[bool | None, Field(strict=True)] = None


class KeyForm(Form):
    """A new API key."""

    name: Word
    scopes: Annotated[list[Word], Field(min_length=1, max_length=32)]
    senders: Annotated[list[Word], Field(max_length=32, default_factory=list)]
