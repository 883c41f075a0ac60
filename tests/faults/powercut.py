"""The files after a power cut: the databases as of their last fsync, and any part of the later writes.

    environment(directory)              processes with this environment journal their writes there (powercut.c)
    cuts(directory, moments_ns, seed)   the files after a power cut at each of the moments

Of the writes after the last fsync of a file, none, all, the first ones, or any sectors in any order may have reached
the disk. Every choice comes from the seed.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

CREATE, WRITE, TRUNCATE, SYNC, UNLINK = range(1, 6)
SECTOR_BYTES = 512
SOURCE = Path(__file__).with_name("powercut.c")
_RECORD = struct.Struct("<QQQQQ")


class Record(NamedTuple):
    """One line of a journal."""

    ns: int
    operation: int
    name: str
    offset: int
    data: bytes


def environment(directory: Path) -> dict[str, str]:
    """Return the environment of a process that is journaled in `directory`; compile the shim first."""
    journals = directory / "journals"
    journals.mkdir()
    return {"LD_PRELOAD": str(compiled(SOURCE, directory)), "POWERCUT_JOURNALS": str(journals)}


def compiled(source: Path, directory: Path) -> Path:
    """Compile a shim; without a compiler the test is skipped at home and fails on CI."""
    compiler = shutil.which("cc")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("there is no C compiler (cc), and on CI nothing may be skipped")
        pytest.skip("there is no C compiler (cc)")
    library = directory / f"{source.stem}.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wno-unused-result", "-o", str(library), str(source)]
    subprocess.run([*command, "-ldl", "-lpthread"], check=True)
    return library


def read_journals(directory: Path) -> list[Record]:
    """Return all records of all processes in the order in which they happened."""
    records = []
    for file in (directory / "journals").iterdir():
        data, place = file.read_bytes(), 0
        while place + _RECORD.size <= len(data):
            ns, operation, offset, size, name_size = _RECORD.unpack_from(data, place)
            place += _RECORD.size
            name = data[place : place + name_size].decode()
            place += name_size
            body = data[place : place + size] if operation == WRITE else b""
            place += len(body)
            records.append(Record(ns, operation, name, offset, body))
    return sorted(records, key=lambda record: record.ns)


class File:
    """The bytes of one file: the durable ones, and the writes since."""

    def __init__(self) -> None:
        self.durable = bytearray()
        self.later: list[Record] = []

    def apply(self, record: Record) -> None:
        if record.operation == SYNC:
            self.durable = played(self.durable, self.later)
            self.later = []
        else:
            self.later.append(record)

    def found(self, dice: random.Random) -> bytearray:
        """Return a possible content after a power cut."""
        mode = dice.choice(("none", "all", "beginning", "parts"))
        if mode == "none":
            return self.durable
        if mode == "all":
            return played(self.durable, self.later)
        if mode == "beginning":
            return played(self.durable, self.later[: dice.randint(0, len(self.later))])
        return played(self.durable, [part for record in self.later for part in _sectors(record) if dice.random() < 0.5])


def played(durable: bytearray, records: Sequence[Record]) -> bytearray:
    """Return the bytes with `records` done to them."""
    data = bytearray(durable)
    for record in records:
        if record.operation == TRUNCATE:
            del data[record.offset :]
            data.extend(bytes(record.offset - len(data)))
        else:
            data.extend(bytes(max(0, record.offset - len(data))))
            data[record.offset : record.offset + len(record.data)] = record.data
    return data


class Directory:
    """The files of one directory by name; which there are is durable when the directory is synced."""

    def __init__(self) -> None:
        self._durable: dict[str, File] = {}
        self._now: dict[str, File] = {}
        self._later: list[tuple[str, File | None]] = []

    def apply(self, record: Record) -> None:
        if record.name == ".":
            self._durable, self._later = dict(self._now), []
        elif record.operation == CREATE:
            self._now[record.name] = File()
            self._later.append((record.name, self._now[record.name]))
        elif record.operation == UNLINK:
            del self._now[record.name]
            self._later.append((record.name, None))
        else:
            self._now[record.name].apply(record)

    def found(self, dice: random.Random) -> dict[str, bytes]:
        """Return possible names: file systems journal them in order, so a prefix of the unsynced changes."""
        files: dict[str, File | None] = dict(self._durable)
        files.update(self._later[: dice.choice((0, len(self._later), dice.randint(0, len(self._later))))])
        return {name: bytes(file.found(dice)) for name, file in sorted(files.items()) if file is not None}


def _sectors(record: Record) -> list[Record]:
    """Return a write cut at the sectors of the disk, which are written whole or not at all."""
    if record.operation != WRITE:
        return [record]
    parts, place = [], record.offset
    end = record.offset + len(record.data)
    while place < end:
        stop = min(end, (place // SECTOR_BYTES + 1) * SECTOR_BYTES)
        data = record.data[place - record.offset : stop - record.offset]
        parts.append(record._replace(offset=place, data=data))
        place = stop
    return parts


class Cut(NamedTuple):
    """A possible content after a power cut at `ns`."""

    ns: int
    files: dict[str, bytes]

    def write(self, run_dir: Path) -> None:
        for name, data in self.files.items():
            path = run_dir / name
            path.touch(0o600)
            path.write_bytes(data)


def cuts(directory: Path, moments_ns: Sequence[int], seed: int) -> Iterator[Cut]:
    """Yield a possible content after a power cut at each of the moments."""
    records = read_journals(directory)
    dice = random.Random(seed)
    place, done = Directory(), 0
    for moment_ns in sorted(moments_ns):
        while done < len(records) and records[done].ns <= moment_ns:
            place.apply(records[done])
            done += 1
        yield Cut(moment_ns, place.found(dice))
