"""`reload`: applies a changed configuration to the running pipeline, without loss."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import msgspec

from actors import commands, config, control, program
from actors.commands.restart import wait_until_running
from actors.core.secrecy import concealed
from actors.errors import BadInput, ConfigError


@click.command("reload")
@click.option("--preview", is_flag=True, help="Print what would be changed and restarted; change nothing.")
@click.option(
    "--unset", "unset", multiple=True, metavar="KEY", help="Drop what --set or the dashboard has set: the file decides."
)
@commands.located
@commands.as_json
def command(
    preview: bool, unset: tuple[str, ...], config_file: Path | None, overrides: tuple[str, ...], json_output: bool
) -> None:
    """Read the configuration of the start again; --config and --set replace parts of it from now on.

    What --set or the dashboard has set replaces the file until the next start.

    Budgets and the supervisor's own settings apply at once. A process whose settings changed is restarted. Processes
    that were added or removed are started or stopped. A changed address is refused, and then nothing is changed.
    """
    run_dir = commands.place_of(config_file, overrides)
    started_s = time.monotonic()
    with control.connect(run_dir) as supervisor:
        before = config.source_of(run_dir)
        file = config_file.absolute() if config_file else Path(before.file) if before.file else None
        latest = {one.partition("=")[0].strip(): one for one in [*before.overrides, *overrides]}
        for key in unset:
            if latest.pop(key, None) is None:
                raise BadInput(f"{key} is not set by --set or the dashboard; these are: {', '.join(latest) or 'none'}")
        source = config.SettingsSource(str(file) if file else None, list(latest.values()))
        try:
            settings = commands.settings_of(file, tuple(source.overrides))
            earlier = [one for one in source.overrides if one not in overrides]
            ignored = config.ignored(file, earlier) if file and file != config.DEFAULT_FILE else {}
        except ConfigError as error:
            raise ConfigError(f"nothing was changed: {error}") from error
        wanted = msgspec.structs.replace(settings, run_dir=str(run_dir))
        answer = supervisor.request(
            "reload", settings=config.tree_of(wanted), source=msgspec.to_builtins(source), preview=preview
        )
        for change in answer["changes"]:  # the terminal may be on the stream
            change |= {side: concealed(change["key"], change[side]) for side in ("before", "after")}
        old = {row["name"]: row["pid"] for row in answer["restarted"]} | dict.fromkeys(answer["started"])
        if not preview:
            wait_until_running(supervisor, old)
    answer["ignored"] = [
        {"key": key, "file": concealed(key, theirs), "set": concealed(key, ours)}
        for key, (theirs, ours) in ignored.items()
    ]
    if json_output:
        commands.print_json(answer | {"seconds": round(time.monotonic() - started_s, 3)})
        return
    for line in lines(answer, preview):
        click.echo(line)


def lines(answer: dict[str, Any], preview: bool = False) -> list[str]:
    """Return the changes and their effects as text."""
    kept = [
        f"{one['key']} stays {commands.text_of(one['set'])}, as --set or the dashboard has set it; the file has "
        f"{commands.text_of(one['file'])}: {program.NAME} reload --unset {one['key']}"
        for one in answer["ignored"]
    ]
    if not answer["changes"] and not answer["restarted"]:
        return [*kept, "nothing has changed"]
    words = ("would restart", "would start", "would stop") if preview else ("restarted", "started", "stopped")
    affected = ([row["name"] for row in answer["restarted"]], answer["started"], answer["stopped"])
    done = [f"{word} {', '.join(names)}" for word, names in zip(words, affected, strict=True) if names]
    changes = [
        f"{change['key']}: {commands.text_of(change['before'])} → {commands.text_of(change['after'])}"
        for change in answer["changes"]
    ]
    return [*changes, *kept, "; ".join(done) or ("would be applied at once" if preview else "applied at once")]
