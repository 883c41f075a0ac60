"""`login twitch`: connects a source to an account, with a code that is entered in the browser."""

from __future__ import annotations

import time
from pathlib import Path

import click

from actors import commands, host, program
from actors.config import Settings
from actors.errors import ConfigError, Refused
from actors.producers import twitch_login, twitch_wanted
from actors.secrets import Secrets

PLATFORMS = ("twitch",)


@click.command("login")
@click.argument("platform", type=click.Choice(PLATFORMS))
@click.option("--source", help="Name of the source; required if there are several of this kind.")
@commands.located
def command(platform: str, source: str | None, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Log a source in: print an address and a code to enter there, and wait.

    The login is stored in RUN_DIR/secrets, which only this user can read. A running source uses it at once.
    """
    settings = commands.settings_of(config_file, overrides)
    name = source_of(settings, platform, source)
    own = settings.source(name)
    run_dir = host.private_directory(program.run_dir_of(settings.run_dir))
    scopes = twitch_wanted.scopes()
    auth_url, client_id = own.auth_url, own.client_id  # type: ignore[attr-defined]
    try:
        device = twitch_login.begin(auth_url, client_id, scopes)
    except OSError as error:
        raise Refused(f"Twitch cannot be reached: {error}") from error
    click.echo(f"1. Open   {commands.text_of(device.verification_uri)}")
    click.echo(f"2. Enter  {commands.text_of(device.user_code)}  and confirm")
    click.echo(f"Waiting for at most {device.expires_in / 60:.0f} minutes. Press Ctrl-C to cancel.")
    grant = wait_for(auth_url, client_id, scopes, device)
    secret = own.secret or name
    with twitch_login.writing(run_dir, secret):
        twitch_login.store(Secrets(run_dir), secret, grant)
    click.echo(f"Logged in as {commands.text_of(grant.login)}; the source {name} uses it.")


def source_of(settings: Settings, platform: str, source: str | None) -> str:
    """Return the name of the selected source.

    Raises:
        ConfigError: there is no such source, or there are several.
    """
    found = [name for name, tree in settings.sources.items() if tree.get("kind") == platform]
    if source is not None and source not in found:
        raise ConfigError(f"Unknown source {source!r} of kind {platform}. Sources: {', '.join(found) or 'none'}")
    if source is None and len(found) > 1:
        raise ConfigError(f"There are several sources of kind {platform}: choose one with --source {'|'.join(found)}")
    if not found:
        raise ConfigError(
            f"No source of kind {platform} is configured; add one: {program.NAME} source add {platform}. "
            f"See {program.page(f'sources/{platform}')}"
        )
    return source or found[0]


def wait_for(auth_url: str, client_id: str, scopes: list[str], device: twitch_login.Device) -> twitch_login.Grant:
    """Poll until the user has entered the code.

    Raises:
        Refused: the user denied access, or the code has expired.
    """
    deadline_s = time.monotonic() + device.expires_in
    while time.monotonic() < deadline_s:
        time.sleep(device.interval)
        try:
            grant = twitch_login.poll(auth_url, client_id, scopes, device)
        except OSError:
            continue  # retry until the code expires
        if grant is not None:
            return grant
    raise Refused("The code expired before it was entered; run the command again")
