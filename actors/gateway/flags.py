"""What the flags mean for an overlay, and the change of a flag through the supervisor, as `reload --set` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from actors import config, control, flags
from actors.config import FlagMode, FlagName, GatewaySection
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


def change_flag(run_dir: Path, name: FlagName, mode: FlagMode, canary: Sequence[str]) -> dict[str, Any]:
    """Apply a flag, and the names of `canary`, as `reload --set` does; return the supervisor's answer.

    Raises:
        Refused: the supervisor does not answer, or refuses.
        ConfigError: the settings of this pipeline cannot be read.
    """
    settings, source = config.of_run_dir(run_dir), config.source_of(run_dir)
    changed = msgspec.structs.replace(settings.flags, **{name: mode}, canary=list(canary))
    ours = {f"flags.{name}": mode, "flags.canary": msgspec.json.encode(list(canary)).decode()}
    kept = [one for one in source.overrides if one.partition("=")[0].strip() not in ours]
    overrides = [*kept, *(f"{key}={value}" for key, value in ours.items())]
    return control.request(
        run_dir,
        "reload",
        settings=config.tree_of(msgspec.structs.replace(settings, flags=changed)),
        source=msgspec.to_builtins(config.SettingsSource(source.file, overrides)),
    )
