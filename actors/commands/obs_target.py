"""The OBS of an `obs` command: its address and password, from options, the source, or OBS's own files."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from msgspec import Struct

from actors import commands, host, program, tokens
from actors.config import Settings
from actors.core import origins
from actors.core.sources import obs_overlay
from actors.errors import BadInput, Refused
from actors.producers import obs_files
from actors.producers.obs_files import ObsServer
from actors.secrets import MissingSecret, Secrets

DEFAULT_URL: Final = "ws://127.0.0.1:4455"

T = TypeVar("T")


class Target(Struct):
    """The OBS of a command, and the overlay that it should show."""

    source: str
    configured: bool
    url: str
    secret: str
    secrets: Secrets
    origin: str
    token: str
    run_dir: Path
    local: ObsServer | None
    local_file: str
    fresh: str = ""  # a password that came from elsewhere, to be stored when OBS has accepted it


def target_of(url: str, source: str, gateway: str, config_file: Path | None, overrides: tuple[str, ...]) -> Target:
    """Return the OBS that the options select.

    Raises:
        BadInput: an option does not fit.
    """
    settings = commands.current(config_file, overrides)
    name, configured = source_of(settings, source)
    run_dir = host.private_directory(program.run_dir_of(settings.run_dir))
    local, local_file = local_server()
    own: Any = settings.source(name) if configured else None
    known = own.url if own else (f"ws://127.0.0.1:{local.port}" if local and local.enabled else DEFAULT_URL)
    origin = gateway.rstrip("/") or f"http://{origins.authority(settings.gateway.host, settings.gateway.port)}"
    chosen = url or known
    if not chosen.startswith(("ws://", "wss://")):
        raise BadInput(f"--url is {chosen[:80]!r}, expected ws://ADDRESS:4455")
    if not origin.startswith(("http://", "https://")):
        raise BadInput(f"--gateway is {origin[:80]!r}, expected http://ADDRESS:PORT")
    if not is_local(chosen) and is_local(origin):
        raise BadInput(f"OBS is on another machine, which does not reach {origin}; give --gateway (docs/lan.md)")
    token = tokens.load_or_create(run_dir).display
    secret = (own.secret if own else "") or name
    return Target(name, configured, chosen, secret, Secrets(run_dir), origin, token, run_dir, local, local_file)


def is_local(url: str) -> bool:
    found = obs_overlay.parts_of(url).hostname or ""
    return found == "localhost" or origins.is_loopback(found)


def source_of(settings: Settings, name: str) -> tuple[str, bool]:
    """Return the name of the source, and whether the configuration has it."""
    known = [one for one, tree in settings.sources.items() if tree.get("kind") == "obs"]
    if name and name not in known:
        raise BadInput(f"Unknown source {name[:64]!r} of kind obs. Sources: {', '.join(known) or 'none'}")
    if len(known) > 1 and not name:
        raise BadInput(f"Several sources are of kind obs: {', '.join(known)}. Choose one with --source")
    return name or (known[0] if known else "obs"), bool(known)


def local_server() -> tuple[ObsServer | None, str]:
    """Return the settings of OBS's WebSocket server, and the file that has them; in WSL also that of Windows."""
    folders = [Path.home() / below for below in obs_files.HOMES]
    folders += [user / obs_files.WINDOWS for user in sorted(Path("/mnt/c/Users").glob("*"))]
    for path in map(Path, obs_files.places(folders)):
        try:
            found = obs_files.parse(path, host.read_file(path, obs_files.MAX_BYTES))
        except (OSError, BadInput):  # as if it were not there: the secret, or the terminal, has the password
            continue
        if found is not None:
            return found, str(path)
    return None, ""


def password_of(target: Target) -> str:
    """Return the password: the secret, the one in OBS's files on this machine, or the one typed at the prompt.

    Raises:
        MissingSecret: there is none.
    """
    try:
        return target.secrets.get(target.secret)
    except MissingSecret:
        if target.local is not None and target.local.password and is_local(target.url):
            target.fresh = target.local.password
        elif sys.stdin.isatty():
            target.fresh = click.prompt("Password of OBS's WebSocket server", hide_input=True, err=True)
        else:
            raise
        return target.fresh


def talk(target: Target, work: Callable[[Any], Awaitable[T]]) -> T:
    """Connect to OBS, do the work, and store a password that OBS has accepted.

    Raises:
        Refused: OBS is closed, or refuses the connection.
    """
    from actors.producers.obs_link import RequestFailed, link

    async def run() -> T:
        async with link(target.url, lambda: password_of(target), target.secret) as opened:
            if target.fresh:
                target.secrets.set(target.secret, target.fresh)
                click.echo(f"The password is stored as the secret {target.secret!r}.", err=True)
            return await work(opened)

    try:
        return asyncio.run(run())
    except RequestFailed as error:
        raise Refused(str(error)) from error
    except OSError as error:
        hint = ""
        if target.local is not None and not target.local.enabled and is_local(target.url):
            hint = f" (it is off in {target.local_file})"
        raise Refused(f"{error}{hint}. Start OBS, and enable its server: Tools → WebSocket Server Settings") from error
