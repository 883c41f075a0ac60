"""A real OBS records the overlay: what a viewer of the stream gets. Run by `make test-obs`.

OBS runs on a virtual screen, and records another one (`xshm_input`), on which Chromium shows the overlay over a
picture. The OBS of Debian has no browser source.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from actors.producers.obs_link import ObsConnection, link
from actors.producers.spec import Disconnected
from actors.secrets import Secrets
from bench.ports import free_ports
from tests.support import Pipeline, chromium_path, eventually, run_async
from tests.web.conftest import missing, sync_playwright

pytestmark = pytest.mark.obs

SCREEN: Final = (1280, 720)
RECORDED: Final = (640, 360)  # at 10 frames/s: software rendering is slow
PASSWORD: Final = "a password of the tests"
GLOBAL: Final = """[General]
FirstRun=true
[OBSWebSocket]
ServerEnabled=true
ServerPort={port}
AlertsEnabled=false
AuthRequired=true
ServerPassword={password}
FirstLoad=false
"""
PROFILE: Final = """[General]
Name=test
[Video]
BaseCX={base[0]}
BaseCY={base[1]}
OutputCX={output[0]}
OutputCY={output[1]}
FPSType=0
FPSCommon=10
[Output]
Mode=Simple
[SimpleOutput]
FilePath={folder}
RecFormat=mkv
RecQuality=Small
RecEncoder=x264
"""
PICTURE: Final = "document.documentElement.style.background = 'linear-gradient(#2d5a88, #7a4a1f)'"


@contextmanager
def started(command: list[str], environment: dict[str, str], log: Path, **options: Any) -> Iterator[None]:
    """Run a program within the block."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=file, stderr=file, **options)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def screen(folder: Path, name: str) -> Iterator[str]:
    """Yield the display of a virtual screen."""
    reader, writer = os.pipe()
    size = "x".join(map(str, SCREEN))
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    with started(command, {}, folder / f"{name}.log", pass_fds=[writer]):
        os.close(writer)
        with os.fdopen(reader) as lines:
            yield f":{lines.readline().strip()}"


@contextmanager
def obs(home: Path, display: str, port: int) -> Iterator[None]:
    """Run OBS with its own settings; its WebSocket server answers on `port` after some seconds."""
    settings = home / ".config" / "obs-studio"
    profile = settings / "basic" / "profiles" / "test"
    profile.mkdir(parents=True)
    (home / "run").mkdir(mode=0o700)
    (settings / "global.ini").write_text(GLOBAL.format(port=port, password=PASSWORD))
    (profile / "basic.ini").write_text(PROFILE.format(base=SCREEN, output=RECORDED, folder=home))
    environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "XDG_CONFIG_HOME": str(home / ".config"),
                   "PULSE_RUNTIME_PATH": str(home / "run"), "TMPDIR": str(home / "run"), "DISPLAY": display,
                   "LIBGL_ALWAYS_SOFTWARE": "1", "QT_QPA_PLATFORM": "xcb"}  # fmt: skip
    command = ["obs", "--minimize-to-tray", "--disable-updater", "--disable-missing-files-check", "--multi"]
    with started([*command, "--profile", "test", "--collection", "test"], environment, home / "obs.log"):
        yield


