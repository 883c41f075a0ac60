"""How many overlays can one gateway process serve, and what does a message cost?

    python -m bench.fanout [--clients 300,2000] [--seconds 8]

60 frames of 1 KB a second to every client over the loopback. The servers run one after the other, with the same load
client:

    gateway      ours: a PUB socket replaces the broadcaster; the cost of bus and decoding is included
    tornado      write_message to each client
    websockets   the Python library's broadcast()
    ws           Node's ws, send() to each client (installed by npm into a temporary directory)

The peers make one frame per tick from a template and do nothing else. All servers skip missed ticks, so an overloaded
server has fewer Hz. `hz` counts messages, `content_hz` the frames in them: an overloaded gateway merges frames, where
the peers skip ticks. Age is the time from the stamp of the tick to the load client. NATS WebSocket is not measured,
because its server is not available here. On two cores the load client and the loopback also use CPU, so compare servers
of one run, not of different runs.
"""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import msgspec
import psutil

from actors import config, interfaces, tokens, wire
from actors.core.contract.event import Category, Event, Raw
from actors.core.contract.frame import Frame
from actors.stores.log import Log
from bench import _load
from bench._harness import report
from bench.peers.frames import next_tick, stamped
from bench.pipeline import ROOT
from bench.ports import free_ports

HZ: Final = 60.0
FRAME_BYTES: Final = 1024
WARM_UP_S: Final = 2.0
CONNECT_S: Final = 60.0
PEERS: Final = ROOT / "bench" / "peers"


def template(epoch: str, gen: int) -> bytes:
    """Return a frame of exactly FRAME_BYTES, as the broadcaster would send it."""

    def frame(padding: int) -> bytes:
        events = [
            Event(f"ingest-abcdef/g1/{1000 + number}.0", "hit", Category.COSMETIC, 5, 1e12, 1000, "srcds",
                  Raw(msgspec.msgpack.encode({"text": "x" * (padding if number == 0 else 60)})),
                  coalesce_key=f"hit:{number}")
            for number in range(4)
        ]  # fmt: skip
        return msgspec.msgpack.encode(Frame(gen, epoch, 70_000, 1e12, 0, events=events))

    return frame(256 + FRAME_BYTES - len(frame(256)))


class Server(NamedTuple):
    """A measured server. `hello` is the first message of its clients; `begin` is called when all are connected."""

    process: psutil.Process
    hello: dict[str, Any] | None
    begin: Callable[[], None]


@contextmanager
def gateway(port: int, directory: Path) -> Iterator[Server]:
    """Our gateway, with a PUB socket as broadcaster."""
    settings = config.load(None, [f"run_dir={directory}", f"gateway.port={port}"])
    (directory / config.SETTINGS_FILE).write_bytes(config.encode(settings))
    token = tokens.load_or_create(directory).display
    log = Log(directory, 86_400.0, 1 << 30, 86_400.0, 1_000)
    head = log.recovered.head
    log.close()
    bus = wire.Bus(directory)
    links = [bus.publish(interfaces.frames_link(lane)) for lane in interfaces.LANES]
    stop = threading.Event()
    ticking = threading.Thread(target=_tick, args=(links[1], template(head.epoch, head.gen), stop))
    hello = {"t": "hello", "version": 2, "token": token, "overlay_id": "", "resume": None, "format": "msgpack",
             "types": None, "build": "bench"}  # fmt: skip
    command = [sys.executable, "-m", "actors", "gateway-1", str(directory)]
    try:
        with _server(command, ready='"ready":true', stdin=subprocess.PIPE) as process:
            yield Server(process, hello, ticking.start)
    finally:
        stop.set()
        if ticking.ident is not None:
            ticking.join()
        for link in links:
            link.close(0)


def _tick(link: wire.Socket, frame: bytes, stop: threading.Event) -> None:
    due_s = time.monotonic()
    while not stop.is_set():
        time.sleep(max(0.0, due_s - time.monotonic()))
        link.offer(stamped(frame))
        due_s = next_tick(due_s, HZ)


