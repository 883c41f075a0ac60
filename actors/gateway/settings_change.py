"""Changes settings of the running pipeline through its supervisor, as `reload --set` does."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from actors import config, control, program
from actors.core.secrecy import concealed
from actors.errors import BadInput
from actors.gateway import settings_view

Value = bool | int | float | str | list[str]

_KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}(\.[a-z][a-z0-9_-]{0,63}){0,4}\Z")
_ONE_AT_A_TIME: Final = threading.Lock()  # each change begins with the settings that the one before has left


def change(run_dir: Path, wanted: Mapping[str, Value], preview: bool = False) -> dict[str, Any]:
    """Apply values by key; return what has changed and which processes restart, without secrets.

    `preview`: change nothing, and return what would be done.

    Raises:
        BadInput: a key is malformed, or only the file can change it.
        Refused: the supervisor does not answer, or refuses.
        ConfigError: an unknown key or a wrong value, or the settings of this pipeline cannot be read.
    """
    ours = [override(key, value) for key, value in wanted.items()]
    with _ONE_AT_A_TIME:
        require_offered(run_dir, wanted)
        settings, source = config.of_run_dir(run_dir), config.source_of(run_dir)
        kept = [one for one in source.overrides if one.partition("=")[0].strip() not in wanted]
        answer = control.request(
            run_dir,
            "reload",
            settings=config.tree_of(config.changed(settings, ours)),
            source=msgspec.to_builtins(config.SettingsSource(source.file, [*kept, *ours])),
            preview=preview,
        )
    return {
        "changes": [shown(**one) for one in answer["changes"]],
        "restarted": [row["name"] for row in answer["restarted"]],
        "started": answer["started"],
        "stopped": answer["stopped"],
    }


def require_offered(run_dir: Path, keys: Iterable[str]) -> None:
    """Raise BadInput if a key decides which secret is sent, and to whom.

    A control token may change how sources work, but must not be able to send a login or a password to another server:
    it is part of an address, which may be seen on the stream.
    """
    kinds = {row["key"]: row["kind"] for row in settings_view.rows(run_dir)}
    for key in keys:
        kind = kinds.get(key, "data" if key.partition(".")[0] == "sources" else "")
        if kind == "data":
            raise BadInput(f"{key} can be changed only in the configuration file, followed by `{program.NAME} reload`")


def override(key: str, value: Value) -> str:
    """Return a change as `--set` takes it; the right side is TOML.

    Raises:
        BadInput: no setting can have this key.
    """
    if not _KEY.match(key):
        raise BadInput(f"{key[:80]!r} is not the key of a setting, expected names like queue.flush_hz")
    # Strings, numbers and lists of JSON are TOML, except that TOML also escapes DEL.
    return f"{key}={json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")


def shown(key: str, before: Any, after: Any) -> dict[str, Any]:
    """Return a change for display."""
    return {"key": key, "before": concealed(key, before), "after": concealed(key, after)}
