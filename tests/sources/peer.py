"""A WebSocket server for tests. It follows a script for every client, faults included."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Request, Response, Server, ServerConnection, serve


class Peer:
    """Serves `script(connection, number)` on a free loopback port; `number` counts connections from 0."""

    def __init__(
        self,
        script: Callable[[ServerConnection, int], None],
        admit: Callable[[Request], int] = lambda _request: 101,
    ) -> None:
        self.connections = 0
        self.requests: list[Request] = []
        self.moved_to = ""
        self._script, self._admit = script, admit
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server: Server = serve(self._serve, "127.0.0.1", 0, process_request=self._process, compression=None)
        self._thread = threading.Thread(target=self._server.serve_forever, name="peer")

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/feed"

    def wait(self) -> None:
        """Wait until the test is over; for a script that stays connected."""
        self._stopping.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()

    def _process(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if self.moved_to:
            response = connection.respond(302, "")
            response.headers["Location"] = self.moved_to
            return response
        status = self._admit(request)
        return None if status == 101 else connection.respond(status, "refused\n")

    def _serve(self, connection: ServerConnection) -> None:
        with self._lock:
            number = self.connections
            self.connections += 1
        try:
            self._script(connection, number)
        except ConnectionClosed:
            return


def cut(connection: ServerConnection) -> None:
    """End the TCP connection without a close frame."""
    connection.socket.close()


def report(actors: Any, name: str, process: str = "") -> dict[str, Any]:
    """Return the last report of a source that runs without a supervisor; {} before the first.

    `process`: the process that serves it, if it is not one of its own.
    """
    import json

    lines = (actors.run_dir / f"{process or name}.out").read_text().split("\n")[:-1]
    found = [row for line in lines if '"sources"' in line for row in json.loads(line)["sources"] if row["name"] == name]
    return found[-1] if found else {}
