"""Officers of the desk: what their roles are. An officer is no person of the roster."""

from __future__ import annotations

from enum import StrEnum

USER = "user:"  # before an officer's name wherever something is told to be his doing
OS = "os:"  # before the name of a user of the machine, who works at its command line


class OfficerRole(StrEnum):
    """What an officer is here for; each may all that the one before may."""

    VIEWER = "viewer"
    OFFICER = "officer"
    LEADER = "leader"
    ADMINISTRATOR = "administrator"


class OfficerChange(StrEnum):
    """What was done to an officer's account."""

    CREATED = "created"
    EDITED = "edited"
    DISABLED = "disabled"
    ENABLED = "enabled"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - what happened, not a secret
    PASSWORD_RESET = "password_reset"  # noqa: S105 - as above
    TOTP_ON = "totp_on"
    TOTP_OFF = "totp_off"
