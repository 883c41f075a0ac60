"""Answers to events for which a game waits: the first rule that applies, or the default, which changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

MAX_TEXT = 500
Words = list[Annotated[str, Meta(min_length=1, max_length=100)]]


class AnswerRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule for one type of event. Every condition that is given must hold; without any it always applies.

    event     the type, such as "chat" or "command"
    players   the player has one of these names
    commands  the command is one of these, without the slash
    words     the message or the command contains one of these, in any case
    cancel    the game drops the event
    text      replaces a chat message
    """

    event: str
    players: Words = []
    commands: Words = []
    words: Words = []
    cancel: bool = False
    text: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None

    def applies(self, event: str, found: Mapping[str, Any]) -> bool:
        """Whether the rule is for this event."""
        said = str(found.get("message") or found.get("raw") or "").casefold()
        return (
            event == self.event
            and (not self.players or found.get("name") in self.players)
            and (not self.commands or found.get("command") in self.commands)
            and (not self.words or any(word.casefold() in said for word in self.words))
        )


DEFAULT = AnswerRule("")


class Answers:
    """The rules of one source, in their order."""

    def __init__(self, rules: Sequence[AnswerRule]) -> None:
        self._rules = tuple(rules)

    def of(self, event: str, found: Mapping[str, Any]) -> AnswerRule:
        """Return the rule for an event with these fields, DEFAULT when none applies."""
        return next((rule for rule in self._rules if rule.applies(event, found)), DEFAULT)
