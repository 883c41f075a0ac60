"""An overlay in Python: prints every event as one line of JSON, each critical one once and in order.

    pip install websockets
    python overlay_client.py ws://127.0.0.1:7700/ws TOKEN [--epoch EPOCH --position POSITION]

docs/wire.md describes the protocol. Lines go to stdout; what happens to the connection goes to stderr.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

GAP_S = 0.5  # docs/wire.md, "heartbeat"
AGAIN_S = 0.25  # docs/wire.md, "Rules": not more often


class Overlay:
    """One overlay over all its connections. `place` is the last applied critical position, and its epoch."""

    def __init__(self, token: str, place: dict | None, show: Callable[[dict], None]) -> None:
        self.token, self.place, self.show = token, place, show
        self.asking = False  # a hello was sent; until its welcome, frames may have gaps
        self.asked_s = self.receipted_s = 0.0
        self.top = self.receipted = 0
        self.behind_s = None  # the time since which the log has further events
        self.silent_s = self.receipt_s = 5.0

    def follow(self, socket: ClientConnection) -> None:
        """Run one conversation until the connection ends."""
        self.asked_s = float("-inf")
        self.hello(socket)
        heard_s = time.monotonic()
        while True:
            try:
                self.take(socket, json.loads(socket.recv(timeout=0.1)))
                heard_s = time.monotonic()
            except TimeoutError:
                if time.monotonic() - heard_s > self.silent_s:
                    return
            self.report(socket)
            if self.behind_s is not None and time.monotonic() - self.behind_s > GAP_S:
                self.hello(socket)

    def hello(self, socket: ClientConnection) -> None:
        if time.monotonic() - self.asked_s < AGAIN_S:
            return  # `follow` sends a hello, because the log has further events
        self.asking, self.asked_s, self.behind_s = True, time.monotonic(), None
        hello = {"t": "hello", "version": 2, "token": self.token, "overlay_id": "python-example", "format": "json"}
        socket.send(json.dumps(hello | {"resume": self.place}))

    def take(self, socket: ClientConnection, message: dict) -> None:
        if message["t"] == "welcome":
            if message["missed"]:
                print(f"positions {message['missed']} are no longer in the log", file=sys.stderr)
            self.asking = False
            self.place = {"epoch": message["epoch"], "position": message["position"]}
            self.silent_s, self.receipt_s = 2.5 * message["heartbeat_ms"] / 1000, message["receipt_ms"] / 1000
            self.top, self.receipted = message["top"], 0
        elif message["t"] == "frame":
            self.apply(socket, message)
        elif message["t"] == "heartbeat":
            self.top = max(self.top, message["top"])
        if not self.asking and self.top > self.place["position"]:
            self.behind_s = self.behind_s or time.monotonic()
        else:
            self.behind_s = None

    def apply(self, socket: ClientConnection, frame: dict) -> None:
        critical = [event for event in frame["events"] if event.get("position")]
        for event in frame["events"]:
            if not event.get("position"):
                self.show(event)
        if self.asking:
            return
        self.top = max(self.top, frame["top"])
        if frame["epoch"] != self.place["epoch"] or frame["first"] > self.place["position"] + 1:
            self.hello(socket)  # a position is missing
            return
        for event in critical:
            if event["position"] > self.place["position"]:
                self.show(event)
        if frame["last"] > self.place["position"]:
            self.place["position"], self.behind_s = frame["last"], None

    def report(self, socket: ClientConnection) -> None:
        """Send receipts at the interval of the gateway."""
        now_s = time.monotonic()
        if self.asking or self.place["position"] == self.receipted or now_s - self.receipted_s < self.receipt_s:
            return
        self.receipted, self.receipted_s = self.place["position"], now_s
        socket.send(json.dumps({"t": "receipt", "position": self.receipted}))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("url")
    arguments.add_argument("token")
    arguments.add_argument("--epoch")
    arguments.add_argument("--position", type=int, default=0)
    given = arguments.parse_args()
    place = {"epoch": given.epoch, "position": given.position} if given.epoch else None
    overlay = Overlay(given.token, place, lambda event: print(json.dumps(event), flush=True))
    while True:
        try:
            with connect(given.url, compression=None, max_size=None) as socket:
                overlay.follow(socket)
        except ConnectionClosed as error:
            code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")
            print(f"closed: {code} {reason}", file=sys.stderr)
            if code >= 4500 or code == 1009:
                return 1  # docs/wire.md, "Close codes": do not reconnect
        except (OSError, InvalidHandshake) as error:
            print(f"not connected: {error}", file=sys.stderr)
        time.sleep(random.uniform(0.1, 0.5))


if __name__ == "__main__":
    sys.exit(main())
