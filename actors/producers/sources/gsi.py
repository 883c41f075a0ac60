"""CS2 and CS:GO on this machine: the game posts its state (game state integration), and changes become events.

The base of the differences is saved in the same transaction as the events, so that a restart in the middle of a match
neither repeats nor misses a kill. The answer is sent when both are on disk. That takes some milliseconds; the game
pauses for 100 ms anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from actors import program
from actors.adapters import generic, gsi_changes, gsi_posts
from actors.errors import BadInput
from actors.producers.spec import Forbidden, SourceMessage, SourceRequest, SourceSettings, Spec, Taken, refused


class GsiSettings(SourceSettings, frozen=True, kw_only=True):
    """The secret is the token of the game's configuration file, which `gsi install` writes."""

    def needs(self, name: str) -> str:
        return f"gsi install --name {name}"


SPEC: Final = Spec(
    GsiSettings,
    "CS2 or CS:GO on this machine: your kills, deaths, rounds and the score, without a game server.",
    redelivers=False,
    loss="Nothing that the game counts (kills, deaths, assists, ends of rounds): the next post has the counts.",
    path="gsi",
)


def receive(request: SourceRequest, settings: GsiSettings, secret: Callable[[], str], state: bytes) -> Taken:
    """Return the messages since the last post.

    Raises:
        Forbidden: it does not have the token, or cannot be read.
        BadInput: it is not a valid post of the game; the text has the path.
    """
    del settings
    try:
        known = gsi_posts.is_from(request.body, secret())
    except BadInput as error:  # not quarantined: anyone can send it
        raise Forbidden(f"The body cannot be read, so it has no token: {error}") from error
    if not known:
        raise Forbidden(f"auth.token is missing or wrong; `{program.NAME} gsi install` writes it into the game's file")
    before = gsi_changes.load(state)
    messages, after = _read(before, request.body, request.now_ms)
    return Taken(messages, state=None if after == before else gsi_changes.save(after))


def try_message(settings: GsiSettings, name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of posts, one JSON object per line; the first is the base of the differences.

    A post that cannot be read is refused as `receive` does, and has no effect on the others. Tokens are not compared.
    """
    del settings, name
    state, found = gsi_changes.GsiState(), []
    for number, line in enumerate(map(bytes.strip, data.splitlines()), 1):
        if not line:
            continue
        try:
            messages, state = _read(state, line, time.time() * 1000)
        except BadInput as error:
            messages = [refused(f"line {number}: {error}", line)]
        found += messages
    return found


def _read(before: gsi_changes.GsiState, body: bytes, now_ms: float) -> tuple[list[SourceMessage], gsi_changes.GsiState]:
    post = gsi_posts.read(body)
    told, after = gsi_changes.changes(before, post, now_ms)
    stamp_ms = post.provider.timestamp * 1000.0 or None  # whole seconds: good for counters of age, not for display
    messages = [
        SourceMessage(generic.packed(type_, payload, "gsi"), "event", ts_source_ms=stamp_ms) for type_, payload in told
    ]
    return messages, after
