r"""IRC: the grammar of one line (RFC 1459 with IRCv3 message tags).

    @tag=value;tag :nick!user@host COMMAND param param :the last parameter
    ╰─── tags ────╯ ╰── prefix ──╯                      ╰── may hold spaces ─╯

Tags, prefix and parameters may be absent. A last parameter of one word needs no colon.
In the value of a tag `\:` is `;`, `\s` is a space, `\\` `\r` `\n` are themselves, any other escaped
character is that character, and a lone backslash at the end is dropped. Of two equal tags the last one counts.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from actors.errors import BadInput

# Tags have at most 8,191 bytes, the rest of a line 512 by the standard; Twitch sends texts of 500 characters (2,000
# bytes) on top of the prefix.
MAX_LINE_BYTES: Final = 16_384

_LINE: Final = re.compile(
    r"(?:@(?P<tags>[^ ]*) +)?(?::(?P<prefix>[^ ]*) +)?(?P<command>[A-Za-z]+|[0-9]{3})(?P<params>(?: .*)?)", re.DOTALL
)
_ESCAPE: Final = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPED: Final = {":": ";", "s": " ", "r": "\r", "n": "\n"}


class IrcLine(Struct, frozen=True):
    """One line. `prefix` is the sender; `params[-1]` is the text of commands that have one."""

    tags: dict[str, str]
    prefix: str
    command: str
    params: list[str]

    @property
    def nick(self) -> str:
        return self.prefix.partition("!")[0] if "!" in self.prefix else ""

    def param(self, index: int) -> str:
        """Return a parameter, "" if the line has fewer."""
        return self.params[index] if index < len(self.params) else ""


def parse(raw: bytes) -> IrcLine:
    """Return the parts of a line without its end.

    Raises:
        BadInput: it has no command, or is too long.
    """
    if len(raw) > MAX_LINE_BYTES:
        raise BadInput(f"Expected a line of at most {MAX_LINE_BYTES} bytes, got {len(raw)} - at `$`")
    match = _LINE.fullmatch(raw.decode("utf-8", "replace"))
    if match is None:
        raise BadInput(
            f"Expected [@tags] [:prefix] COMMAND [parameters], got `{raw[:120].decode('utf-8', 'replace')}` - at `$`"
        )
    tags, prefix, command, params = match.group("tags", "prefix", "command", "params")
    return IrcLine(_tags(tags or ""), prefix or "", command.upper(), _params(params))


def _tags(text: str) -> dict[str, str]:
    tags = {}
    for part in text.split(";"):
        key, _, value = part.partition("=")
        if key:
            tags[key] = _ESCAPE.sub(_unescaped, value) if "\\" in value else value
    return tags


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])


def _params(text: str) -> list[str]:
    head, colon, last = text.partition(" :")
    return [*(part for part in head.split(" ") if part), *([last] if colon else [])]
