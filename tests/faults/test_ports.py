"""The supervisor holds the ports of the servers: no other program takes one during a restart (supervision/ports.py)."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from actors import config, http_server
from actors.errors import Refused
from actors.gateway import server
from actors.producers import ingest
from actors.supervision.ports import Ports
from bench.ports import free_ports
from tests.support import STRANGER, Pipeline, eventually, in_a_child, run_async

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ports are held on Linux")

OPTIONS = (socket.SO_REUSEADDR, socket.SO_REUSEPORT)


def settings(port: int) -> config.Settings:
    return config.load(None, [f"gateway.port={port}", f"ingest.port={free_ports(1)[0]}"])


def taken(port: int, options: tuple[int, ...] = (), host: str = "127.0.0.1") -> bool:
    """Whether a program that listens with these options gets the port."""
    with socket.socket() as mine:
        for option in options:
            mine.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            mine.bind((host, port))
            mine.listen()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True


def taken_somehow(port: int) -> str:
    ways = [(), *itertools.combinations(OPTIONS, 1), OPTIONS]
    # Of this user, who is tested when the tests do not run as root, only who shares the port gets it.
    ways = [way for way in ways if os.getuid() == STRANGER or socket.SO_REUSEPORT not in way]
    return ",".join(f"{way} {host}" for way in ways for host in ("127.0.0.1", "0.0.0.0") if taken(port, way, host))


def test_a_held_port_is_for_the_servers_of_this_user_before_during_and_after_they_listen():
    ports, (port,) = Ports(), free_ports(1)
    ports.hold(settings(port))
    try:
        for _ in range(2):
            assert in_a_child(lambda: taken_somehow(port), STRANGER) == ""
            (listener,) = http_server.bind("127.0.0.1", port, 8)
            with listener:
                listener.setblocking(True)
                with socket.create_connection(("127.0.0.1", port)), listener.accept()[0] as served:
                    served.close()  # first, so that the port has a connection in TIME_WAIT
                assert in_a_child(lambda: taken_somehow(port), STRANGER) == ""
                with pytest.raises(OSError, match="in use"):  # another pipeline of this user
                    http_server.bind("127.0.0.1", port, 8)
        other = Ports()
        other.hold(settings(port))
        other.close()
        assert not taken(port, OPTIONS[:1])
    finally:
        ports.close()
    assert taken(port, OPTIONS[:1])


def test_a_port_in_use_is_held_once_it_is_free():
    ports, (port,) = Ports(), free_ports(1)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        ports.hold(settings(port))
    assert taken(port)
    ports.hold(settings(port))
    assert not taken(port)
    ports.close()


def test_a_port_that_the_settings_no_longer_have_is_released():
    ports, (first, second) = Ports(), free_ports(2)
    ports.hold(settings(first))
    ports.hold(settings(second))
    assert taken(first)
    assert not taken(second)
    ports.close()


@contextmanager
def racer(port: int) -> Iterator[threading.Event]:
    """Try without a pause to take a port, until the end of the block; the event is set if that succeeds."""
    won, over = threading.Event(), threading.Event()

    def race() -> None:
        while not (over.is_set() or won.is_set()):
            if taken(port, OPTIONS[:1]):
                won.set()

    thread = threading.Thread(target=race)
    thread.start()
    try:
        yield won
    finally:
        over.set()
        thread.join()


def test_no_other_program_takes_the_port_of_a_server_that_restarts():
    with Pipeline() as pipeline:
        pipeline.start()
        for name, port in (("ingest", pipeline.ingest_port), ("gateway-1", pipeline.gateway_port)):
            pid = pipeline.pids()[name]
            with racer(port) as won:
                os.kill(pid, signal.SIGKILL)
                eventually(lambda name=name, pid=pid: pipeline.pids().get(name, pid) != pid and pipeline.running(), 20)
            assert not won.is_set()


def test_no_other_program_takes_a_port_when_the_supervisor_dies():
    with Pipeline() as pipeline:
        pipeline.guarded = True
        pipeline.start()
        for _ in range(2):
            pid = pipeline.status()["pid"]
            with racer(pipeline.ingest_port) as one, racer(pipeline.gateway_port) as other:
                os.kill(pid, signal.SIGKILL)
                eventually(lambda pid=pid: pipeline.running() and pipeline.status()["pid"] != pid, 20)
            assert not one.is_set()
            assert not other.is_set()


def test_an_address_that_the_machine_does_not_have_now_is_tried_again() -> None:
    """The network of a laptop may be down when a server is restarted; a wrong configuration would end it for good."""
    address = {"host": "192.0.2.7"}  # reserved for documentation
    away = config.of_tree({"gateway": address, "ingest": address})
    with pytest.raises(Refused, match="Cannot assign"):
        run_async(server.listen(away))
    with pytest.raises(Refused, match="Cannot assign"):
        ingest.listen(away, None)  # type: ignore[arg-type]
