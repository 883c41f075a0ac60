"""`token show|rotate SCOPE`, `token add|revoke NAME`, `token list`: the secrets in the URLs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from actors import commands, tokens
from actors.commands.purge import seconds_of
from actors.config import Settings

scope_argument = click.argument("scope", type=click.Choice(tokens.SCOPES))


@click.group("token")
def command() -> None:
    """Show, replace, add and revoke the secrets in the URLs.

    display (overlays), control (dashboard), ingest (game servers), view (a dashboard that can only read).
    """


@command.command("show")
@scope_argument
@commands.located
@commands.as_json
def show(scope: Any, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Print the standing token of SCOPE to stdout, and the URL that contains it to stderr."""
    settings, run_dir = commands.running(config_file, overrides)
    _print(settings, scope, getattr(tokens.load(run_dir), scope), json_output)


@command.command("rotate")
@scope_argument
@commands.located
@commands.as_json
def rotate(scope: Any, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Replace the standing token of SCOPE; the pipeline need not run. Clients with the old one lose access."""
    settings, run_dir = commands.running(config_file, overrides)
    _print(settings, scope, tokens.rotate(run_dir, scope), json_output)


@command.command("add")
@click.argument("name")
@click.option("--scope", type=click.Choice(tokens.SCOPES), default="display", show_default=True)
@click.option("--expires", "expires_s", metavar="DURATION", callback=seconds_of, help="30m, 12h or 7d; else never.")
@commands.located
@commands.as_json
def add(
    name: str,
    scope: Any,
    expires_s: float | None,
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
) -> None:
    """Add a token NAME for one overlay or person; it is printed now and never again. Standing tokens stay valid."""
    settings, run_dir = commands.running(config_file, overrides)
    expires_ms = None if expires_s is None else (time.time() + expires_s) * 1000
    _print(settings, scope, tokens.add(run_dir, name, scope, expires_ms), json_output)


@command.command("list")
@commands.located
@commands.as_json
def list_(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """List the added tokens: name, scope, expiry, last use. The tokens themselves are not stored."""
    run_dir = commands.running(config_file, overrides)[1]
    found = tokens.listed(run_dir, tokens.load(run_dir))
    if json_output:
        commands.print_json(found)
        return
    click.echo(f"{'NAME':<33}{'SCOPE':<9}{'EXPIRES':<18}LAST USE")
    for one in found:
        expires = f"expired {_day(one['expires_ms'])}" if one["expired"] else _time(one["expires_ms"])
        click.echo(f"{one['name']:<33}{one['scope']:<9}{expires:<18}{_time(one['used_ms'])}")


@command.command("revoke")
@click.argument("name")
@commands.located
def revoke(name: str, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Remove the added token NAME; the connections that use it are closed within a second."""
    tokens.revoke(commands.running(config_file, overrides)[1], name)
    click.echo(f"revoked {name}")


def _time(ts_ms: float | None) -> str:
    """Return a time of this machine's time zone to the minute."""
    return "never" if ts_ms is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(ts_ms / 1000))


def _day(ts_ms: float) -> str:
    return time.strftime("%m-%d", time.localtime(ts_ms / 1000))


def _print(settings: Settings, scope: tokens.Scope, token: str, json_output: bool) -> None:
    url = commands.urls(settings, tokens.Tokens(token, token, token, token))[scope]
    if json_output:
        commands.print_json({"scope": scope, "token": token, "url": url})
    else:
        click.echo(token)
        click.echo(url, err=True)
