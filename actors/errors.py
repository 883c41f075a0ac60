"""The exceptions of Framewire, for errors that come from outside.

FramewireError
├── ConfigError        the configuration cannot be used; exit code 2, no restart
├── BadInput           a message, body or file does not fit the contract
│   └── TooLarge       it is larger than the stated limit
├── Refused            a valid request that cannot be served now (full, locked, no permission)
│   └── DiskFull       the disk has no room; what was stored before is safe
└── Fenced             a newer owner has taken over; this process must exit at once

Internal errors (a bug, a failed fsync) have no class here. They are not caught: the process dies and the supervisor
restarts it. So `except Exception` appears nowhere. Every text has what came, what was expected, and where.
"""

REASON_CHARACTERS = 300


class FramewireError(Exception):
    """Base of all expected errors."""


class ConfigError(FramewireError):
    """The configuration cannot be used; the message names the key's path."""


class BadInput(FramewireError):
    """Input does not fit the contract; it is counted and quarantined.

    The text has at most REASON_CHARACTERS, because it repeats parts of the input in answers, logs and the quarantine.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= REASON_CHARACTERS:
            return text
        return f"{text[: REASON_CHARACTERS - 81]} … {text[-78:]}"  # the end has the path


class TooLarge(BadInput):
    """Input is larger than the stated limit."""


class Refused(FramewireError):
    """The request is valid and cannot be served; the message has the reason and the remedy."""


class DiskFull(Refused):
    """The disk has no room for a transaction, which was rolled back."""


class Fenced(FramewireError):
    """A newer generation owns the store; this process must exit without writing."""
