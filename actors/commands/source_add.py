"""`source add`: appends the section of a source to the configuration file, whose comments stay as they are."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import inspect

from actors import commands, config, control, program
from actors.errors import BadInput, ConfigError, Refused
from actors.producers import spec
from actors.producers.spec import NAME_PATTERN, SourceSettings

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


@click.command("add")
@click.argument("kind")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--name", default="", help="Name of the source. [default: its kind, with '-' for '_']")
@click.option(
    "--config",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; created if missing.",
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="run_dir of another pipeline.")
def add(kind: str, values: tuple[str, ...], name: str, file: Path | None, overrides: tuple[str, ...]) -> None:
    """Add a source of KIND (`source kinds` lists them) to the configuration file.

    Settings that have no default are asked for, unless they are given as KEY=VALUE. Lists are written as a,b,c.
    Without --config the file of the pipeline that runs or last ran is used.
    """
    known = spec.spec_of(kind)
    settings = known.settings
    name = name or kind.replace("_", "-")
    if not re.match(NAME_PATTERN, name):
        raise BadInput(f"Name {name[:64]!r}: expected 1 to 32 of a-z, 0-9, '-', beginning with a letter")
    path = file or _file_of(overrides)
    given = dict(_pair(settings, text) for text in values)
    for key in given:
        spec.require_key(kind, key)
    tree = {"kind": kind, **known.written, **given, **_asked(settings, given)}
    added = spec.settings_of(name, tree)
    old = config.read(path) if path.exists() else b""
    if name in config.parse(old, str(path)).sources:
        raise BadInput(f"{path} has a source {name!r} already; choose another --name, or edit the file")
    section = _section(name, tree)
    gap = b"" if not old else b"\n" if old.endswith(b"\n") else b"\n\n"
    config.parse(old + gap + section.encode(), str(path))
    try:
        with path.open("ab") as opened:
            opened.write(gap + section.encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"Added to {path}:\n\n{section}")
    pages = [page for page in (kind, kind.partition("_")[0]) if (program.SHARE / f"docs/sources/{page}.md").exists()]
    if pages:
        click.echo(f"{program.page(f'sources/{pages[0]}')} describes it.")
    options = _options(path, overrides)
    needed = added.needs(name)
    steps = [f"{needed}{options}"] if needed else []
    steps.append(f"{'reload' if _is_running(path, overrides) else 'start'}{options}")
    click.echo("Next:\n" + "\n".join(f"  {program.NAME} {step}" for step in steps))


def _options(path: Path, overrides: tuple[str, ...]) -> str:
    words = ["--config", str(path), *(part for override in overrides for part in ("--set", override))]
    return "".join(f" {shlex.quote(word)}" for word in words)


def _is_running(path: Path, overrides: tuple[str, ...]) -> bool:
    """Whether the pipeline of this file runs."""
    with suppress(Refused, ConfigError):
        control.request(commands.place_of(path, overrides), "status")
        return True
    return False


def _file_of(overrides: tuple[str, ...]) -> Path:
    """Return the file of the pipeline that runs or last ran; that of the package is not edited."""
    with suppress(ConfigError):
        found = config.source_of(commands.place_of(None, overrides)).file
        if found is not None and Path(found) != config.DEFAULT_FILE:
            return Path(found)
    raise BadInput("Give the configuration file: --config FILE (it is created if it does not exist)")


def _asked(settings: type[SourceSettings], given: dict[str, Any]) -> dict[str, Any]:
    """Prompt for the settings that have no default.

    Raises:
        BadInput: there is no terminal to ask on.
    """
    missing = [field for field in msgspec.structs.fields(settings) if field.required and field.name not in given]
    missing = [field for field in missing if field.name != "kind"]
    if missing and not sys.stdin.isatty():
        raise BadInput(f"Missing settings: {', '.join(f'{field.name}=…' for field in missing)}")
    answers = {}
    for field in missing:
        text = click.prompt(f"{field.name}{' (a,b,c)' if _is_list(settings, field.name) else ''}", err=True)
        answers[field.name] = _value(settings, field.name, text)
    return answers


def _pair(settings: type[SourceSettings], text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign:
        raise BadInput(f"{text[:80]!r}: expected KEY=VALUE, for example channels=ottoline")
    return key, _value(settings, key, value)


def _value(settings: type[SourceSettings], key: str, text: str) -> Any:
    """Return the value of a TOML text. A bare word is a string; with commas it is a list where one is expected."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text
    if _is_list(settings, key) and not isinstance(value, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    return value


def _is_list(settings: type[SourceSettings], key: str) -> bool:
    return any(isinstance(one, inspect.ListType | inspect.VarTupleType) for one in spec.types_of(settings, key))


def _section(name: str, tree: dict[str, Any]) -> str:
    """Return the section as TOML."""
    return "\n".join([f"[sources.{name}]", *(f"{_key(key)} = {_toml(value)}" for key, value in tree.items())]) + "\n"


def _key(text: str) -> str:
    return text if _BARE_KEY.match(text) else _toml(text)


def _toml(value: Any) -> str:
    """Return a value as TOML. Strings are those of JSON, except that TOML requires DEL to be escaped."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)  # also inf and nan
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
