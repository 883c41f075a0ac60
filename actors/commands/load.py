"""`load PROFILE`: sends synthetic load through the pipeline, in the formats of the sources."""

from __future__ import annotations

from pathlib import Path

import click

from actors import commands
from actors.commands.replay import play, ready, speed_option
from actors.errors import BadInput
from actors.producers import load_profiles, recording


@click.command("load")
@click.argument("profile", type=click.Choice(list(load_profiles.PROFILES)))
@click.option("--seed", default=1, show_default=True, help="Equal seeds give equal messages.")
@click.option(
    "--seconds", default=60.0, show_default=True, type=click.FloatRange(0.1, 3_600), help="Length at speed 1."
)
@click.option("--to", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write a recording; send nothing.")
@speed_option
@commands.located
@commands.as_json
def command(
    profile: str,
    seed: int,
    seconds: float,
    file: Path | None,
    speed: float | None,
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
) -> None:
    """Send the messages of PROFILE, as sources receive them, and print what was sent and expected.

    duel: two players, 3 lines/s. raid: 412 viewers arrive. storm: a match, PlanetSide 2, Twitch and YouTube at once,
    120 messages/s. chat-flood: a chat at 36 messages/s with peaks of 150.
    """
    made = load_profiles.load(profile, seed, seconds)
    expected = {"expected": made.expected}
    if not made.messages:
        raise BadInput(f"{profile} has no message within {seconds:g} s; give more --seconds")
    if file is None:
        settings, run_dir = ready(config_file, overrides)
        play(settings, run_dir, made.messages, speed, json_output, expected)
        return
    try:
        file.write_bytes(b"".join(map(recording.line, made.messages)))
    except OSError as error:
        raise BadInput(f"cannot write {file}: {error.strerror}") from error
    facts = {"written": len(made.messages), "duplicates": made.duplicates, **expected}
    if json_output:
        commands.print_json(facts)
    else:
        click.echo("  ".join(f"{key} {commands.text_of(value)}" for key, value in facts.items()))
