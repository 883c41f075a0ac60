"""`load PROFILE`: sends synthetic load through the pipeline, in the formats of the sources."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from actors import commands
from actors.commands.login import source_of
from actors.commands.replay import play, ready, speed_option
from actors.config import Settings
from actors.errors import BadInput
from actors.producers import load_profiles, minecraft_host, recording
from actors.producers.minecraft_world import World, WorldRates

MINECRAFT = "minecraft-100"  # not sent like the others: the source connects to it


@click.command("load")
@click.argument("profile", type=click.Choice([*load_profiles.PROFILES, MINECRAFT]))
@click.option("--seed", default=1, show_default=True, help="Equal seeds give equal messages.")
@click.option(
    "--seconds", default=60.0, show_default=True, type=click.FloatRange(0.1, 3_600), help="Length at speed 1."
)
@click.option("--to", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write a recording; send nothing.")
@click.option("--source", help="Name of the source for minecraft-100, if there are several of the kind minecraft.")
@speed_option
@commands.located
@commands.as_json
def command(
    profile: str,
    seed: int,
    seconds: float,
    file: Path | None,
    source: str | None,
    speed: float | None,
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
) -> None:
    """Send the messages of PROFILE, as sources receive them, and print what was sent and expected.

    duel: two players, 3 lines/s. raid: 412 viewers arrive. storm: a match, PlanetSide 2, Twitch and YouTube at once,
    120 messages/s. chat-flood: a chat at 36 messages/s with peaks of 150. minecraft-100: a Minecraft server at the
    address of your source minecraft, with 100 players: 5,000 moves/s and 50 deaths/s.
    """
    if profile == MINECRAFT:
        if file is not None or speed != 1:
            raise BadInput(f"{MINECRAFT} is a server that runs at speed 1; --to and --speed are for the other profiles")
        settings, _ = ready(config_file, overrides)
        play_minecraft(settings, source_of(settings, "minecraft", source), seed, seconds, json_output)
        return
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
    tell(facts, json_output)


def play_minecraft(settings: Settings, name: str, seed: int, seconds: float, json_output: bool) -> None:
    """Be the server to which the source `name` connects; print what was sent and expected."""
    own = settings.source(name)
    world = World(seed, seconds, WorldRates())
    address, plugin_id = own.address, own.plugin_id  # type: ignore[attr-defined]
    click.echo(f"Listening at {address}, the address of the source {name}, until it connects.", err=True)
    quiet = json_output or not sys.stderr.isatty()
    with click.progressbar(length=int(seconds), label=MINECRAFT, file=sys.stderr, hidden=quiet) as bar:
        sent = asyncio.run(
            minecraft_host.play(world, address, plugin_id, lambda passed_s: bar.update(int(passed_s) - bar.pos))
        )
    tell({**sent, "expected": world.expected()}, json_output)


def tell(facts: dict[str, Any], json_output: bool) -> None:
    """Print what was done."""
    if json_output:
        commands.print_json(facts)
    else:
        click.echo("  ".join(f"{key} {commands.text_of(value)}" for key, value in facts.items()))
