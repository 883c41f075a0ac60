"""`theme check DIR`: validates a theme."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click

from actors import host, program
from actors.core import theme
from actors.errors import BadInput

TABLE: Final = program.SHARE / "web_overlay" / "themes" / "tokens.json"
MOST_BYTES: Final = 65_536


@click.group("theme")
def command() -> None:
    """Validate a theme of the overlay."""


@command.command("check")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folder: Path) -> None:
    """Check DIR/theme.json: its tokens by type, its sizes, and the contrast of text over any video."""
    path = folder / "theme.json"
    value = read(path)
    found = theme.faults(value, json.loads(TABLE.read_text(encoding="utf-8")))
    if not found and value["name"] != folder.resolve().name:
        found = [f"name: got {value['name']}, expected {folder.resolve().name}, the name of the folder"]
    for line in found:
        click.echo(f"{path}: {line}", err=True)
    if found:
        raise click.exceptions.Exit(1)
    click.echo(f"{path}: {len(value['tokens'])} tokens, valid; open the overlay with ?theme={value['name']}")


def read(path: Path) -> Any:
    """Return the content of a theme.json.

    Raises:
        BadInput: it cannot be read, is too large, or is not JSON.
    """
    try:
        data = host.read_file(path, MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise BadInput(f"{path}: got {path.stat().st_size} bytes, expected {MOST_BYTES} or less")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: expected JSON: {error}") from error
