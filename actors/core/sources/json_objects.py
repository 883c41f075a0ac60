"""JSON objects that arrive in pieces: an array that is sent for hours, objects one after the other, or one object."""

from __future__ import annotations

import re
from typing import Final

from actors.errors import BadInput

# What may be between two objects.
_BETWEEN: Final = b"[], \t\r\n"
_OUTSIDE: Final = re.compile(rb'["{}]')
_IN_TEXT: Final = re.compile(rb'["\\]')


class JsonObjects:
    """Splits bytes into objects; one object has at most `max_bytes`. Each byte is looked at once."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept = bytearray()
        self._at = 0  # everything before it was looked at
        self._depth = 0
        self._in_text = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the objects that the piece completes.

        Raises:
            BadInput: there is something else between two objects, or an object is too large.
        """
        self._kept += piece
        found: list[bytes] = []
        while True:
            if self._depth == 0:
                self._skip()
            mark = (_IN_TEXT if self._in_text else _OUTSIDE).search(self._kept, self._at)
            if mark is None:
                self._at = len(self._kept)
                break
            if mark[0] == b"\\" and mark.end() == len(self._kept):
                self._at = mark.start()  # what it escapes is in the next piece
                break
            self._pass(mark)
            if self._depth == 0:
                found.append(bytes(self._kept[: self._at]))
                del self._kept[: self._at]
                self._at = 0
        if len(self._kept) > self._max_bytes:
            raise BadInput(f"Expected an object of at most {self._max_bytes} bytes")
        return found

    def _skip(self) -> None:
        """Drop the bytes before the next object."""
        rest = self._kept.lstrip(_BETWEEN)
        if rest and rest[:1] != b"{":
            raise BadInput(f"Expected a JSON object, got {bytes(rest[:60])!r}")
        self._kept, self._at = rest, 0

    def _pass(self, mark: re.Match[bytes]) -> None:
        self._at = mark.end()
        match mark[0]:
            case b"\\":
                self._at += 1
            case b'"':
                self._in_text = not self._in_text
            case b"{":
                self._depth += 1
            case _:
                self._depth -= 1
