"""Compressed WebSocket messages (RFC 7692): who gets them, what they contain, and what an overlay may send."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.protocol import CLIENT, Protocol

from actors.gateway.transports.websocket import COMPRESS_BYTES, compresses, deflated, framed
from actors.websocket_server import EXTENSIONS
from tests.sockets.gateway_rig import Client, Rig

BROWSER = "permessage-deflate; client_max_window_bits"


@pytest.mark.parametrize(
    ("setting", "address", "offers", "expected"),
    [
        ("remote", "192.168.1.5", BROWSER, True),
        ("remote", "fd00::5", BROWSER, True),
        ("remote", "127.0.0.1", BROWSER, False),
        ("remote", "::1", BROWSER, False),
        ("all", "127.0.0.1", BROWSER, True),
        ("off", "192.168.1.5", BROWSER, False),
        ("all", "10.0.0.1", "", False),
        ("all", "10.0.0.1", "x-webkit-deflate-frame", False),
        ("all", "10.0.0.1", "x-other; a=1, PERMESSAGE-DEFLATE", True),
        ("all", "10.0.0.1", "permessage-deflate; server_max_window_bits=12", True),
        ("all", "10.0.0.1", 'permessage-deflate; server_max_window_bits="15"', True),
        ("all", "10.0.0.1", "permessage-deflate; server_max_window_bits=11", False),
        ("all", "10.0.0.1", "permessage-deflate; server_max_window_bits=8, permessage-deflate", True),
        ("all", "10.0.0.1", "permessage-deflate; server_max_window_bits", False),
        ("all", "10.0.0.1", "permessage-deflate; server_max_window_bits=" + "9" * 5_000, False),
        ("all", "10.0.0.1", "permessage-deflate; server_max_window_bits=¹²", False),
    ],
)
def test_who_gets_compressed_messages(setting, address, offers, expected):
    assert compresses(setting, address, offers) == expected


def read(data: bytes) -> tuple[Frame, bytes]:
    """Return a frame as another implementation of the protocol reads it, and its first two bytes."""
    reader = Protocol(CLIENT)
    reader.extensions = [PerMessageDeflate(True, True, 12, 15)]
    reader.receive_data(data)
    [frame] = reader.events_received()
    assert isinstance(frame, Frame)
    return frame, data[:2]


@given(st.binary(max_size=50) | st.binary(min_size=1, max_size=40).map(lambda part: part * 2_000), st.booleans())
def test_a_message_is_read_as_it_was_written(payload, text):
    payload = payload.hex().encode()
    frame, head = read(deflated(payload, text))
    assert bytes(frame.data) == payload
    assert (frame.opcode == 1) == text
    assert bool(head[0] & 0x40) == (len(payload) >= COMPRESS_BYTES)


def test_a_message_that_would_not_become_smaller_is_sent_as_it_is():
    payload = zlib.compress(bytes(range(256)) * 64, 9)
    noise = b"".join(zlib.crc32(bytes([n & 255, n >> 8])).to_bytes(4, "big") for n in range(1_000))
    assert deflated(noise, False) == framed(noise, False)
    assert deflated(payload, False) == framed(payload, False)


def test_overlays_with_and_without_compression_receive_the_same(own):
    own.append(rig := Rig("gateway.compression=all"))
    packed, plain = Client(rig, compression="deflate"), Client(rig)
    answer = packed.socket.response.headers[EXTENSIONS]
    assert {part.strip() for part in answer.split(";")} == {
        "permessage-deflate", "server_max_window_bits=12", "server_no_context_takeover", "client_no_context_takeover",
    }  # fmt: skip
    assert EXTENSIONS not in plain.socket.response.headers
    for overlay in (packed, plain):
        overlay.hello()
        assert overlay.until("welcome")
    rig.settled()
    events = rig.send(30, size=200)
    assert packed.positions(rig.top) == plain.positions(rig.top) == [event.position for event in events]
    packed.say({"t": "receipt", "position": rig.top})
    [last] = rig.send(1)
    assert packed.positions(rig.top) == plain.positions(rig.top) == [last.position]


def test_an_overlay_on_this_machine_gets_no_compression_unless_all_do(own):
    own.append(rig := Rig())
    overlay = Client(rig, compression="deflate")
    assert EXTENSIONS in overlay.socket.request.headers
    assert EXTENSIONS not in overlay.socket.response.headers


def test_a_small_message_that_becomes_large_is_refused(own):
    own.append(rig := Rig("gateway.compression=all"))
    overlay = Client(rig, compression="deflate")
    overlay.say(" " * 1_000_000)
    assert overlay.closed()[0] == 1009
