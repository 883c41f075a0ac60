"""`/api/layout?overlay=ID`: read, store, delete the layout of an overlay. Reading also accepts the display token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from actors.core.contract import layout
from actors.errors import BadInput, Refused
from actors.gateway.api import GuardedHandler
from actors.gateway.layouts import DEFAULT, LayoutChanged


class LayoutHandler(GuardedHandler):
    SCOPES = ("control", "view", "display")

    def prepare(self) -> None:
        super().prepare()
        if not self._finished and self.request.method not in ("GET", "HEAD") and self.scope != "control":
            self.gateway.metrics.forbidden += 1
            self.refuse(403, "only the control token may change a layout")

    def get(self) -> None:
        self.gateway.arrange()
        self._send_layout()

    async def put(self) -> None:
        """Store the body. With `If-Match: REVISION` or `If-None-Match: *`, a layout that changed meanwhile is kept."""
        revision = self.request.headers.get("If-Match")
        if self.request.headers.get("If-None-Match") == "*":
            revision = ""
        elif revision is not None:
            revision = revision.strip('" ')
        await self._change(partial(self.gateway.layouts.write, self._overlay(), self.request.body, revision))

    async def delete(self) -> None:
        await self._change(partial(self.gateway.layouts.delete, self._overlay()))

    async def _change(self, change: Callable[[], None]) -> None:
        """Change a file on another thread, because the disk may block, then send the layout to the overlays."""
        try:
            await asyncio.get_running_loop().run_in_executor(self.gateway.asking, change)
        except BadInput as error:
            self.refuse(400, str(error))
        except LayoutChanged as error:
            self.refuse(412, str(error))
        except Refused as error:
            self.refuse(503, str(error))
        else:
            self.gateway.metrics.stored_layouts += 1
            self.gateway.arrange()
            self._send_layout()

    def _overlay(self) -> str:
        return self.get_query_argument("overlay", DEFAULT)

    def _send_layout(self) -> None:
        if not layout.is_id(self._overlay()):
            self.refuse(400, f"overlay is {self._overlay()[:80]!r}, expected the id of an overlay")
            return
        self.answer(msgspec.to_builtins(self.gateway.layouts.describe(self._overlay())))
