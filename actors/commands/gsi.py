"""`gsi install`: writes the file that makes CS2 or CS:GO on this machine post its state to a source of kind gsi."""

from __future__ import annotations

import re
import secrets as random_bytes
from pathlib import Path

import click

from actors import commands, host, program
from actors.config import Settings
from actors.core import origins
from actors.core.sources import steam
from actors.errors import BadInput, Refused
from actors.producers.spec import NAME_PATTERN
from actors.secrets import MissingSecret, Secrets

TOKEN_BYTES = 24


@click.group("gsi")
def command() -> None:
    """Configure CS2 or CS:GO on this machine to report to a source (docs/sources/gsi.md)."""


@command.command("install")
@click.option("--game", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The game's folder.")
@click.option("--name", default="", help="Name of the source. [default: the source of kind gsi, or cs2]")
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@commands.located
def install(game: Path | None, name: str, dry_run: bool, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Write the game's file with the address and the token of the source. The game reads it at its start."""
    settings = commands.current(config_file, overrides)
    name, configured = _source(settings, name)
    folders = _folders(game)
    address = f"http://{origins.authority(settings.ingest.host, settings.ingest.port)}/gsi/{name}"
    secret_name = str(settings.sources[name].get("secret") or name) if configured else name
    token = "…" if dry_run else _token(settings, secret_name)
    for folder in folders:
        path = folder / steam.FILE_NAME
        if not dry_run:
            _write(path, steam.gsi_file(address, token))
        click.echo(f"{'Would write' if dry_run else 'Wrote'} {path}")
    click.echo(f"The game posts to {address} with the token of the secret {secret_name!r}.")
    if dry_run:
        click.echo(steam.gsi_file(address, token))
    if not configured:
        click.echo(f'Add to the configuration, then `{program.NAME} reload`:\n\n[sources.{name}]\nkind = "gsi"\n')
    click.echo("Restart the game if it is running: it reads the file at its start.")


def _source(settings: Settings, name: str) -> tuple[str, bool]:
    """Return the name of the source, and whether the configuration has it."""
    known = [one for one, tree in settings.sources.items() if tree.get("kind") == "gsi"]
    if len(known) > 1 and not name:
        raise BadInput(f"Several sources are of kind gsi: {', '.join(known)}. Choose one with --name")
    name = name or (known[0] if known else "cs2")
    if not re.match(NAME_PATTERN, name):
        raise BadInput(f"Name {name[:64]!r}: expected 1 to 32 of a-z, 0-9, '-', beginning with a letter")
    if name in settings.sources and name not in known:
        raise BadInput(f"The source {name!r} is of kind {settings.sources[name].get('kind')!r}, expected gsi")
    return name, name in known


def _token(settings: Settings, name: str) -> str:
    """Return the secret. An existing one is kept, because the game may already use it."""
    secrets = Secrets(host.private_directory(program.run_dir_of(settings.run_dir)))
    try:
        return secrets.get(name)
    except MissingSecret:
        secrets.set(name, random_bytes.token_urlsafe(TOKEN_BYTES))
        return secrets.get(name)


def _write(path: Path, text: str) -> None:
    """Write the file for this user alone, because it has the token."""
    try:
        host.write_private(path, text.encode())
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}") from error


def _folders(game: Path | None) -> list[Path]:
    """Return the cfg folders of the game.

    Raises:
        BadInput: `game` is not a folder of CS2 or CS:GO.
        Refused: no game was found.
    """
    places = [game] if game is not None else [library / steam.GAME for library in _libraries()]
    found = [place / folder for place in places for folder in steam.CFG_FOLDERS if (place / folder).is_dir()]
    if found:
        return list({folder.resolve(): folder for folder in found}.values())
    if game is not None:
        raise BadInput(f"{game} has no folder {' or '.join(steam.CFG_FOLDERS)}; expected “…/{steam.GAME}”")
    raise Refused("CS2 was not found in any Steam library; give its folder: --game DIR")


def _libraries() -> list[Path]:
    """Return every Steam library of this machine; in WSL also those of Windows."""
    drives = sorted(Path("/mnt").glob("[a-z]"))
    roots = [Path.home() / below for below in steam.HOMES] + [
        drive / below for drive in drives for below in steam.DRIVES
    ]
    found = list(roots)
    for root in roots:
        for file in steam.LIBRARIES:
            try:
                text = host.read_file(root / file, steam.MAX_BYTES).decode(errors="replace")
            except OSError:
                continue
            found += map(Path, steam.libraries(text))
    return found
