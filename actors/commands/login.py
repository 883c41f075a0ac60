"""`login twitch|youtube`: connects a source to an account, with a code that is entered in the browser.

A dashboard uses the same command through the supervisor (actors/supervision/logins.py), with --json:

    {"state":"waiting","page":"https://…","code":"ABCDEFGH","expires_s":1800}      then one of
    {"state":"done","text":"Logged in as den."}   {"state":"expired","text":"…"}   {"state":"refused","text":"…"}

`{"state":"asks","text":"…"}` ends a login that needs the client secret of the application.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import click
import msgspec
from msgspec import Struct

from actors import commands, host, program
from actors.config import Settings
from actors.core.contract.event import UNREADABLE
from actors.errors import ConfigError, FramewireError, Refused
from actors.producers import device_login, twitch_login, twitch_wanted, youtube_login
from actors.producers.device_login import CodeExpired, Device, TooFast
from actors.producers.youtube_login import YoutubeGrant
from actors.secrets import MAX_BYTES, MissingSecret, Secrets

STDIN: Final = 0
SECRET_BYTES: Final = 4 << 10


class SecretNeeded(Refused):
    """The login needs a client secret, and none was given."""


class Talk(Protocol):
    """The other side of this command."""

    def secret(self) -> str:
        """Return the client secret, "" when none is given."""
        ...

    def begun(self, device: Device) -> None:
        """Show where to enter which code."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait; raises Refused when the login was canceled."""
        ...

    def done(self, who: str, source: str) -> None: ...


class TerminalUser:
    """The user of the terminal."""

    def secret(self) -> str:
        if sys.stdin.isatty():
            return str(click.prompt("Client secret", hide_input=True, err=True))
        return sys.stdin.read(MAX_BYTES).strip()

    def begun(self, device: Device) -> None:
        click.echo(f"1. Open   {commands.text_of(device.page)}")
        click.echo(f"2. Enter  {commands.text_of(device.user_code)}  and confirm")
        click.echo(f"Waiting for at most {device.expires_in / 60:.0f} minutes. Press Ctrl-C to cancel.")

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def done(self, who: str, source: str) -> None:
        click.echo(f"Logged in{who and f' as {commands.text_of(who)}'}; the source {source} uses it.")


class Caller:
    """A program: the first line of standard input is the client secret, the end of standard input cancels."""

    def __init__(self) -> None:
        line = b""
        # Not sys.stdin: what it has read ahead would hide the end of the input from `wait`.
        while not line.endswith(b"\n") and len(line) < SECRET_BYTES and (byte := os.read(STDIN, 1)):
            line += byte
        self._given = line.decode("utf-8", "replace").strip()

    def secret(self) -> str:
        return self._given

    def begun(self, device: Device) -> None:
        self.tell("waiting", page=device.page, code=device.user_code, expires_s=device.expires_in)

    def wait(self, seconds: float) -> None:
        readable, _, _ = select.select([STDIN], [], [], seconds)
        if readable and not os.read(STDIN, SECRET_BYTES):
            raise Refused("canceled")

    def done(self, who: str, source: str) -> None:
        del source
        self.tell("done", text=f"Logged in{who and f' as {who}'}.")

    def failed(self, error: FramewireError) -> None:
        states: dict[type, str] = {SecretNeeded: "asks", CodeExpired: "expired"}
        state = states.get(type(error), "refused")
        self.tell(state, text=str(error))

    def tell(self, state: str, **fields: Any) -> None:
        commands.print_json({"state": state, **fields})
        sys.stdout.flush()


class Flow(Struct, frozen=True):
    """The login of one platform. `poll` returns None until the user has entered the code, then the login."""

    platform: str
    begin: Callable[[], Device]
    poll: Callable[[Device], Struct | None]


def twitch_flow(own: Any, _client_secret: Callable[[], str]) -> Flow:
    scopes = twitch_wanted.scopes()
    return Flow(
        "Twitch",
        lambda: twitch_login.begin(own.auth_url, own.client_id, scopes),
        lambda device: twitch_login.poll(own.auth_url, own.client_id, scopes, device),
    )


def youtube_flow(own: Any, client_secret: Callable[[], str]) -> Flow:
    if not own.client_id:
        raise ConfigError(
            f"client_id of the source is missing; see {program.page('sources/youtube')}#login for how to get one"
        )
    given = client_secret()
    return Flow(
        "Google",
        lambda: youtube_login.begin(own.auth_url, own.client_id),
        lambda device: youtube_login.poll(own.auth_url, own.client_id, given, device),
    )


FLOWS: Final = {"twitch": twitch_flow, "youtube": youtube_flow}


@click.command("login")
@click.argument("platform", type=click.Choice(list(FLOWS)))
@click.option("--source", help="Name of the source; required if there are several of this kind.")
@click.option("--json", "json_output", is_flag=True, help="Print JSON for programs, which write the client secret.")
@commands.located
def command(
    platform: str, source: str | None, json_output: bool, config_file: Path | None, overrides: tuple[str, ...]
) -> None:
    """Log a source in: print an address and a code to enter there, and wait.

    The login is stored in RUN_DIR/secrets, which only this user can read. A running source uses it at once. For youtube
    the client secret of your application is read from a hidden prompt or from standard input.
    """
    if not json_output:
        log_in(TerminalUser(), platform, source, config_file, overrides)
        return
    caller = Caller()
    try:
        log_in(caller, platform, source, config_file, overrides)
    except FramewireError as error:
        caller.failed(error)
        sys.exit(commands.exit_code_of(error))


def log_in(talk: Talk, platform: str, source: str | None, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Carry out the login.

    Raises:
        ConfigError: the settings are wrong, or have no such source.
        Refused: the platform, the user or the run directory does not permit it.
    """
    settings = commands.current(config_file, overrides)
    name = source_of(settings, platform, source)
    own: Any = settings.source(name)
    run_dir = host.private_directory(program.run_dir_of(settings.run_dir))
    secrets, secret = Secrets(run_dir), own.secret or name
    flow = FLOWS[platform](own, lambda: talk.secret() or stored_client_secret(secrets, secret, own.client_id))
    try:
        device = flow.begin()
    except OSError as error:
        raise Refused(f"{flow.platform} cannot be reached: {error}") from error
    talk.begun(device)
    grant = wait_for(flow, device, talk)
    with device_login.writing(run_dir, secret):
        device_login.store(secrets, secret, grant)
    talk.done(getattr(grant, "login", ""), name)


def stored_client_secret(secrets: Secrets, secret: str, client_id: str) -> str:
    """Return the client secret of the login before.

    Raises:
        SecretNeeded: there is none of this application.
    """
    try:
        grant = msgspec.json.decode(secrets.get(secret), type=YoutubeGrant)
    except (MissingSecret, *UNREADABLE):
        grant = None
    if grant is None or grant.client_id != client_id:
        raise SecretNeeded("Enter the client secret of your application at Google")
    return grant.client_secret


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


def wait_for(flow: Flow, device: Device, talk: Talk) -> Struct:
    """Poll until the user has entered the code.

    Raises:
        CodeExpired: the user has not entered it in time.
        Refused: the user denied access, or has canceled the login.
    """
    deadline_s, pause_s = time.monotonic() + device.expires_in, device.interval
    while time.monotonic() < deadline_s:
        talk.wait(pause_s)
        try:
            grant = flow.poll(device)
        except TooFast:
            pause_s += device_login.SLOWER_S
            continue
        except OSError:
            continue  # retry until the code expires
        if grant is not None:
            return grant
    raise CodeExpired("The code has expired before it was entered. Log in again for a new one")
