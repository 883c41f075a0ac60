"""`purge`: what names a person is in no file afterwards, positions have no gap, and a running pipeline is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.core.contract.event import Raw, Reject
from actors.core.contract.types.match import Score
from actors.core.queue.sequencer import Entry
from actors.errors import ConfigError, Refused
from actors.interfaces import Delivery, Progress
from actors.stores.log import Log, LogReader
from actors.stores.outbox import Outbox
from actors.stores.purge import purge
from tests.core.make import event

NAME = "Ottoline"


def follow(user: str, position: int, ts_ms: float = 0.0) -> Any:
    payload = Raw(msgspec.msgpack.encode({"user": user}))
    made = event("follow", f"f-{user}-{position}", position=position, ts_queued_ms=ts_ms, ts_ingest_ms=ts_ms)
    return msgspec.structs.replace(made, payload=payload)


def open_log(run_dir: Path) -> Log:
    return Log(run_dir, 86_400.0, 1 << 30, 86_400.0, 100)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    log = open_log(tmp_path)
    score = msgspec.structs.replace(event("score", "s", Score({"CT": 1})), coalesce_key=f"score:{NAME}")
    log.commit(
        [
            Entry(
                events=[
                    follow("bo", 1, 1.0),
                    follow("ottoline", 2, 2.0),
                    follow("ottolines", 3, 9.0),
                    follow("ada", 4, 9.0),
                ],
                retained={f"score:{NAME}": score},
                derived={f"streak/{NAME}": b"1", "streak/bo": b"1"},
                identities=[(f"4:test:{NAME}", "x", 1.0), ("4:test:bo", "f-bo-1", 9.0)],
                rejects=[Reject("bad", "srcds", "cut", f'L "{NAME}<1>"', 1.0, dead=False)],
            )
        ]
    )
    log.close()
    outbox = Outbox(tmp_path, "ingest", 300.0)
    bodies = [json.dumps({"user": NAME}).encode(), b'{"user":"\\u004fttoline"}', b'{"user":"bo"}']
    outbox.commit([Delivery([("event", body) for body in bodies], 9.0), Progress(3, "e")])
    outbox.close()
    (tmp_path / "log").mkdir(mode=0o700)
    (tmp_path / "log" / "ingest.log").write_text(f"a line\nquarantined {NAME}\n")
    return tmp_path


def left(run_dir: Path) -> list[str]:
    """Return the files that hold the name in any case, as a word."""
    return [
        path.name
        for path in run_dir.rglob("*")
        if path.is_file() and NAME.lower().encode() in path.read_bytes().lower().replace(b"ottolines", b"")
    ]


def test_a_person_is_in_no_file_afterwards_and_positions_have_no_gap(run_dir: Path) -> None:
    assert left(run_dir)
    found = purge(run_dir, None, "ottoline")
    assert left(run_dir) == []
    assert found == {
        "events": 1,
        "states": 2,
        "rejected messages": 1,
        "identities": 1,
        "messages": 2,
        "waiting messages": 0,
        "lines of logs": 1,
    }
    reader = LogReader(run_dir)
    page = reader.page(0, 10)
    assert [(one.position, one.type) for one in page] == [(1, "follow"), (2, "custom"), (3, "follow"), (4, "follow")]
    reader.close()
    open_log(run_dir).close()
    outbox = Outbox(run_dir, "ingest", 300.0)
    assert [item.body for item in outbox.reader().rows(0, 10)] == [b'{"user":"bo"}']
    outbox.close()


def test_everything_older_than_a_time_is_removed(run_dir: Path) -> None:
    found = purge(run_dir, 5.0, None)
    assert (found["events"], found["rejected messages"], found["identities"]) == (2, 1, 1)
    reader = LogReader(run_dir)
    assert (reader.head().oldest, reader.head().top) == (3, 4)
    reader.close()
    assert purge(run_dir, 99.0, None)["events"] == 2
    open_log(run_dir).close()


@pytest.mark.parametrize(
    "value",
    [
        {"text": f"{NAME} follows".ljust(50)},  # its length, 50, is the byte "2"
        [NAME, 65],  # the number is the byte "A"
        {"raw": msgspec.msgpack.encode([NAME, 65])},
    ],
)
def test_a_name_beside_a_number_of_messagepack_is_found(run_dir: Path, value: Any) -> None:
    outbox = Outbox(run_dir, "second", 300.0)
    outbox.commit([Delivery([("event", msgspec.msgpack.encode(value))], 9.0), Progress(1, "e")])
    outbox.close()
    assert purge(run_dir, None, NAME)["messages"] == 3


def test_the_messages_that_stay_in_an_outbox_have_no_gap(run_dir: Path) -> None:
    outbox = Outbox(run_dir, "second", 300.0)
    bodies = [b"bo", NAME.encode(), b"bo"]
    outbox.commit([Delivery([("event", body) for body in bodies], 9.0), Progress(3, "e")])
    outbox.close()
    purge(run_dir, None, NAME)
    outbox = Outbox(run_dir, "second", 300.0)
    assert [item.pseq for item in outbox.reader().rows(0, 10)] == [3]
    outbox.close()


def test_a_damaged_store_is_named(run_dir: Path) -> None:
    (run_dir / "outbox-second.db").write_bytes(b"no SQLite" * 1_000)
    with pytest.raises(ConfigError, match=r"outbox-second.db is damaged"):
        purge(run_dir, None, NAME)


def test_a_message_that_the_log_does_not_have_is_kept_and_counted(run_dir: Path) -> None:
    outbox = Outbox(run_dir, "ingest", 300.0)
    outbox.commit([Delivery([("event", NAME.encode())], 9.0)])
    outbox.close()
    assert purge(run_dir, None, NAME)["waiting messages"] == 1


def test_a_running_pipeline_is_refused(run_dir: Path) -> None:
    log = open_log(run_dir)
    with pytest.raises(Refused, match=r"the pipeline is running: log.lock is held; stop it first"):
        purge(run_dir, None, NAME)
    log.close()


def test_links_pipes_and_folders_among_the_logs_are_left_alone(run_dir: Path) -> None:
    other, folder = run_dir / "other", run_dir / "log"
    other.write_text("ada\nsecret\n")
    folder.mkdir(exist_ok=True)
    (folder / "link.log").symlink_to(other)
    os.mkfifo(folder / "pipe.log")
    (folder / "folder.log").mkdir()
    (folder / "ingest.log").write_text("ada\nothers\n")
    assert purge(run_dir, None, "ada")["lines of logs"] == 1
    assert other.read_text() == "ada\nsecret\n"
    assert (folder / "link.log").is_symlink()  # as root its content would become readable for the owner of the folder
