"""`service`: Framewire under the system's own service manager, which starts it with the session or the machine, and
again whatever happens. It takes the place of the guardian.

systemd kills what is left of a service with it (KillMode), and hears every second that the supervisor's loop turns
(WatchdogSec; sd_notify(3)). KillMode is mixed: SIGTERM goes to the supervisor alone, which drains in order.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from actors import commands
from actors.config import Settings
from actors.errors import ConfigError

NAME: Final = "framewire"
LABEL: Final = "dev.framewire"
STOP_MARGIN_S: Final = 10

UNIT: Final = """\
# Written by ./supervisor.py service install; install it again after you moved Framewire or its Python.
[Unit]
Description=Framewire: live events to stream overlays
Documentation=file://{root}/docs/operations.md
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={start}
ExecReload={reload}
WorkingDirectory={root}
Restart=always
RestartSec=200ms
# A wrong configuration, and a run directory that somebody else uses, stay so.
RestartPreventExitStatus=2 3
WatchdogSec=10
TimeoutStartSec=30
TimeoutStopSec={stop_s}
KillMode=mixed
UMask=0077
LimitNOFILE=65536

NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
MemoryDenyWriteExecute=yes
{hardening}
[Install]
WantedBy={wanted_by}
"""

# What needs the rights of the system's own manager: a user's cannot make file systems read-only.
SYSTEM: Final = """\
User={user}
CapabilityBoundingSet=
AmbientCapabilities=
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
ReadWritePaths={run_dir}
RemoveIPC=yes
"""


@click.group("service")
def command() -> None:
    """Install Framewire as a service: it starts with your session and comes back whatever happens."""


@command.command("show")
@click.option("--system", is_flag=True, help="The unit of a service of the whole machine, run as you.")
@commands.located
def show(system: bool, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Print what would be installed; --system for /etc/systemd/system, with all hardening."""
    click.echo(text(config_file, overrides, system), nl=False)


@command.command("install")
@click.option("--user", is_flag=True, required=True, help="A service of yours, which needs no root.")
@commands.located
def install(user: bool, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Write the unit with these settings, enable it, and say how to start it now."""
    del user
    path = path_of()
    content = text(config_file, overrides, system=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    click.echo(f"written: {path}")
    for step in steps("enable"):
        ask(step)
    click.echo(f"start it now: {' '.join(steps('start')[0])}")
    if sys.platform != "darwin":
        click.echo("let it run without a session, too: loginctl enable-linger")


@command.command("uninstall")
def uninstall() -> None:
    """Stop the service and remove what `install` has written; the data stay."""
    path = path_of()
    if not path.exists():
        raise ConfigError(f"there is no {path}: the service is not installed")
    for step in steps("disable"):
        ask(step)
    path.unlink()
    click.echo(f"removed: {path}")


def ask(step: list[str]) -> None:
    """Run a service manager's command; where it cannot, say what to run."""
    program = shutil.which(step[0])
    done = subprocess.run([program, *step[1:]], capture_output=True, text=True, check=False) if program else None
    if done is None or done.returncode:
        why = f"{step[0]} is not here" if done is None else " ".join(done.stderr.split()) or f"code {done.returncode}"
        click.echo(f"not done: {' '.join(step)} ({why}); run it yourself", err=True)


def path_of() -> Path:
    """Return where this user's service is described."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user" / f"{NAME}.service"


def steps(what: str) -> list[list[str]]:
    """Return the service manager's commands that enable, start or disable it."""
    if sys.platform == "darwin":
        verbs = {"enable": [], "start": [["launchctl", "load", "-w"]], "disable": [["launchctl", "unload", "-w"]]}
        return [[*verb, str(path_of())] for verb in verbs[what]]
    user = ["systemctl", "--user"]
    return {
        "enable": [[*user, "daemon-reload"], [*user, "enable", NAME]],
        "start": [[*user, "start", NAME]],
        "disable": [[*user, "disable", "--now", NAME]],
    }[what]


def text(config_file: Path | None, overrides: tuple[str, ...], system: bool) -> str:
    """Return the unit, or what launchd has for one.

    Raises:
        ConfigError: the settings are wrong, which is better known now than at the next boot.
    """
    settings = commands.settings_of(config_file, overrides)
    settings = msgspec.structs.replace(settings, run_dir=str(commands.run_dir_of(settings)))
    if sys.platform == "darwin":
        return plist(settings, arguments("start", config_file, overrides, settings))
    start = quoted([*arguments("start", config_file, overrides, settings), "--no-guardian", "--background"])
    fields = {
        "root": commands.ROOT,
        "start": start,
        "reload": quoted([*arguments("reload", None, (), settings)]),
        "stop_s": int(settings.supervisor.drain_s) + STOP_MARGIN_S,
        "wanted_by": "multi-user.target" if system else "default.target",
    }
    hardening = SYSTEM.format(user=os.environ.get("USER", "framewire"), run_dir=settings.run_dir) if system else ""
    return UNIT.format(**fields, hardening=hardening)


def arguments(command_name: str, config_file: Path | None, overrides: tuple[str, ...], settings: Settings) -> list[str]:
    """Return a command line that means the same wherever it is called."""
    found = [sys.executable, "-P", str(commands.ROOT / "supervisor.py"), command_name]
    found += ["--config", str(config_file.absolute())] if config_file else []
    kept = [override for override in overrides if not override.startswith("run_dir=")]
    return [*found, *(part for override in [*kept, f"run_dir={settings.run_dir}"] for part in ("--set", override))]


def quoted(words: list[str]) -> str:
    """Return a command line for systemd, where % and $ mean something (systemd.service(5))."""

    def one(word: str) -> str:
        word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
        return f'"{word}"' if any(sign in word for sign in " \t;'\"") else word

    return " ".join(one(word) for word in words)


def plist(settings: Settings, command_line: list[str]) -> str:
    """Return the launchd description; its KeepAlive takes the place of the guardian."""
    logs = Path(settings.run_dir) / "log"
    facts = {
        "Label": LABEL,
        "ProgramArguments": [*command_line, "--no-guardian", "--background"],
        "WorkingDirectory": str(commands.ROOT),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 1,
        "ExitTimeOut": int(settings.supervisor.drain_s) + STOP_MARGIN_S,
        "StandardErrorPath": str(logs / "launchd.log"),
        "Umask": 0o077,
    }
    return plistlib.dumps(facts).decode()
