"""Changes a flag of the running pipeline through its supervisor, as `reload --set` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from actors import config, control
from actors.config import FlagMode, FlagName


def change_flag(run_dir: Path, name: FlagName, mode: FlagMode, canary: Sequence[str]) -> dict[str, Any]:
    """Apply a flag, and the names of `canary`, as `reload --set` does; return the supervisor's answer.

    Raises:
        Refused: the supervisor does not answer, or refuses.
        ConfigError: the settings of this pipeline cannot be read.
    """
    settings, source = config.of_run_dir(run_dir), config.source_of(run_dir)
    flags = msgspec.structs.replace(settings.flags, **{name: mode}, canary=list(canary))
    ours = {f"flags.{name}": mode, "flags.canary": msgspec.json.encode(list(canary)).decode()}
    kept = [one for one in source.overrides if one.partition("=")[0].strip() not in ours]
    overrides = [*kept, *(f"{key}={value}" for key, value in ours.items())]
    return control.request(
        run_dir,
        "reload",
        settings=config.tree_of(msgspec.structs.replace(settings, flags=flags)),
        source=msgspec.to_builtins(config.SettingsSource(source.file, overrides)),
    )
