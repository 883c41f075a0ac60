"""Refusals of the YouTube Data API: the answer → the exception, by the reasons that it states."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from actors.core.contract.event import UNREADABLE
from actors.producers.spec import Disconnected, SourceRefused

QUOTA: Final = ("quotaExceeded", "dailyLimitExceeded")
OVER: Final = ("liveChatEnded", "liveChatDisabled", "liveChatNotFound")
MESSAGE_CHARACTERS: Final = 2_000  # that are read; a million `<` would take minutes
BUSY: Final = ("rateLimitExceeded", "userRateLimitExceeded", "backendError", "internalError", "SERVICE_UNAVAILABLE")


class ChatOver(Exception):
    """The chat has ended, is turned off, or does not exist."""


class TokenRefused(Exception):
    """The token of a page is no longer valid."""


class _Reason(Struct, frozen=True):
    reason: str = ""


class _Error(Struct, frozen=True):
    message: str = ""
    status: str = ""
    errors: list[_Reason] = []


class _Refusal(Struct, frozen=True):
    error: _Error = _Error()


_refusal = msgspec.json.Decoder(_Refusal)
_refusals = msgspec.json.Decoder(list[_Refusal])


def exception_of(status: int, body: bytes, remedy: str) -> Exception:
    """Return the exception for an answer that is not a page; `remedy` is what to do about a refused key or login."""
    reasons, message = reasons_of(body), _message_of(body)
    if any(reason in OVER for reason in reasons):
        return ChatOver(message)
    if any("pagetoken" in reason.lower() for reason in reasons) or "page token" in message.lower():
        return TokenRefused(message)
    if any(reason in QUOTA for reason in reasons):
        return SourceRefused("YouTube: the daily quota of the key is used up; it is renewed at midnight in California")
    if status in (400, 401, 403) and not any(reason in BUSY for reason in reasons):
        why = message or f"status {status}"
        return SourceRefused(f"YouTube refuses the key or login: {why}; {remedy}")
    return Disconnected(f"YouTube answered {status} {message}".strip())


def _error_of(body: bytes) -> _Error:
    try:
        if body.lstrip()[:1] == b"[":
            return next(iter(_refusals.decode(body)), _Refusal()).error
        return _refusal.decode(body).error
    except UNREADABLE:
        return _Error()


def reasons_of(body: bytes) -> list[str]:
    error = _error_of(body)
    return [one.reason for one in error.errors if one.reason] or ([error.status] if error.status else [])


def _message_of(body: bytes) -> str:
    return re.sub(r"<[^>]*>", "", _error_of(body).message[:MESSAGE_CHARACTERS])[:160].strip().rstrip(".")
