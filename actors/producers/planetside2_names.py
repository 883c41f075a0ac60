"""Names for ids of PlanetSide 2, from the Census REST API: in batches, cached, with short timeouts.

After a failure of the API no request is made for PAUSE_S; until then ids are shown.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from ssl import SSLContext
from typing import Any, Final

import msgspec

from actors.adapters import planetside2_facts as facts
from actors.adapters.planetside2_scene import NOTHING, Known
from actors.core.contract.event import UNREADABLE
from actors.errors import BadInput
from actors.producers.http_call import HttpApi
from actors.producers.planetside2_frames import Payload
from actors.producers.planetside2_hold import MAX_WAIT_S

PAUSE_S: Final = 30.0
TIMEOUT_S: Final = 2.0  # of each step; a stop of the process waits for it
BATCH: Final = 50
GATHER_S: Final = 0.05  # ids of this time are looked up in one request
REMEMBERED: Final = 4_096
# New characters are unknown to the API for some minutes.
AGAIN_S: Final = 600.0
MAX_NAME: Final = 500

# collection: (name of its id, collection of the API, path to the name, path to the detail)
_COLLECTIONS: Final = {
    "character": ("character_id", "character", ("name", "first"), ("faction_id",)),
    "item": ("item_id", "item", ("name", "en"), ("item_category_id",)),
    "vehicle": ("vehicle_id", "vehicle", ("name", "en"), ()),
    "facility": ("facility_id", "map_region", ("facility_name",), ()),
    "metagame_event": ("metagame_event_id", "metagame_event", ("name", "en"), ("description", "en")),
}
_FIELDS: Final = {
    "character_id": "character", "attacker_character_id": "character", "other_id": "character",
    "attacker_weapon_id": "item", "vehicle_id": "vehicle", "attacker_vehicle_id": "vehicle",
    "facility_id": "facility", "metagame_event_id": "metagame_event",
}  # fmt: skip


def wanted(payload: Payload) -> tuple[str, ...]:
    """Return the ids in an event that have names, as `COLLECTION/ID`."""
    found = []
    for field, collection in _FIELDS.items():
        id_ = payload.get(field, "")
        if id_ in NOTHING or not (id_.isascii() and id_.isdigit()) or len(id_) > 20:
            continue
        if collection == "character" and not facts.is_player(id_):
            continue
        if collection == "vehicle" and id_ in facts.VEHICLES:
            continue
        found.append(f"{collection}/{id_}")
    return tuple(found)


class Census:
    """The REST API of one environment."""

    def __init__(self, url: str, service_id: str, namespace: str, tls: SSLContext) -> None:
        self._api = HttpApi(url, timeout_s=TIMEOUT_S, tls=tls)
        self._path = f"/{service_id}/get/{namespace}"
        self._lock = threading.Lock()  # questions come from several threads, and the connection is one

    def close(self) -> None:
        """Close the connection, unless a thread still uses it; then it ends with the thread."""
        if self._lock.acquire(blocking=False):
            self._api.__exit__(None, None, None)
            self._lock.release()

    def rows(self, collection: str, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query; blocks for at most some seconds.

        Raises:
            Disconnected: there is no answer.
            BadInput: the answer is not what the API documents.
        """
        with self._lock:
            answer = self._api.call("GET", f"{self._path}/{collection}/?{query}", {"Accept": "application/json"})
        try:
            body = msgspec.json.decode(answer.body)
        except UNREADABLE as error:
            raise BadInput(f"Census answered {answer.status} without JSON") from error
        rows = body.get(f"{collection}_list") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise BadInput(f"Census answered {answer.status}: {answer.body[:100]!r}")
        return [row for row in rows if isinstance(row, dict)]


def known_of(collection: str, row: Mapping[str, Any]) -> tuple[str, Known]:
    """Return the id of a row and its entry; values that are not text are empty."""
    id_field, _, name, detail = _COLLECTIONS[collection]
    known = Known(_text(row, name), _text(row, detail) if detail else "")
    if collection == "character":
        known = Known(known.name, facts.FACTIONS.get(known.detail, ""))
    return f"{collection}/{_text(row, (id_field,))}", known


def _text(row: Any, path: Sequence[str]) -> str:
    for part in path:
        row = row.get(part) if isinstance(row, dict) else None
    return row[:MAX_NAME] if isinstance(row, str) else ""


