"""The operator's commands, one module each, imported when the command is called.

Every module has `command`, a click.Command. This package has what they share: finding the pipeline, printing results,
and the exit codes.
"""

from __future__ import annotations

import importlib
import json
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from actors import config, host, program, tokens
from actors.config import Settings
from actors.core import origins
from actors.core.secrecy import may_hold_secret
from actors.core.sources import obs_overlay
from actors.errors import BadInput, ConfigError, FramewireError, Refused
from actors.logs import printable  # by name: `logs` is a command here

DONE: Final = 0
FAILED: Final = 1
BAD_USAGE: Final = 2
NOT_RUNNING: Final = 3

# name: (module, text of --help). The module is imported when the command is called, because the long-running
# supervisor must not load a WebSocket client that only `watch` needs.
COMMANDS: Final = {
    "start": ("start", "Start the pipeline in the foreground and print the URLs for OBS and the browser."),
    "stop": ("stop", "Stop the pipeline: sources first, so that accepted events are delivered."),
    "restart": ("restart", "Restart one process of the running pipeline."),
    "reload": ("reload", "Read the configuration again and apply the changes, without loss."),
    "status": ("status", "Show all alerts and processes."),
    "top": ("top", "Show the status live; restart a process or show its log with a key."),
    "logs": ("logs", "Print the logs of the processes; --follow continues with new lines."),
    "emit": ("emit", "Send an event over HTTP, like any other program."),
    "clear": ("clear", "Reset what overlays show and keep: score, crosshair, queued alerts."),
    "watch": ("watch", "Print events as an overlay receives them."),
    "replay": ("replay", "Play recordings of sources into the pipeline."),
    "load": ("load", "Send synthetic load in the formats of the sources."),
    "why": ("why", "Show the history of one event: why it was shown, merged, dropped or refused."),
    "token": ("token", "Show or replace the secrets in the URLs."),
    "source": ("source", "Show the sources and their state; test one with a recorded message; add one."),
    "login": ("login", "Log a source in at its platform, with a code that is entered in the browser."),
    "obs": ("obs", "Put the overlay into OBS; check and heal it there."),
    "gsi": ("gsi", "Configure CS2 or CS:GO on this machine to report to a source."),
    "secret": ("secret", "Set, list and remove the secrets of sources."),
    "widget": ("widget", "Create and list custom widgets for the overlay."),
    "theme": ("theme", "Create and check themes of the overlay."),
    "purge": ("purge", "Remove a person, or everything older than a duration, from a stopped pipeline."),
    "doctor": ("doctor", "Check this machine and this configuration, and print what to correct."),
    "service": ("service", "Install Framewire as a service of this user: systemd, launchd."),
    "completion": ("completion", "Print the completion script for a shell."),
}


class CommandLine(click.Group):
    """The root: loads a command when it is called, and turns expected errors into one line and an exit code."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"actors.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FramewireError as error:
            ctx.exit(report(error))


def report(error: FramewireError) -> int:
    """Print an expected error; return its exit code."""
    # Reasons may quote a file or a message from outside, which must not control the terminal.
    lines = map(printable, str(error).split("\n"))
    click.echo("error: " + "\n".join(lines), err=True)
    return exit_code_of(error)


def exit_code_of(error: FramewireError) -> int:
    """Return the exit code of an error."""
    if isinstance(error, ConfigError | BadInput):
        return BAD_USAGE
    return NOT_RUNNING if isinstance(error, Refused) else FAILED


def located(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select a pipeline."""
    config_file = click.option(
        "--config",
        "config_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Settings in TOML; only settings that differ from the defaults are needed.",
    )
    override = click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", callback=public, help="Override one setting."
    )
    return config_file(override(command))


def public(ctx: click.Context, _parameter: click.Parameter, overrides: tuple[str, ...]) -> tuple[str, ...]:
    """Return the overrides of a command line, which every user of this machine can read.

    Raises:
        ConfigError: one of them may hold a secret.
    """
    private = None if ctx.resilient_parsing else next(filter(may_hold_secret, overrides), None)
    if private is not None:
        raise ConfigError(
            f"--set {private.partition('=')[0]}: the value may hold a secret, and other users of this machine can read "
            f"command lines (ps). Write it into a file for --config, or store it: {program.NAME} secret set NAME. "
            "If it was a secret, replace it"
        )
    return overrides


