"""`theme new|check`: themes in overlays/themes/ of the run directory (docs/themes.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click

from actors import commands, host, program
from actors.core import theme
from actors.errors import BadInput, ConfigError

FOLDER: Final = Path("overlays", "themes")
SHIPPED: Final = program.SHARE / "web_overlay" / "themes"
TABLE: Final = SHIPPED / "tokens.json"
BASES: Final = sorted(file.parent.name for file in SHIPPED.glob("*/theme.json"))
DEFAULT: Final = "broadcast"


@click.group("theme")
def command() -> None:
    """Create and check themes of the overlay."""


@command.command("new")
@click.argument("name")
@click.option(
    "--from", "base", type=click.Choice(BASES), default=DEFAULT, show_default=True, help="The theme that it starts as."
)
@commands.located
def new(name: str, base: str, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Create a folder NAME with a theme.json of all tokens, and a README.md that explains each."""
    if not theme.NAME.fullmatch(name):
        raise BadInput(f"the name is {name[:80]!r}, expected up to 32 of a-z 0-9 _ -, the first none of _ -")
    if name in BASES:
        raise BadInput(f"{name} is a theme of Framewire; choose another name")
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    folder = host.private_directory(commands.place_of(config_file, overrides)) / FOLDER / name
    files = {
        "theme.json": _complete(name, read(SHIPPED / base / "theme.json"), table),
        "README.md": _readme(name, table),
    }
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        for file, text in files.items():
            host.write_private(folder / file, text.encode())
    except FileExistsError as error:
        raise BadInput(f"{folder} already exists; choose another name, or remove it") from error
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}") from error
    for file in files:
        click.echo(str(folder / file))
    click.echo(f"Open the overlay with ?theme={name}&design=1 and edit theme.json: each change is shown.", err=True)
    click.echo(f"Documentation of themes: {program.page('themes')}", err=True)


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
        data = host.read_file(path, theme.MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    if len(data) > theme.MAX_BYTES:
        raise BadInput(f"{path}: got {path.stat().st_size} bytes, expected {theme.MAX_BYTES} or less")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: expected JSON: {error}") from error


def _complete(name: str, base: dict[str, Any], table: theme.Table) -> str:
    """Return a theme.json with every token, as `base` has it; tokens of a group of the table are together."""
    groups = [
        ",\n".join(
            f"    {json.dumps(token)}: {json.dumps(base['tokens'].get(token, about['default']), ensure_ascii=False)}"
            for token, about in group["tokens"].items()
        )
        for group in table["groups"]
    ]
    head = {"name": name, "version": 1, "description": f"Begun as {base['name']}."}
    lines = "".join(f"  {json.dumps(field)}: {json.dumps(value)},\n" for field, value in head.items())
    return f'{{\n{lines}  "tokens": {{\n' + ",\n\n".join(groups) + "\n  }\n}\n"


def _readme(name: str, table: theme.Table) -> str:
    """Return a page beside a theme.json, which cannot have comments: what to do, and what each token is."""
    lines = [
        f"# {name}",
        "",
        "A theme of the overlay. `theme.json` has every token; one that is removed has its default value.",
        "",
        f"1. Open the overlay with `?theme={name}&design=1`: each change of the file is shown within a second.",
        "2. `theme check` with this folder says what is wrong with it, and which text is not legible.",
        "3. Remove `design=1` from the address. To share the theme, share this folder.",
    ]
    for group in table["groups"]:
        lines += ["", f"## {group['title']}", ""]
        lines += [
            f"* `{token}`: {about['about']} ({_bounds(about, table)})" for token, about in group["tokens"].items()
        ]
    return "\n".join(lines) + "\n"


def _bounds(token: dict[str, Any], table: theme.Table) -> str:
    if "values" in token:
        return " or ".join(token["values"])
    bounds = f", {token['min']} to {token['max']}" if "min" in token else ""
    return f"{table['types'][token['type']]['expected']}{bounds}"
