"""`service`: runs Framewire under the system's service manager, which starts it with the session or the machine and
restarts it after a failure. It replaces the guardian.

systemd kills the remaining processes of a service when it ends (KillMode), and receives a notification from the
supervisor's loop every second (WatchdogSec; sd_notify(3)). KillMode is mixed: SIGTERM goes only to the supervisor,
which drains in order.
"""

from __future__ import annotations

import math
import os
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from actors import commands, host, logs, program
from actors.config import Settings
from actors.errors import ConfigError

NAME: Final = "framewire"
LABEL: Final = "dev.framewire"
STOP_MARGIN_S: Final = 10
PLAIN: Final = re.compile(r"[\w%+,./:=@-]+")

UNIT: Final = """\
# Written by `{program} service`. Write it again after moving Framewire or its Python, or changing drain_s.
[Unit]
Description=Framewire: live events to stream overlays
Documentation={documentation}
{after}StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={start}
ExecReload={reload}
# Code 0 is a requested stop (`{program} stop`, a SIGTERM); every other end leads to a restart.
Restart=on-failure
RestartSec=200ms
# Code 2 is a wrong configuration, which a restart does not correct. Code 3 is a port or a run directory in use, which
# may be temporary, above all while a machine starts. The supervisor waits 10 s for it and is then started again. That
# costs one process start every 10 s; without the restart the stream would stay without a pipeline.
RestartPreventExitStatus=2
WatchdogSec=10
TimeoutStartSec=30
TimeoutStopSec={stop_s}
# SIGTERM only to the supervisor, which drains in order, sources first; then SIGKILL to all remaining processes.
KillMode=mixed
# The supervisor restarts an actor that the kernel kills for lack of memory; the service continues.
OOMPolicy=continue
# Of the memory of this machine: a fault of Framewire must not take that of the game and of OBS.
MemoryMax=50%
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
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
MemoryDenyWriteExecute=yes
{hardening}
[Install]
WantedBy={wanted_by}
"""

# Settings that need the rights of the system manager: a user manager often cannot create a mount namespace.
# Not ProcSubset=pid: the start time of a process counts from the boot, whose time is in /proc/stat.
SYSTEM: Final = """\
User={user}
CapabilityBoundingSet=
AmbientCapabilities=
DevicePolicy=closed
PrivateDevices=yes
PrivateMounts=yes
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
# gateway.host may be an address that exists only when the network is up; a user's unit cannot wait for that.
SYSTEM_AFTER: Final = "Wants=network-online.target\nAfter=network-online.target\n"
TEMPORARY: Final = ("/tmp", "/var/tmp")  # nosec B108: with PrivateTmp the service has its own


@click.group("service")
def command() -> None:
    """Install Framewire as a service that starts with your session and restarts after a failure."""


@command.command("show")
@click.option("--system", is_flag=True, help="Print the unit of a system service that runs as this user.")
@commands.located
def show(system: bool, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Print the unit that would be installed; with --system one for /etc/systemd/system, with all hardening."""
    click.echo(text(config_file, overrides, system), nl=False)
    commands.note_forgotten_file(config_file, commands.settings_of(config_file, overrides), "this unit")
    if system and sys.platform != "darwin":
        for note in notes(own_name(), program.run_dir_of(commands.settings_of(config_file, overrides).run_dir)):
            click.echo(f"note: {note}", err=True)