as_json = click.option("--json", "json_output", is_flag=True, help="Print JSON for scripts.")


def settings_of(config_file: Path | None, overrides: tuple[str, ...]) -> Settings:
    """Return the settings that --config and --set select.

    Raises:
        ConfigError: the settings are invalid.
    """
    return config.load(config_file or config.DEFAULT_FILE, overrides)


def note_forgotten_file(config_file: Path | None, settings: Settings, what: str) -> None:
    """Print a note if the last start in this run directory used another file than the defaults, which `what` uses."""
    if config_file is not None and config_file.absolute() != config.DEFAULT_FILE:
        return
    with suppress(ConfigError):  # no pipeline was ever started there
        file = config.source_of(program.run_dir_of(settings.run_dir)).file
        if file and Path(file) != config.DEFAULT_FILE:
            demo = ", with the demo match" if settings.demo else ""
            used = printable(shlex.quote(file))
            click.echo(f"note: the last start used --config {used}; {what} uses the defaults{demo}", err=True)


def complete_name(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names and kinds of processes with this prefix, from the settings, without a running pipeline."""
    try:
        settings = settings_of(ctx.params.get("config_file"), ctx.params.get("overrides") or ())
    except ConfigError:
        return []  # the command itself reports the error
    plan = settings.children()
    names = dict.fromkeys([*(child.name for child in plan), *(child.kind for child in plan)])
    return [name for name in names if name.startswith(incomplete)]


def place_of(config_file: Path | None, overrides: tuple[str, ...]) -> Path:
    """Return the run directory that --config and --set select; if it exists, this user can read it.

    Raises:
        ConfigError: the options are invalid, or the directory belongs to another user.
    """
    return host.enter(program.run_dir_of(settings_of(config_file, overrides).run_dir))


def running(config_file: Path | None, overrides: tuple[str, ...]) -> tuple[Settings, Path]:
    """Return the settings and the run directory of a pipeline: run_dir from the options, all else from run_dir.

    Raises:
        ConfigError: the options are invalid.
        Refused: no pipeline was ever started there.
    """
    run_dir = place_of(config_file, overrides)
    if not (run_dir / config.SETTINGS_FILE).exists():
        raise Refused(f"no pipeline is running with run_dir {run_dir}")
    return config.of_run_dir(run_dir), run_dir


def current(config_file: Path | None, overrides: tuple[str, ...]) -> Settings:
    """Return the settings of --config; without it, those of the file of the pipeline there, as the file is now.

    So a command accepts a source that was just added to the file, before `reload`.

    Raises:
        ConfigError: the options or the file are wrong.
    """
    run_dir = place_of(config_file, overrides)
    if config_file is None:
        with suppress(ConfigError):  # no pipeline was ever started there
            source = config.source_of(run_dir)
            config_file = Path(source.file) if source.file else None
            overrides = (*source.overrides, *overrides)
    return msgspec.structs.replace(settings_of(config_file, overrides), run_dir=str(run_dir))


def print_json(value: Any) -> None:
    click.echo(json_of(value))


def json_of(value: Any) -> str:
    """Return a value as one line of JSON that is readable, and safe for a terminal."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in text)


def text_of(value: Any) -> str:
    """Return a value for display: a string without quotes, everything else as JSON."""
    return printable(value) if isinstance(value, str) else json_of(value)


def urls(settings: Settings, secrets: tokens.Tokens) -> dict[tokens.Scope, str]:
    """Return the URL that holds each secret, as this machine reaches it."""
    page = f"http://{origins.authority(settings.gateway.host, settings.gateway.port)}"
    source = f"http://{origins.authority(settings.ingest.host, settings.ingest.port)}"
    return {
        "display": obs_overlay.address("", page, secrets.display),
        "control": f"{page}/#k={secrets.control}",
        "ingest": f"{source}/srcds/{secrets.ingest}",
        "view": f"{page}/#k={secrets.view}",
    }
