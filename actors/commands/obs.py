"""`obs install|status|heal`: installs the overlay in OBS, checks it, and reloads it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from actors import commands, program
from actors.commands.obs_page import write_page
from actors.commands.obs_target import DEFAULT_URL, is_local, talk, target_of
from actors.core.sources import obs_overlay
from actors.core.sources.obs_overlay import Found
from actors.errors import BadInput, ConfigError, Refused
from actors.producers.sources.obs import OVERLAY

LOOK_S: Final = 1.0
PATIENCE_S: Final = 4.0


@click.group("obs")
def command() -> None:
    """Put the overlay into OBS, and check it there (docs/sources/obs.md).

    OBS must run, with its WebSocket server enabled: Tools → WebSocket Server Settings. The password is the secret of
    the source of kind obs, or `obs`. If it is not set, these commands read port and password from the settings that OBS
    keeps in your home directory, and store the password as that secret.
    """


def aimed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select an OBS."""
    url = click.option("--url", default="", help=f"Its WebSocket server. [default: the source's, or {DEFAULT_URL}]")
    source = click.option("--source", default="", help="Name of the source of kind obs, if there are several.")
    gateway = click.option("--gateway", default="", help="http://ADDRESS:PORT of Framewire, if OBS runs elsewhere.")
    name = click.option("--name", default="", help=f"Name of the browser source in OBS. [default: {OVERLAY}]")
    return url(source(gateway(name(commands.located(function)))))


@command.command("install")
@click.option("--scene", default="", help="Scene that must show it. [default: the current one, if no scene has it]")
@click.option("--page", is_flag=True, help="Write a local page for a browser source that you add by hand.")
@aimed
def install(scene: str, page: bool, name: str, **options: Any) -> None:
    """Create or correct the browser source of the overlay: address, size of the canvas, frame rate, visibility.

    If OBS on this machine cannot be reached, or with --page: write a page that OBS loads as a local file, and print
    what to set. The page waits for Framewire, so that OBS may start first.
    """
    target = target_of(**options)
    if page:
        click.echo("\n".join(write_page(target)))
        return

    async def work(link: Any) -> tuple[Found, list[str]]:
        from actors.producers import obs_overlay as overlay

        found = await overlay.look(link, name or OVERLAY, target.origin, target.token)
        steps = obs_overlay.steps(found, target.origin, target.token, scene)
        await overlay.carry_out(link, steps)
        return found, [step.text for step in steps]

    try:
        found, done = talk(target, work)
    except Refused:
        if is_local(target.url):
            click.echo("\n".join(["OBS cannot be reached. To add the source by hand:", *write_page(target)]))
        raise
    click.echo("\n".join(done) or f"{found.name!r} in OBS is as it should be; nothing was changed")
    if any(text.startswith("Created") for text in done):
        click.echo(
            "Then, by hand: right-click it in OBS → Blending Method → SRGB Off, so that panels keep their colours."
        )
    if not target.configured:
        click.echo(
            "To follow the state of OBS, and to reload the overlay when it has stopped, add to the configuration, then "
            f'`{program.NAME} reload`:\n\n[sources.{target.source}]\nkind = "obs"\nheal = true\n'
        )


@command.command("status")
@aimed
@commands.as_json
def status(name: str, json_output: bool, **options: Any) -> None:
    """Check the overlay in OBS and print its faults. Exit code 1 if it has any."""
    target = target_of(**options)

    async def work(link: Any) -> tuple[Found, list[str]]:
        from actors.producers import obs_overlay as overlay

        found = await overlay.look(link, name or OVERLAY, target.origin, target.token)
        wrong = obs_overlay.findings(found, target.origin, target.token)
        if wrong:
            return found, [*wrong, f"Correct it: {program.NAME} obs install"]
        return found, await asyncio.to_thread(missing, target.run_dir, str(found.settings.get("url")))

    found, wrong = talk(target, work)
    scenes = [place.scene for place in found.places]
    if json_output:
        canvas = [found.canvas.base_width, found.canvas.base_height, found.canvas.fps]
        commands.print_json(
            {"name": found.name, "scene": found.scene, "scenes": scenes, "canvas": canvas, "wrong": wrong}
        )
    else:
        canvas_text = f"{found.canvas.base_width} × {found.canvas.base_height}, {found.canvas.fps} fps"
        click.echo(f"OBS at {target.url}: scene {commands.text_of(found.scene)}, canvas {canvas_text}")
        if scenes:
            click.echo(f"{found.name!r} is in {', '.join(map(commands.text_of, scenes))}")
        for text in wrong or ["The overlay is as it should be"]:
            click.echo(f"- {commands.text_of(text)}")
    if wrong:
        sys.exit(commands.FAILED)


@command.command("heal")
@click.option("--force", is_flag=True, help="Load the page again, whatever its state is.")
@aimed
def heal(force: bool, name: str, **options: Any) -> None:
    """Give the overlay in OBS a new token after `token rotate`; reload it if it has stopped working.

    The source of kind obs does this by itself with `heal = true`.
    """
    target = target_of(**options)

    async def work(link: Any) -> str:
        from actors.producers import obs_overlay as overlay

        if force:
            found = await overlay.look(link, name or OVERLAY, target.origin, target.token)
            if found.kind != obs_overlay.BROWSER:
                raise BadInput(obs_overlay.findings(found, target.origin, target.token)[0])
            await overlay.refresh(link, found.name)
            return f"{found.name!r} was reloaded"
        healer = overlay.Healer(target.run_dir, name or OVERLAY, PATIENCE_S)
        deadline_s = time.monotonic() + PATIENCE_S + 2 * LOOK_S
        while time.monotonic() < deadline_s:
            done = await healer.look(link)
            if done:
                return done
            await asyncio.sleep(LOOK_S)
        return "Nothing to do: the overlay in OBS works, is hidden, or is not there (`obs status`)"

    click.echo(talk(target, work))


def missing(run_dir: Path, url: str) -> list[str]:
    """Return whether the overlay of this address is connected to the gateway, as sentences."""
    from actors.producers import obs_overlay as overlay

    try:
        clients = overlay.clients_of(run_dir)
    except ConfigError:
        clients = None
    if clients is None:
        return ["Framewire does not answer: is it running?"]
    if obs_overlay.overlay_id_of(url) in {client.overlay_id for client in clients}:
        return []
    return [f"It is not connected to Framewire. Reload it: {program.NAME} obs heal"]
