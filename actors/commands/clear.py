"""`clear`: resets what overlays show and keep: the score, the crosshair, the scene, the queues of alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from actors import commands, tokens
from actors.commands import loopback

# The events that reset each state, and the queues of all widgets.
EMPTY: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("score", {"scores": {}}),
    ("crosshair", {"on": False}),
    ("scene", {"name": ""}),
    ("show", {"action": "clear"}),
)


@click.command("clear")
@commands.located
def command(config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Reset what overlays show: the score, the crosshair, the scene, queued alerts."""
    settings, run_dir = commands.running(config_file, overrides)
    events = [{"type": kind, "payload": payload, "source": "clear"} for kind, payload in EMPTY]
    with loopback.peer(settings.ingest, tokens.load(run_dir).ingest, run_dir) as ingest:
        ingest.request("/events", events)
    click.echo("cleared")
