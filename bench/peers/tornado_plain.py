"""tornado write_message: `python -m bench.peers.tornado_plain PORT HZ TEMPLATE CLIENTS`; waits for all clients."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from tornado.web import Application
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from bench.peers.frames import next_tick, stamped

CLIENTS: set[Socket] = set()


class Socket(WebSocketHandler):
    def open(self) -> None:
        self.set_nodelay(True)
        CLIENTS.add(self)

    def on_message(self, message: str | bytes) -> None:
        """Ignore messages of clients."""

    def on_close(self) -> None:
        CLIENTS.discard(self)


async def main(port: int, hz: float, template: bytes, clients: int) -> None:
    Application([("/ws", Socket)]).listen(port, "127.0.0.1")
    print("ready", flush=True)
    while len(CLIENTS) < clients:
        await asyncio.sleep(0.05)
    due_s = time.monotonic()
    while True:
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        frame = stamped(template)
        for client in list(CLIENTS):
            try:
                client.write_message(frame, binary=True)
            except WebSocketClosedError:
                CLIENTS.discard(client)
        due_s = next_tick(due_s, hz)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]).read_bytes(), int(sys.argv[4])))
