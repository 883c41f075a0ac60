"""`login twitch|youtube`: connects a source to an account, with a code that is entered in the browser."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct

from actors import commands, host, program
from actors.config import Settings
from actors.errors import ConfigError, Refused
from actors.producers import device_login, twitch_login, twitch_wanted, youtube_login
from actors.producers.device_login import Device
from actors.secrets import MAX_BYTES, Secrets


class Flow(Struct, frozen=True):
    """The login of one platform. `poll` returns None until the user has entered the code, then the login."""

    platform: str
    begin: Callable[[], Device]
    poll: Callable[[Device], Struct | None]


def twitch_flow(own: Any) -> Flow:
    scopes = twitch_wanted.scopes()
    return Flow(
        "Twitch",
        lambda: twitch_login.begin(own.auth_url, own.client_id, scopes),
        lambda device: twitch_login.poll(own.auth_url, own.client_id, scopes, device),
    )


def youtube_flow(own: Any) -> Flow:
    if not own.client_id:
        raise ConfigError(
            f"client_id of the source is missing; see {program.page('sources/youtube')} for how to get one"
        )
    if sys.stdin.isatty():
        client_secret = click.prompt("Client secret", hide_input=True, err=True)
    else:
        client_secret = sys.stdin.read(MAX_BYTES).strip()
    return Flow(
        "Google",
        lambda: youtube_login.begin(own.auth_url, own.client_id),
        lambda device: youtube_login.poll(own.auth_url, own.client_id, client_secret, device),
    )


FLOWS: Final = {"twitch": twitch_flow, "youtube": youtube_flow}


@click.command("login")
@click.argument("platform", type=click.Choice(list(FLOWS)))
@click.option("--source", help="Name of the source; required if there are several of this kind.")
@commands.located
def command(platform: str, source: str | None, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Log a source in: print an address and a code to enter there, and wait.

    The login is stored in RUN_DIR/secrets, which only this user can read. A running source uses it at once. For youtube
    the client secret of your application is read from a hidden prompt or from standard input.
    """
    settings = commands.current(config_file, overrides)
    name = source_of(settings, platform, source)
    own = settings.source(name)
    run_dir = host.private_directory(program.run_dir_of(settings.run_dir))
    flow = FLOWS[platform](own)
    try:
        device = flow.begin()
    except OSError as error:
        raise Refused(f"{flow.platform} cannot be reached: {error}") from error
    click.echo(f"1. Open   {commands.text_of(device.page)}")
    click.echo(f"2. Enter  {commands.text_of(device.user_code)}  and confirm")
    click.echo(f"Waiting for at most {device.expires_in / 60:.0f} minutes. Press Ctrl-C to cancel.")
    grant = wait_for(flow, device)
    secret = own.secret or name
    with device_login.writing(run_dir, secret):
        device_login.store(Secrets(run_dir), secret, grant)
    who = getattr(grant, "login", "")
    click.echo(f"Logged in{who and f' as {commands.text_of(who)}'}; the source {name} uses it.")


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


def wait_for(flow: Flow, device: Device) -> Struct:
    """Poll until the user has entered the code.

    Raises:
        Refused: the user denied access, or the code has expired.
    """
    deadline_s = time.monotonic() + device.expires_in
    while time.monotonic() < deadline_s:
        time.sleep(device.interval)
        try:
            grant = flow.poll(device)
        except OSError:
            continue  # retry until the code expires
        if grant is not None:
            return grant
    raise Refused("The code expired before it was entered; run the command again")
