"""`token show|rotate SCOPE`: shows or replaces the secrets in the URLs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from actors import commands, tokens
from actors.config import Settings

scope_argument = click.argument("scope", type=click.Choice(tokens.SCOPES))


@click.group("token")
def command() -> None:
    """Show or replace the secrets in the URLs.

    display (overlays), control (dashboard), ingest (game servers), view (a dashboard that can only read).
    """


@command.command("show")
@scope_argument
@commands.located
@commands.as_json
def show(scope: Any, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Print the token of SCOPE to stdout, and the URL that contains it to stderr."""
    settings, run_dir = commands.running(config_file, overrides)
    _print(settings, scope, getattr(tokens.load(run_dir), scope), json_output)


@command.command("rotate")
@scope_argument
@commands.located
@commands.as_json
def rotate(scope: Any, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Replace the token of SCOPE; the pipeline need not run. Clients with the old token lose access."""
    settings, run_dir = commands.running(config_file, overrides)
    _print(settings, scope, tokens.rotate(run_dir, scope), json_output)


def _print(settings: Settings, scope: tokens.Scope, token: str, json_output: bool) -> None:
    url = commands.urls(settings, tokens.Tokens(**dict.fromkeys(tokens.SCOPES, token)))[scope]
    if json_output:
        commands.print_json({"scope": scope, "token": token, "url": url})
    else:
        click.echo(token)
        click.echo(url, err=True)