class Names:
    """A cache of the entries of ids."""

    def __init__(self, census: Census, enabled: bool) -> None:
        self._why = ""
        self._late: asyncio.Task[list[dict[str, Any]]] | None = None
        self._census, self._enabled = census, enabled
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._asked_s: OrderedDict[str, float] = OrderedDict()
        self._open: OrderedDict[str, None] = OrderedDict()
        self._more = asyncio.Event()
        self._paused_until_s = 0.0

    def why(self) -> str:
        """Return why no request is made now, "" if requests are made."""
        return self._why if time.monotonic() < self._paused_until_s else ""

    def add(self, key: str, known: Known) -> None:
        self._known[key] = known
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def of(self, keys: Collection[str]) -> dict[str, Known]:
        """Return the cached entries of ids."""
        return {key: self._known[key] for key in keys if key in self._known}

    def ask(self, keys: Collection[str]) -> None:
        """Begin to look up ids."""
        now_s = time.monotonic()
        if not self._enabled or now_s < self._paused_until_s:
            return
        for key in keys:
            if key not in self._known and now_s - self._asked_s.get(key, -AGAIN_S) >= AGAIN_S:
                self._asked_s.pop(key, None)
                self._asked_s[key] = now_s
                self._open[key] = None
                if len(self._asked_s) > REMEMBERED:
                    self._asked_s.popitem(last=False)
        if self._open:
            self._more.set()

    def lack(self, keys: Collection[str]) -> bool:
        """Whether ids are being looked up."""
        return any(key in self._open for key in keys)

    async def run(self) -> None:
        """Look up ids until cancelled."""
        while True:
            await self._more.wait()
            await asyncio.sleep(GATHER_S)
            self._more.clear()
            while self._open:
                collection = next(iter(self._open)).partition("/")[0]
                keys = [key for key in self._open if key.startswith(f"{collection}/")][:BATCH]
                await self._look_up(collection, keys)

    async def _look_up(self, collection: str, keys: list[str]) -> None:
        if self._late is not None:
            self._pause("the last question is not answered yet")
            return
        ids = [key.partition("/")[2] for key in keys]
        task = asyncio.create_task(asyncio.to_thread(self._fetch, collection, ids))
        self._late = task
        task.add_done_callback(lambda done: self._landed(collection, done))
        await asyncio.wait([task], timeout=MAX_WAIT_S)
        if not task.done():  # its thread ends by itself; what it brings late is taken, too
            self._pause(f"Census did not answer within {MAX_WAIT_S:g} s")
        for key in keys:
            self._open.pop(key, None)

    def _landed(self, collection: str, task: asyncio.Task[list[dict[str, Any]]]) -> None:
        self._late = None
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, (OSError, BadInput)):
            self._pause(str(error))
            return
        for row in task.result():
            self.add(*known_of(collection, row))

    def _pause(self, why: str) -> None:
        self._paused_until_s = time.monotonic() + PAUSE_S
        self._why = f"names are not known: {why}"
        for key in self._open:  # looked up again after the pause
            self._asked_s.pop(key, None)
        self._open.clear()

    def _fetch(self, collection: str, ids: list[str]) -> list[dict[str, Any]]:
        id_field, table, name, detail = _COLLECTIONS[collection]
        show = ",".join(filter(None, [id_field, ".".join(name), ".".join(detail)]))
        return self._census.rows(table, f"{id_field}={','.join(ids)}&c:show={show}&c:limit={len(ids)}")


def own_characters(census: Census, wanted_: Sequence[str]) -> list[tuple[str, Known, str]]:
    """Return id, name, faction and world of characters that are given by id or name. Blocks.

    Raises:
        Disconnected: the API does not answer.
        BadInput: its answer does not have the documented form.
    """
    found = []
    for field, values in (
        ("character_id", [one for one in wanted_ if one.isdigit()]),
        ("name.first_lower", [one.lower() for one in wanted_ if not one.isdigit()]),
    ):
        if values:
            show = "c:show=character_id,name.first,faction_id&c:resolve=world"
            for row in census.rows("character", f"{field}={','.join(values)}&{show}&c:limit={len(values)}"):
                key, known = known_of("character", row)
                found.append((key.partition("/")[2], known, _text(row, ("world_id",))))
    return found
