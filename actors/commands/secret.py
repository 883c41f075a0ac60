"""`secret set|list|remove`: manages the passwords, tokens and signing keys of sources."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from actors import commands, host, program
from actors.errors import Refused
from actors.secrets import MAX_BYTES, Secrets, checked


@click.group("secret")
def command() -> None:
    """Set, list and remove the secrets of sources. They are stored in files that only this user can read."""


@command.command("set")
@click.argument("name")
@commands.located
def set_(name: str, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Set the secret NAME from a hidden prompt or from standard input."""
    checked(name)
    run_dir = host.private_directory(program.run_dir_of(commands.settings_of(config_file, overrides).run_dir))
    if sys.stdin.isatty():
        value = click.prompt(f"Secret {name}", hide_input=True, err=True)
    else:
        value = sys.stdin.buffer.read(MAX_BYTES + 1).decode(errors="surrogateescape").removesuffix("\n")
    Secrets(run_dir).set(name, value)
    click.echo(f"The secret {name} is set.", err=True)


@command.command("list")
@commands.located
@commands.as_json
def list_(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Print the names of all secrets; values are never printed."""
    names = Secrets(commands.place_of(config_file, overrides)).names()
    if json_output:
        commands.print_json(names)
    elif names:
        click.echo("\n".join(names))


@command.command("remove")
@click.argument("name")
@commands.located
def remove(name: str, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Remove the secret NAME."""
    if not Secrets(commands.place_of(config_file, overrides)).remove(checked(name)):
        raise Refused(f"The secret {name!r} is not set")