@command.command("install")
@click.option("--user", is_flag=True, required=True, help="Install it for this user, which does not need root.")
@commands.located
def install(user: bool, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Write the unit with these settings, enable it, and print how to start it now."""
    del user
    path = path_of()
    content = text(config_file, overrides, system=False)
    settings = commands.settings_of(config_file, overrides)
    commands.note_forgotten_file(config_file, settings, "this unit")
    run_dir = program.run_dir_of(settings.run_dir)
    host.private_directory(run_dir)
    host.private_directory(run_dir / logs.FOLDER)  # launchd opens a file there before our program runs
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    click.echo(f"written: {path}")
    done = run_manager("enable")
    click.echo(f"start it now, or restart it with these settings: {shlex.join(steps('start')[0])}")
    if sys.platform != "darwin":
        click.echo("keep it running without a session: loginctl enable-linger")
    sys.exit(commands.DONE if done else commands.FAILED)


@command.command("uninstall")
def uninstall() -> None:
    """Stop the service and remove the unit that `install` has written; the data stay."""
    path = path_of()
    if not path.exists():
        raise ConfigError(f"the service is not installed: {path} does not exist")
    done = run_manager("disable")
    path.unlink()
    click.echo(f"removed: {path}")
    done = run_manager("forget") and done
    sys.exit(commands.DONE if done else commands.FAILED)


def own_name() -> str:
    """Return the name of this user, or its number. Not from the environment, whose text would be part of a unit."""
    return host.user_name(os.getuid()).removeprefix("#")


def run_manager(what: str) -> bool:
    """Run the service manager's commands. If one fails, print what to run and return False."""
    undone = 0
    for step in steps(what):
        program = shutil.which(step[0])
        done = subprocess.run([program, *step[1:]], capture_output=True, text=True, check=False) if program else None
        if done is None or done.returncode:
            why = f"{step[0]} is not installed" if done is None else " ".join(done.stderr.split())
            click.echo(f"failed: {shlex.join(step)} ({why or 'no error message'}); run it yourself", err=True)
            undone += 1
    return not undone


def notes(user: str, run_dir: Path) -> list[str]:
    """Return the steps that are required before a system service can run."""
    found = []
    if user == "root":
        found.append("this service would run as root; run this command as the user that it should run as")
    if not run_dir.exists():
        found.append(f"create its run directory first: sudo install -d -m 700 -o {user} {shlex.quote(str(run_dir))}")
    return found


def path_of() -> Path:
    """Return the path of this user's unit or launchd description."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user" / f"{NAME}.service"


def steps(what: str) -> list[list[str]]:
    """Return the service manager's commands that enable, start, disable or remove it."""
    if sys.platform == "darwin":
        verbs = {"start": [["launchctl", "load", "-w"]], "disable": [["launchctl", "unload", "-w"]]}
        return [[*verb, str(path_of())] for verb in verbs.get(what, [])]
    user = ["systemctl", "--user"]
    return {
        "enable": [[*user, "daemon-reload"], [*user, "enable", NAME]],
        "start": [[*user, "restart", NAME]],
        "disable": [[*user, "disable", "--now", NAME]],
        "forget": [[*user, "daemon-reload"]],
    }[what]


def text(config_file: Path | None, overrides: tuple[str, ...], system: bool) -> str:
    """Return the unit, or the launchd description.

    Raises:
        ConfigError: the settings are invalid; this is checked now rather than at the next boot.
    """
    settings = commands.settings_of(config_file, overrides)
    settings = msgspec.structs.replace(settings, run_dir=str(program.run_dir_of(settings.run_dir)))
    start = [*arguments("start", config_file, overrides, settings), "--service"]
    if sys.platform == "darwin":
        return plist(settings, start)
    if system and settings.run_dir.startswith(tuple(f"{folder}/" for folder in TEMPORARY)):
        raise ConfigError(f"run_dir {settings.run_dir} is not visible to a system service (PrivateTmp)")
    hardening = SYSTEM.format(user=own_name(), run_dir=word(settings.run_dir)) if system else ""
    return UNIT.format(
        program=program.NAME,
        documentation=(program.SHARE / "docs" / "operations.md").as_uri().replace("%", "%%"),
        after=SYSTEM_AFTER if system else "",
        start=line(start),
        reload=line(arguments("reload", None, (), settings)),
        stop_s=math.ceil(settings.supervisor.drain_s) + STOP_MARGIN_S,
        hardening=hardening,
        wanted_by="multi-user.target" if system else "default.target",
    )


def arguments(command_name: str, config_file: Path | None, overrides: tuple[str, ...], settings: Settings) -> list[str]:
    """Return a command line that does not depend on the current directory."""
    found = [*program.COMMAND, command_name]
    found += ["--config", str(config_file.absolute())] if config_file else []
    kept = [override for override in overrides if override.partition("=")[0].strip() != "run_dir"]
    return [*found, *(part for override in [*kept, f"run_dir={settings.run_dir}"] for part in ("--set", override))]


def line(words: list[str]) -> str:
    """Return a command line for systemd. The colon turns off the expansion of variables (systemd.service(5)).

    Doubling each $ would not be enough: that works in arguments, not in the path of the program.

    Raises:
        ConfigError: systemd cannot run a program with such a path.
    """
    if set(words[0]) & set("\"'\\"):
        raise ConfigError(f"systemd cannot run a program with a quote or a backslash in its path: {words[0]}")
    return " ".join(word(one) for one in [f":{words[0]}", *words[1:]])


def word(text: str) -> str:
    """Return a word, quoted for systemd, in which %, quotes and backslashes are special (systemd.syntax(7)).

    Raises:
        ConfigError: it contains a control character.
    """
    if not text.isprintable():
        raise ConfigError(f"{text!r} contains a control character, which a unit cannot express")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return text if PLAIN.fullmatch(text) else f'"{text}"'


def plist(settings: Settings, command_line: list[str]) -> str:
    """Return the launchd description; its KeepAlive replaces the guardian."""
    logs = Path(settings.run_dir) / "log"
    facts = {
        "Label": LABEL,
        "ProgramArguments": command_line,
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 1,
        "ExitTimeOut": math.ceil(settings.supervisor.drain_s) + STOP_MARGIN_S,
        "ProcessType": "Interactive",  # otherwise launchd coalesces its timers and throttles its disk access
        "StandardErrorPath": str(logs / "launchd.log"),
        "Umask": 0o077,
    }
    return plistlib.dumps(facts).decode()
