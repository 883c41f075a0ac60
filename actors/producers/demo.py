"""[demo] ──HTTP──▶ ingest: a match that never was, played through the real ingest

A game server and a platform in one, for a first look without any game: five minutes (demo_match.py), repeated.
It speaks HTTP as they do, keeps nothing, and repeats what was not answered.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from actors import heartbeat, tokens
from actors.config import Settings
from actors.core.contract.event import Submission
from actors.core.origins import reached
from actors.errors import ConfigError
from actors.producers import demo_match as demo

TIMEOUT_S: Final = 5.0
RETRY_S: Final = 0.2

_submission = msgspec.msgpack.Decoder(Submission)


class Server:
    """One keep-alive connection to the ingest."""

    def __init__(self, settings: Settings, run_dir: Path) -> None:
        self._tokens = tokens.Reader(run_dir)
        self._http = http.client.HTTPConnection(reached(settings.ingest.host), settings.ingest.port, timeout=TIMEOUT_S)
        self._offset = 0
        self.counts: dict[str, float] = dict.fromkeys(("posted", "refused", "unanswered"), 0)

    def post(self, beat: demo.Beat) -> bool:
        """Post one message; False when it was not answered and must go again."""
        try:
            token = self._tokens.current().ingest
        except (OSError, ConfigError):  # whoever reads requests is in the same place, and answers 503
            self.counts["unanswered"] += 1
            return False
        if beat.kind == "srcds":
            path = f"/srcds/{token}"
            body = demo.stamp(beat.body, time.time())
            headers = {"X-Logbytes-Beginoffset": str(self._offset)}
        else:
            path, headers = "/events", {"Authorization": f"Bearer {token}"}
            submission = _submission.decode(beat.body)
            fields: dict[str, Any] = {"type": submission.type, "source": submission.source}
            body = msgspec.json.encode(fields | {"payload": msgspec.msgpack.decode(submission.payload)})
        try:
            self._http.request("POST", path, body, headers)
            response = self._http.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self._http.close()  # the ingest is away; the next request connects anew
            self.counts["unanswered"] += 1
            return False
        self._offset += len(body)
        self.counts["posted" if response.status < 300 else "refused"] += 1
        return response.status != 503


def beats() -> Iterator[tuple[float, demo.Beat]]:
    """Yield (seconds since the start, message) for ever."""
    number = 0
    while True:
        for beat in demo.match(seed=number + 1):
            yield number * demo.DURATION_S + beat.offset_s, beat
        number += 1


def main(settings: Settings, run_dir: Path, name: str, index: int) -> int:
    """Play until told to stop."""
    del index
    stopped = threading.Event()
    server = Server(settings, run_dir)
    ticks = heartbeat.Ticks()
    heart = heartbeat.Heartbeat(name, lambda: server.counts | {"events": server.counts["posted"]}, ticks)
    heart.start(stopped.set)
    heart.ready()
    logging.getLogger(name).info("playing match_s=%d (demo = false turns it off)", demo.DURATION_S)
    started_s = beaten_s = time.monotonic()
    for at_s, beat in beats():
        while not heart.stopping:
            now_s = time.monotonic()
            if now_s - beaten_s >= heartbeat.HEARTBEAT_S:
                heart.beat()
                beaten_s = now_s
            if now_s >= started_s + at_s:
                answered = server.post(beat)
                ticks.add(time.monotonic() - now_s)
                if answered:
                    break
                stopped.wait(RETRY_S)
            else:
                stopped.wait(min(started_s + at_s - now_s, heartbeat.HEARTBEAT_S))
        if heart.stopping:
            break
    return 0
