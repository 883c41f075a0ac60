"""Functions that make events and envelopes for tables of histories."""

from __future__ import annotations

from typing import Any

import msgspec

from actors.core.contract.event import Category, Envelope, EnvelopeBatch, Event, Raw
from actors.core.contract.payload import Payload, Player
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.contract.types.chat import Chat
from actors.core.contract.types.combat import Death, Hit, Kill
from actors.core.contract.types.match import Round, Score


def player(name: str, team: str = "") -> Player:
    return Player(name, name, team)


def event(kind: str = "hit", id_: str = "e", payload: Payload | None = None, **fields: Any) -> Event:
    row = TAXONOMY[kind]
    sample = payload or SAMPLES.get(kind) or row.example
    defaults = {
        "category": row.category,
        "priority": row.priority,
        "ts_ingest_ms": 0.0,
        "ttl_ms": row.ttl_ms,
        "source": "game",
        "payload": Raw(msgspec.msgpack.encode(sample)),
    }
    return Event(id=id_, type=kind, **(defaults | fields))


def kill(attacker: str, victim: str, id_: str = "k", at_s: float = 0.0, **fields: Any) -> Event:
    return event("kill", id_, Kill(player(attacker, "red"), player(victim, "blue")), ts_source_ms=at_s * 1000, **fields)


def envelope(pseq: int, *events: Event) -> Envelope:
    return Envelope(pseq, 1, list(events))


def batch(*envelopes: Envelope, producer: str = "p", critical: bool = True, pgen: int = 1) -> EnvelopeBatch:
    return EnvelopeBatch(producer, pgen, critical, list(envelopes))


SAMPLES: dict[str, Payload] = {
    "kill": Kill(player("a", "red"), player("b", "blue")),
    "death": Death(player("b", "blue")),
    "hit": Hit(player("a"), player("b"), damage=10),
    "chat": Chat("u", "hi"),
    "round": Round("start"),
    "score": Score({"CT": 1}),
}

CRITICAL, NORMAL, COSMETIC, STATE = Category.CRITICAL, Category.NORMAL, Category.COSMETIC, Category.STATE
