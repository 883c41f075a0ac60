"""Which deaths of a normalizer count against a message, and the adapters that it imports."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import pytest

from actors import normalizer
from actors.adapters import KINDS, Adapter, adapter_of
from actors.core.contract.event import Event, RawBatch, RawItem
from actors.normalizer import Normalizer
from actors.stores.suspects import Suspects
from tests.memory.bus import MemoryBus, Network

BODY = b'{"type":"follow","payload":{"user":"ottoline"},"id":"follow-1"}'


def marked(run_dir: Path) -> bytes:
    return (run_dir / "normalizer-1.mark").read_bytes().partition(b"\n")[0]


def test_a_message_is_marked_while_it_is_normalized_and_not_while_its_adapter_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bytes]] = []

    def work(item: RawItem, producer: str, pgen: int) -> list[Event]:
        seen.append((f"work {item.pseq}", marked(tmp_path)))
        return []

    @cache
    def load(kind: str) -> Adapter:
        seen.append((f"import {kind}", marked(tmp_path)))
        return Adapter(lambda body: None, work)

    monkeypatch.setattr(normalizer, "adapter_of", load)
    suspects = Suspects(tmp_path, "normalizer-1")
    actor = Normalizer(MemoryBus(Network()), 1, suspects)
    items = [RawItem(7, 1, "event", BODY, 0.0), RawItem(8, 1, "event", BODY, 0.0), RawItem(9, 1, "srcds", BODY, 0.0)]
    actor.on_critical(msgspec.msgpack.encode(RawBatch("ingest", 1, True, items)))
    assert sorted(seen[:2]) == [("import event", b""), ("import srcds", b"")]
    assert seen[2:] == [("work 7", b"ingest/7"), ("work 8", b"ingest/8"), ("work 9", b"ingest/9")]
    assert marked(tmp_path) == b""
    suspects.close()


def test_every_kind_of_raw_message_has_an_adapter() -> None:
    for kind in KINDS:
        adapter_of(kind)
    assert set(normalizer.PRELOADED) <= set(KINDS)
