"""Time stamps of platforms: RFC 3339 with up to nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime

from actors.errors import BadInput


def milliseconds(stamp: str, where: str) -> float:
    """Return milliseconds since 1970.

    Raises:
        BadInput: it is not a time stamp, or outside of the range of an event.
    """
    try:
        moment = datetime.fromisoformat(stamp)
        ms = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000
    except (ValueError, OverflowError) as error:
        raise BadInput(f"Expected an RFC 3339 time stamp, got `{stamp[:64]}` - at `{where}`") from error
    return ms


def whole_milliseconds(stamp: str | None, where: str) -> int:
    """Return milliseconds since 1970, 0 for no time stamp."""
    return max(0, int(milliseconds(stamp, where))) if stamp else 0
