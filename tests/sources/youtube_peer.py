"""A simulated YouTube on the loopback: videos, channels, and a live chat, streamed or polled, with faults."""

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

AT = "2026-11-21T12:00:{:02d}.250000Z"
CHANNEL = "UC" + "x" * 22
VIDEO = "abcdefghijk"
UPLOADS = "UU" + "x" * 22


def item(number, type_="textMessageEvent", at=None, **snippet):
    """Return one message; the identities of a chat begin alike, and are longer than 64 characters."""
    details = {} if snippet else {"textMessageDetails": {"messageText": f"m{number}"}}
    return {
        "kind": "youtube#liveChatMessage",
        "id": f"LCC.{'Eh' * 40}{number}",
        "snippet": {"type": type_, "liveChatId": "chat-1", "publishedAt": at or AT.format(number % 60)}
        | details | snippet,
        "authorDetails": {"channelId": "UCada", "displayName": "@ada"},
    }  # fmt: skip


def refusal(status, reason, message="no"):
    return status, {"error": {"code": status, "message": message, "errors": [{"reason": reason}]}}


class YouTube:
    """The chat is a list of pages; the token of a page is its number. A page that is None cuts the connection once."""

    def __init__(self, pages=(), *, chats=("chat-1",), stream=True, rest="hold", key="key"):
        self.pages, self.chats, self.key = list(pages), list(chats), key
        self.stream, self.rest = stream, rest  # after the last page: hold, close
        self.refusals = []  # (part of the path, status, body): each once
        self.requests = []
        self.pieces = lambda data: [data]
        self._stopping = threading.Event()
        self._sockets = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                peer._sockets.append(self.connection)

            def do_GET(self):
                with suppress(OSError):
                    peer.answer(self)

            def log_message(self, *_):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/youtube/v3"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,)).start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    @property
    def tokens(self):
        """The tokens with which the chat was read."""
        return [query.get("pageToken", [""])[0] for path, query in self.requests if "liveChat" in path]

    def answer(self, request):
        parts = urlsplit(request.path)
        path, query = parts.path.removeprefix("/youtube/v3/"), parse_qs(parts.query)
        self.requests.append((path, query))
        for refused in self.refusals:
            if refused[0] in path:
                self.refusals.remove(refused)
                return self.send(request, *refused[1:])
        if self.key not in (request.headers["X-Goog-Api-Key"], request.headers["Authorization"]):
            return self.send(request, *refusal(400, "badRequest", "API key not valid. Please pass a valid API key."))
        if path == "liveChat/messages/stream":
            return self.streamed(request, query) if self.stream else self.send(request, 404, None)
        if path == "liveChat/messages":
            return self.send(request, 200, self.page(int(query.get("pageToken", ["0"])[0])))
        return self.send(request, 200, {"items": self.listed(path, query)})

    def listed(self, path, query):
        if path == "channels":
            known = query.get("id") == [CHANNEL] or query.get("forHandle") == ["@ada"]
            return [{"contentDetails": {"relatedPlaylists": {"uploads": UPLOADS}}}] if known else []
        if path == "playlistItems":
            return [{"contentDetails": {"videoId": one}} for one in ("oldoldoldol", VIDEO)] * (
                query["playlistId"] == [UPLOADS]
            )
        live = {"activeLiveChatId": self.chats[0]} if self.chats and self.chats[0] else {}
        return [
            {"id": one, "liveStreamingDetails": live if one == VIDEO else {}}
            for one in query["id"][0].split(",") if one in (VIDEO, "oldoldoldol")
        ]  # fmt: skip

    def page(self, number):
        page = self.pages[number] if number < len(self.pages) else []
        if isinstance(page, dict):
            return page
        return {"nextPageToken": str(min(number + 1, len(self.pages))), "pollingIntervalMillis": 1, "items": page or []}

    def send(self, request, status, body):
        data = b"<html>Not Found</html>" if body is None else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def streamed(self, request, query):
        """Send the pages as the elements of one array, in chunks."""
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        number, before = int(query.get("pageToken", ["0"])[0]), b"["
        while number < len(self.pages):
            if self.pages[number] is None:
                self.pages[number] = []
                request.connection.shutdown(socket.SHUT_RDWR)
                return
            page = self.page(number)
            data = page if isinstance(page, bytes) else json.dumps(page, indent=1).encode()
            for piece in self.pieces(before + data):
                request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            number, before = number + 1, b",\r\n"
        if self.rest == "hold":
            self._stopping.wait()
        request.wfile.write(b"1\r\n]\r\n0\r\n\r\n")
