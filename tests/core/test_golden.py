"""Golden frames: a frame of an earlier version is decoded to the same message. The overlay reads the same files."""

import json
from pathlib import Path

import msgspec
import pytest

from actors.core.contract.event import WIRE_VERSION
from actors.core.contract.frame import Frame, json_frame
from actors.core.contract.taxonomy import TAXONOMY

FRAMES = sorted((Path(__file__).parents[1] / "golden").glob("*.msgpack"))


def read(path):
    return msgspec.msgpack.decode(path.read_bytes(), type=Frame)


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: path.stem)
def test_a_golden_frame_is_read_as_its_json(path):
    assert json_frame(read(path)) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: path.stem)
def test_a_golden_frame_is_written_as_the_same_bytes(path):
    frame = read(path)
    assert frame.version == WIRE_VERSION
    assert msgspec.msgpack.encode(frame) == path.read_bytes()


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: path.stem)
def test_every_payload_in_a_golden_frame_is_valid_for_its_type(path):
    for event in read(path).events:
        msgspec.msgpack.decode(event.payload, type=TAXONOMY[event.type].payload)


def test_the_golden_frames_cover_every_type():
    assert {event.type for path in FRAMES for event in read(path).events} == set(TAXONOMY)