def asked(port: int, *requests: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return the answers of OBS to requests, one after the other."""

    async def ask() -> list[Any]:
        async with link(f"ws://127.0.0.1:{port}", lambda: PASSWORD, "obs") as connection:
            return [await request(connection, *one) for one in requests]

    async def request(connection: ObsConnection, type_: str, data: dict[str, Any]) -> Any:
        return await connection.request(type_, dict, **data)

    return run_async(ask())


def answers(port: int) -> bool:
    try:
        return bool(asked(port, ("GetVersion", {})))
    except Disconnected:  # it starts
        return False


def pixels(*options: str) -> bytes:
    """Return one picture, read by ffmpeg, in the size of the recording: 3 bytes per pixel."""
    size = ":".join(map(str, RECORDED))
    command = ["ffmpeg", "-v", "error", *options, "-vf", f"scale={size}", "-frames:v", "1"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def states_of_obs(lines: str) -> list[tuple[str, bool]]:
    """Return the scene of OBS and whether it records, as `watch` received them."""
    payloads = [json.loads(line)["payload"] for line in lines.splitlines()]
    return [(payload.get("scene", ""), payload.get("recording", False)) for payload in payloads]


def picture(page: Any, folder: Path) -> bytes:
    """Return what the page shows."""
    page.screenshot(path=folder / "page.png")
    return pixels("-i", str(folder / "page.png"))


def distance(one: bytes, other: bytes, box: dict[str, float]) -> float:
    """Return the mean difference of two pictures inside a box of the page, 0 to 255."""
    scale = RECORDED[0] / SCREEN[0]
    left, right = int(box["x"] * scale), int((box["x"] + box["width"]) * scale)
    rows = range(int(box["y"] * scale), int((box["y"] + box["height"]) * scale))
    at = [slice(3 * (row * RECORDED[0] + left), 3 * (row * RECORDED[0] + right)) for row in rows]
    found = [abs(a - b) for part in at for a, b in zip(one[part], other[part], strict=True)]
    return sum(found) / len(found)


@contextmanager
def shown(overlay: str, display: str, folder: Path) -> Iterator[Any]:
    """Yield the page of the overlay, which fills a screen."""
    flags = ["--no-sandbox", "--disable-gpu", "--kiosk", "--app=about:blank", "--window-position=0,0", "--no-first-run",
             "--window-size=" + ",".join(map(str, SCREEN)), "--disable-background-networking"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            folder, executable_path=chromium_path(), headless=False, no_viewport=True, args=flags,
            ignore_default_args=["--enable-automation"], env=os.environ | {"DISPLAY": display},
        )  # fmt: skip
        page = browser.pages[0]
        page.goto(overlay)
        page.evaluate(PICTURE)
        yield page
        browser.close()


@pytest.mark.timeout(300)
def test_obs_records_the_overlay_and_its_scenes_are_events(tmp_path: Path) -> None:
    for program in ("obs", "Xvfb", "ffmpeg"):
        if shutil.which(program) is None:
            missing(program)
    (port,) = free_ports(1)
    with (
        screen(tmp_path, "desk") as desk,
        screen(tmp_path, "stage") as stage,
        obs(tmp_path / "home", desk, port),
        Pipeline("sources.obs.kind=obs", f"sources.obs.url=ws://127.0.0.1:{port}") as pipeline,
    ):
        pipeline.run_dir.joinpath("secrets").mkdir(mode=0o700, parents=True)
        Secrets(pipeline.run_dir).set("obs", PASSWORD)
        pipeline.start()
        eventually(lambda: answers(port), 40)
        overlay = f"http://127.0.0.1:{pipeline.gateway_port}/overlay/?widgets=social#k={pipeline.token('display')}"
        with shown(overlay, stage, tmp_path / "browser") as page:
            watching = pipeline.begin("watch", "--types", "obs", "--timeout", "20", "--json")
            scene, capture = {"sceneName": "On air"}, {"advanced": True, "server": stage, "show_cursor": False}
            asked(
                port,
                ("CreateScene", scene),
                ("CreateInput", scene | {"inputName": "Stage", "inputKind": "xshm_input", "inputSettings": capture}),
                ("SetCurrentProgramScene", scene),
                ("StartRecord", {}),
            )
            empty = picture(page, tmp_path)
            told = pipeline.command("emit", "tip", "user=ottoline", "amount=50", "currency=EUR")
            assert told.returncode == 0, told.stderr
            eventually(lambda: page.locator(".sa:not(.gone)").count() == 1)
            page.wait_for_timeout(1_500)  # it has entered, and the recording has frames of it
            full, box = picture(page, tmp_path), page.locator(".sa").bounding_box()
            page.wait_for_timeout(500)
            (stopped,) = asked(port, ("StopRecord", {}))
            eventually(lambda: not asked(port, ("GetRecordStatus", {}))[0]["outputActive"], 20)  # the file is complete
        last = pixels("-sseof", "-1", "-i", stopped["outputPath"])
        assert distance(full, empty, box) > 20
        assert distance(last, full, box) < distance(last, empty, box) / 3
        seen = states_of_obs(watching.communicate(timeout=60)[0])
        assert ("On air", True) in seen
        assert seen[-1] == ("On air", False)
        refused = pipeline.command("obs", "install", "--url", f"ws://127.0.0.1:{port}")
        assert "This OBS has no browser source" in refused.stderr
