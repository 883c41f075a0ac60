"""What the flags mean for an overlay."""

from __future__ import annotations

from actors import config, flags
from actors.config import GatewaySection
from actors.core.contract import messages
from actors.core.contract.messages import Hello
from actors.gateway.encoding import Key
from actors.gateway.overlay import Overlay


class OverlayFlags:
    """The current flags, for each overlay."""

    def __init__(self, reader: flags.FlagReader, settings: GatewaySection) -> None:
        self._reader, self._settings = reader, settings
        self.refresh = reader.refresh

    @property
    def current(self) -> config.FlagsSection:
        return self._reader.current

    def key_of(self, overlay: Overlay, hello: Hello) -> Key:
        """Return what the group of an overlay shares, by its hello, its transport and the flags."""
        transport, now, name = overlay.transport, self.current, hello.overlay_id
        plain = now.event_pipeline_v2 == "canary" and not flags.is_on(now, "event_pipeline_v2", name)
        return Key(
            "json" if transport.json_only else hello.format,
            messages.wanted_types(hello.types),
            self._settings.legacy_ws_payload and not transport.json_only,
            transport.framing,
            flags.is_on(now, "ws_batching_v2", name),
            "plain" if plain else "v2",
        )

    def of_page(self, overlay: Overlay) -> dict[str, bool]:
        """Return the flags that a page applies itself."""
        return {"js_scheduler_v2": flags.is_on(self.current, "js_scheduler_v2", overlay.name)}