@contextmanager
def peer(name: str, port: int, directory: Path, clients: int) -> Iterator[Server]:
    """One of the peers.

    Raises:
        Missing: it cannot be run here.
    """
    file = directory / "template"
    file.write_bytes(template("0" * 32, 1_800_000_000_000))
    arguments = [str(port), str(HZ), str(file), str(clients)]
    if name == "ws":
        command = ["node", str(_node_server(directory)), *arguments]
    else:
        command = [sys.executable, "-m", f"bench.peers.{name}", *arguments]
    with _server(command, ready="ready") as process:
        yield Server(process, None, lambda: None)


class Missing(Exception):
    """A peer cannot run here; the text has the reason."""


def _node_server(directory: Path) -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Missing("node or npm is not installed")
    for file in ("package.json", "ws_server.mjs"):
        shutil.copy(PEERS / file, directory / file)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise Missing(f"npm could not install ws: {done.stderr.strip()[-200:]}")
    return directory / "ws_server.mjs"


@contextmanager
def _server(command: list[str], ready: str, stdin: int = subprocess.DEVNULL) -> Iterator[psutil.Process]:
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        while ready not in (line := process.stdout.readline()):
            if not line:
                raise RuntimeError(f"{command[:4]} ended before it was ready")
        threading.Thread(target=process.stdout.read, daemon=True).start()  # heartbeats must not fill the pipe
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def measure(server: Server, port: int, clients: int, seconds: float) -> dict[str, Any]:
    """Return the messages that `clients` received from `server`, and the CPU use of the server."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    load = spawn.Process(target=_load.run, args=(port, clients, server.hello, seconds, WARM_UP_S, theirs), daemon=True)
    load.start()
    try:
        if (said := ours.recv() if ours.poll(CONNECT_S) else "not connected in time") != "connected":
            return {"error": said}
        server.begin()
        ours.recv()
        before_s = _cpu_s(server.process)
        figures: dict[str, Any] = ours.recv()
        used_s = _cpu_s(server.process) - before_s
    finally:
        load.kill()
        load.join()
    messages = figures["frames_per_client"] * clients
    contents = figures["bytes"] / (FRAME_BYTES + 4)  # RFC 6455: four bytes of header at this length
    return {
        "hz": round(messages / clients / figures["seconds"], 2),
        "content_hz": round(contents / clients / figures["seconds"], 2),
        "cpu_us_per_message": round(used_s / messages * 1e6, 2) if messages else None,
        "cpu_us_per_content": round(used_s / contents * 1e6, 2) if contents else None,
        "server_cpu_pct": round(100 * used_s / figures["seconds"], 1),
        "client_cpu_pct": round(figures["client_cpu_pct"], 1),
        "age_ms": figures["age_ms"],
        "closed": figures["closed"],
        "rss_mb": round(server.process.memory_info().rss / 1e6, 1),
    }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def one(name: str, clients: int, seconds: float) -> dict[str, Any]:
    """Measure one server."""
    (port,) = free_ports(1)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fwbench-")))
        try:
            start = gateway(port, directory) if name == "gateway" else peer(name, port, directory, clients)
            server = stack.enter_context(start)
        except Missing as error:
            return {"missing": str(error)}
        return measure(server, port, clients, seconds)


@click.command()
@click.option("--clients", default="300,2000", show_default=True, help="Numbers of clients, one run each.")
@click.option("--seconds", type=float, default=8.0, show_default=True)
@click.option("--only", default="gateway,tornado_plain,websockets_broadcast,ws", show_default=True)
def main(clients: str, seconds: float, only: str) -> None:
    """Measure the gateway and its peers."""
    for count in map(int, clients.split(",")):
        results = {name: one(name, count, seconds) for name in only.split(",")}
        settings = {"clients": count, "hz": HZ, "frame_bytes": FRAME_BYTES, "seconds": seconds}
        report(f"fanout.{count}", settings, results, {"missing": {"nats": "the server is not available here"}})


if __name__ == "__main__":
    main()
