"""`widget new|list`: custom widgets in overlays/widgets/ of the run directory (docs/layout.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from actors import commands, host, program
from actors.core.contract import layout
from actors.errors import BadInput, ConfigError

FOLDER: Final = Path("overlays", "widgets")
TEMPLATES: Final = program.SHARE / "web_overlay" / "own"


@click.group("widget")
def command() -> None:
    """Create and list custom widgets, which the overlay shows like those of Framewire."""


@command.command("new")
@click.argument("name")
@commands.located
def new(name: str, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Create NAME.mjs and NAME.css, a working widget to start from."""
    if not layout.is_widget_name(name):
        raise BadInput(f"the name is {name[:80]!r}, expected a small letter, then up to 31 of a-z 0-9 _ -")
    folder = _folder(config_file, overrides)
    files = {folder / f"{name}{ending}": TEMPLATES / f"template{ending}" for ending in (".mjs", ".css")}
    for path in files:
        if path.exists():
            raise BadInput(f"{path} already exists; choose another name, or remove it")
    title = name.replace("-", " ").replace("_", " ").capitalize()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, template in files.items():
            text = template.read_text(encoding="utf-8").replace("NAME", name).replace("TITLE", title)
            host.write_private(path, text.encode())
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}") from error
    for path in files:
        click.echo(str(path))
    click.echo(f"Refresh the browser source to see it. Documentation of widgets: {program.page('layout')}", err=True)


@command.command("list")
@commands.located
def list_(config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Print the file of every custom widget."""
    for path in sorted(_folder(config_file, overrides).glob("*.mjs")):
        click.echo(str(path))


def _folder(config_file: Path | None, overrides: tuple[str, ...]) -> Path:
    """Return the folder of the widgets; create the run directory if it does not exist."""
    return host.private_directory(commands.place_of(config_file, overrides)) / FOLDER
