"""What who asks can read."""

from __future__ import annotations


def takes_gzip(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` lets us pack."""
    names = (part.partition(";") for part in accepted.lower().split(","))
    return any(
        name.strip() in {"gzip", "*"} and rest.replace(" ", "") not in {"q=0", "q=0.0"}
        for name, _, rest in names
    )
