"""`service`: Framewire under the system's own service manager, which starts it with the session or the machine, and
again whatever happens. It takes the place of the guardian.

systemd kills what is left of a service with it (KillMode), and hears every second that the supervisor's loop turns
(WatchdogSec; sd_notify(3)). KillMode is mixed: SIGTERM goes to the supervisor alone, which drains in order.
"""

from __future__ import annotations

import getpass
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
# Written by `{program} service`; write it again after you moved Framewire or its Python, or changed drain_s.
[Unit]
Description=Framewire: live events to stream overlays
Documentation={documentation}
{after}StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={start}
ExecReload={reload}
# Code 0 is an end that somebody asked for (`{program} stop`, a SIGTERM), so it stays; everything else comes back.
Restart=on-failure
RestartSec=200ms
# 2, a wrong configuration, is wrong the next time, too, and says why. 3, a port or a run directory that somebody has,
# may be over in a moment, above all while a machine starts. The supervisor waits 10 s for it and is then called again:
# that costs a process every 10 s, while a service that stayed away would cost the stream.
RestartPreventExitStatus=2
WatchdogSec=10
TimeoutStartSec=30
TimeoutStopSec={stop_s}
# SIGTERM to the supervisor alone, which drains in order, sources first; then SIGKILL to whatever is left.
KillMode=mixed
# An actor that the kernel kills for want of memory is the supervisor's to restart, no reason to stop everything.
OOMPolicy=continue
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

# What needs the rights of the system's own manager: a user's often can make no mount namespace.
# Not ProcSubset=pid: when a process was started is counted from the boot, which stands in /proc/stat.
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
# gateway.host may be an address that this machine only has when its network is up; a user's unit cannot wait for that.
SYSTEM_AFTER: Final = "Wants=network-online.target\nAfter=network-online.target\n"
TEMPORARY: Final = ("/tmp", "/var/tmp")  # nosec B108: PrivateTmp gives the service others of these


@click.group("service")
def command() -> None:
    """Install Framewire as a service: it starts with your session and comes back whatever happens."""


@command.command("show")
@click.option("--system", is_flag=True, help="The unit of a service of the whole machine, run as you.")
@commands.located
def show(system: bool, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Print what would be installed; --system for /etc/systemd/system, with all hardening."""
    click.echo(text(config_file, overrides, system), nl=False)
    if system and sys.platform != "darwin":
        for note in notes(getpass.getuser(), program.run_dir_of(commands.settings_of(config_file, overrides).run_dir)):
            click.echo(f"note: {note}", err=True)


@command.command("install")
@click.option("--user", is_flag=True, required=True, help="A service of yours, which needs no root.")
@commands.located
def install(user: bool, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Write the unit with these settings, enable it, and say how to start it now."""
    del user
    path = path_of()
    content = text(config_file, overrides, system=False)
    run_dir = program.run_dir_of(commands.settings_of(config_file, overrides).run_dir)
    host.private_directory(run_dir)
    host.private_directory(run_dir / logs.FOLDER)  # launchd opens a file there before anything of ours runs
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    click.echo(f"written: {path}")
    done = ask("enable")
    click.echo(f"start it now, or again with these settings: {shlex.join(steps('start')[0])}")
    if sys.platform != "darwin":
        click.echo("let it run without a session, too: loginctl enable-linger")
    sys.exit(commands.DONE if done else commands.FAILED)


@command.command("uninstall")
def uninstall() -> None:
    """Stop the service and remove what `install` has written; the data stay."""
    path = path_of()
    if not path.exists():
        raise ConfigError(f"there is no {path}: the service is not installed")
    done = ask("disable")
    path.unlink()
    click.echo(f"removed: {path}")
    done = ask("forget") and done
    sys.exit(commands.DONE if done else commands.FAILED)


def ask(what: str) -> bool:
    """Run the service manager's commands; where it cannot, say what to run and return False."""
    undone = 0
    for step in steps(what):
        program = shutil.which(step[0])
        done = subprocess.run([program, *step[1:]], capture_output=True, text=True, check=False) if program else None
        if done is None or done.returncode:
            why = f"{step[0]} is not here" if done is None else " ".join(done.stderr.split())
            click.echo(f"not done: {shlex.join(step)} ({why or 'it does not say why'}); run it yourself", err=True)
            undone += 1
    return not undone


def notes(user: str, run_dir: Path) -> list[str]:
    """Return what has to be done before a service of the whole machine can run."""
    found = []
    if user == "root":
        found.append("this would run as root; call it as the user that it shall run as")
    if not run_dir.exists():
        found.append(f"make its run directory first: sudo install -d -m 700 -o {user} {shlex.quote(str(run_dir))}")
    return found


def path_of() -> Path:
    """Return where this user's service is described."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user" / f"{NAME}.service"


def steps(what: str) -> list[list[str]]:
    """Return the service manager's commands that enable, start, disable or forget it."""
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
    """Return the unit, or what launchd has for one.

    Raises:
        ConfigError: the settings are wrong, which is better known now than at the next boot.
    """
    settings = commands.settings_of(config_file, overrides)
    settings = msgspec.structs.replace(settings, run_dir=str(program.run_dir_of(settings.run_dir)))
    start = [*arguments("start", config_file, overrides, settings), "--service"]
    if sys.platform == "darwin":
        return plist(settings, start)
    if system and settings.run_dir.startswith(tuple(f"{folder}/" for folder in TEMPORARY)):
        raise ConfigError(f"run_dir {settings.run_dir} is not visible to a service of the whole machine (PrivateTmp)")
    hardening = SYSTEM.format(user=getpass.getuser(), run_dir=word(settings.run_dir)) if system else ""
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
    """Return a command line that means the same wherever it is called."""
    found = [*program.COMMAND, command_name]
    found += ["--config", str(config_file.absolute())] if config_file else []
    kept = [override for override in overrides if override.partition("=")[0].strip() != "run_dir"]
    return [*found, *(part for override in [*kept, f"run_dir={settings.run_dir}"] for part in ("--set", override))]


def line(words: list[str]) -> str:
    """Return a command line for systemd; the colon keeps it from looking for variables after a $ (systemd.service(5)).

    Doubling the $ would not do: that works in arguments, not in the path of the program.

    Raises:
        ConfigError: systemd would not run a program with such a path.
    """
    if set(words[0]) & set("\"'\\"):
        raise ConfigError(f"systemd runs no program with a quote or a backslash in its path: {words[0]}")
    return " ".join(word(one) for one in [f":{words[0]}", *words[1:]])


def word(text: str) -> str:
    """Return a word as systemd reads it, where %, quotes and backslashes mean something (systemd.syntax(7)).

    Raises:
        ConfigError: it holds a control character, and a unit is made of lines.
    """
    if not text.isprintable():
        raise ConfigError(f"{text!r} holds a control character, which no service can be told")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return text if PLAIN.fullmatch(text) else f'"{text}"'


def plist(settings: Settings, command_line: list[str]) -> str:
    """Return the launchd description; its KeepAlive takes the place of the guardian."""
    logs = Path(settings.run_dir) / "log"
    facts = {
        "Label": LABEL,
        "ProgramArguments": command_line,
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 1,
        "ExitTimeOut": math.ceil(settings.supervisor.drain_s) + STOP_MARGIN_S,
        "ProcessType": "Interactive",  # otherwise its timers are bundled and its disk is slowed
        "StandardErrorPath": str(logs / "launchd.log"),
        "Umask": 0o077,
    }
    return plistlib.dumps(facts).decode()
