"""The exceptions of the house. Two families, told apart by whose fault it is.

FramewireError
├── ConfigError        theirs: the configuration cannot be used; exit code 2, never restarted
├── BadInput           theirs: a message, body or file that does not fit the contract
│   └── TooLarge       theirs: it is bigger than the stated limit
├── Refused            theirs: understood, but not now or not for you (full, locked, no right)
└── Fenced             a newer owner has taken over; this process must leave at once

Errors of ours (a bug, a failed fsync) have no class here: nobody catches them, the process
dies and the supervisor starts it again. So `except Exception` appears nowhere.
Every text says what came, what was expected, and where.
"""

REASON_CHARACTERS = 300


class FramewireError(Exception):
    """Base of all expected errors."""


class ConfigError(FramewireError):
    """The configuration cannot be used; the message names the key's path."""


class BadInput(FramewireError):
    """Something from outside does not fit the contract; it is counted and quarantined.

    Its text has at most REASON_CHARACTERS: it repeats parts of the input, and goes into answers, logs and the
    quarantine.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= REASON_CHARACTERS:
            return text
        return f"{text[: REASON_CHARACTERS - 81]} … {text[-78:]}"  # the end names the place


class TooLarge(BadInput):
    """It is larger than the stated limit."""


class Refused(FramewireError):
    """The request is understood and cannot be served; the message says why and what to do."""


class Fenced(FramewireError):
    """A newer generation owns the store; whoever sees this exits without writing."""
