"""GET /waiting: a WebSocket that is closed at once, by which a local page in OBS learns that the gateway is here.

The page (`obs install --page`) is loaded before the gateway runs. It cannot use a plain request: Chromium 142 and later
let a local file of OBS make none to this machine (local network access). OBS 33 permits WebSockets.
"""

from __future__ import annotations

from typing import Final

from actors.gateway.pages import BaseHandler
from actors.websocket_server import BoundedSocket

# Origins of a local file: in browsers, and as OBS loads it. Any page can make a frame whose origin is the first.
LOCAL_FILES: Final = ("null", "file://", "http://absolute")


class WaitingSocket(BaseHandler, BoundedSocket):
    """Says nothing but that the gateway answers."""

    def is_welcome(self) -> bool:
        return self.request.headers.get("Origin") in LOCAL_FILES or super().is_welcome()

    def check_origin(self, _origin: str) -> bool:
        """The origin was checked in `prepare`."""
        return True

    def open(self) -> None:
        stream = self.ws_connection.stream if self.ws_connection is not None else None
        self.close()
        if stream is not None:
            stream.close()  # tornado would wait for a peer that does not answer, and no limit counts this connection

    def on_message(self, message: str | bytes) -> None:
        """Ignore what was sent before the end."""

    def on_flood(self) -> None:
        """The connection is being closed already."""
