"""The overlay in OBS: its browser source, corrections, and `obs install|status|heal` with a simulated server."""

import json
import os
import subprocess
import sys
from pathlib import Path, PurePath

import msgspec
import pytest
from msgspec import Struct

from actors import config, tokens
from actors.commands import obs_target
from actors.core.delivery.presence import STALLED
from actors.core.sources import obs_overlay
from actors.core.sources.obs_overlay import Canvas, Found, Place, Stall
from actors.errors import BadInput
from actors.producers import obs_files
from actors.producers import obs_overlay as healing
from actors.producers.obs_files import ObsServer
from actors.producers.obs_link import link
from actors.secrets import Secrets
from bench.ports import free_ports
from tests.sockets.actors import CORE, Actors
from tests.sources.obs_peer import Obs
from tests.support import SUPERVISOR, eventually, run_async

ORIGIN, TOKEN = "http://127.0.0.1:7700", "new-token"
URL = f"{ORIGIN}/overlay/?overlay_id=obs#k={TOKEN}"
CANVAS = Canvas(1920, 1080, 60_000, 1_001)
RIGHT = {"url": URL, "width": 1920, "height": 1080, "fps": 60, "fps_custom": False, "is_local_file": False,
         "shutdown": False, "restart_when_active": False}  # fmt: skip
HERE = (Place("Game", "Game", 7, True),)
FOUND = Found("Framewire", "Game", ("Game", "Pause"), CANVAS, "browser_source", RIGHT, HERE)


def found(**changes):
    """Return the right state, but for `changes`; settings of the source may be changed by their names."""
    own = {key: changes.pop(key) for key in list(changes) if key in RIGHT}
    return msgspec.structs.replace(FOUND, **({"settings": RIGHT | own} | changes))


def changed(**settings):
    return [("SetInputSettings", {"inputSettings": settings})]


def shown(scene, item):
    return [("SetSceneItemEnabled", {"sceneName": scene, "sceneItemId": item, "sceneItemEnabled": True})]


OWN = URL.replace("=obs", "=main&theme=minimal&widgets=chat,score")
CREATED = {"inputName": "Framewire", "inputKind": "browser_source", "sceneName": "Game", "inputSettings": RIGHT}
ADDED = {"sceneName": "Game", "sourceName": "Framewire"}
# state: (a part of each finding, the type and data of each request)
STATES = {
    "right": (FOUND, [], []),
    "missing": (found(kind=None, settings={}, places=()), ["no source 'Framewire'"], [("CreateInput", CREATED)]),
    "an old token": (found(url=URL.replace(TOKEN, "old")), ["a token that is not valid"], changed(url=URL)),
    "another port": (found(url=URL.replace("7700", "7800")), ["the server '127.0.0.1:7800'"], changed(url=URL)),
    "own parameters": (found(url=OWN.replace(TOKEN, "old")), ["token"], changed(url=OWN)),
    "no overlay_id": (found(url=URL.replace("?overlay_id=obs", "")), ["no overlay_id"], changed(url=URL)),
    "another page": (found(url="https://example.com/"), ["not that of an overlay"], changed(url=URL)),
    "no page": (found(url="http://["), ["not that of an overlay"], changed(url=URL)),
    "a file": (found(is_local_file=True), ["Local file"], changed(is_local_file=False)),
    "a small size": (found(width=800, height=600), ["800 × 600, the canvas is 1920"], changed(width=1920, height=1080)),
    "a frame rate": (
        found(fps=30, fps_custom=True),
        ["30, that of OBS is 60", "custom"],
        changed(fps=60, fps_custom=False),
    ),
    "shut down and refreshed": (
        found(shutdown=True, restart_when_active=True),
        ["Shutdown", "Refresh"],
        changed(shutdown=False, restart_when_active=False),
    ),
    "hidden": (found(places=(Place("Game", "Game", 7, False),)), ["hidden in the scene 'Game'"], shown("Game", 7)),
    "hidden in a group": (found(places=(Place("Game", "Group", 3, False),)), ["hidden"], shown("Group", 3)),
    "hidden elsewhere": (found(places=(Place("Pause", "Pause", 7, False),)), ["hidden in the scene 'Pause'"], []),
    "in no scene": (found(places=()), ["No scene has"], [("CreateSceneItem", ADDED)]),
}


@pytest.mark.parametrize("name", STATES)
def test_wrong_settings_of_the_browser_source_are_reported_and_corrected(name):
    state, wrong, requests = STATES[name]
    said = obs_overlay.findings(state, ORIGIN, TOKEN)
    assert len(said) == len(wrong)
    assert all(part in text for part, text in zip(wrong, said, strict=True))
    steps = obs_overlay.steps(state, ORIGIN, TOKEN)
    assert [step.type for step in steps] == [type_ for type_, _ in requests]
    assert all(data.items() <= step.data.items() for (_, data), step in zip(requests, steps, strict=True))
    assert not any(TOKEN in text or "old" in text.split() for text in [*said, *(step.text for step in steps)])


def test_a_named_scene_also_gets_the_browser_source():
    (step,) = obs_overlay.steps(FOUND, ORIGIN, TOKEN, "Pause")
    assert (step.type, step.data["sceneName"]) == ("CreateSceneItem", "Pause")
    with pytest.raises(BadInput, match=r"no scene 'Lobby'. Scenes: Game, Pause"):
        obs_overlay.steps(FOUND, ORIGIN, TOKEN, "Lobby")
    with pytest.raises(BadInput, match="of kind color_source_v3, expected browser_source; choose another name"):
        obs_overlay.steps(found(kind="color_source_v3"), ORIGIN, TOKEN)


class Client(Struct):
    overlay_id: str
    condition: str = "live"


MAIN, STUCK, OTHER = Client("obs"), Client("obs", STALLED), Client("other")
ABSENT, RENDERS = "not connected", "does not render"
STALLS = [
    ([(0, [MAIN]), (99, [MAIN])], ""),
    ([(0, [Client("obs", "hidden")]), (99, [Client("obs", "catchup")])], ""),
    ([(0, []), (19, [])], ""),
    ([(0, []), (20, [])], ABSENT),
    ([(0, [OTHER]), (20, [OTHER])], ABSENT),
    ([(0, []), (15, [MAIN]), (20, []), (35, [])], ""),
    ([(0, [STUCK]), (19, [STUCK])], ""),
    ([(0, [STUCK]), (20, [STUCK])], RENDERS),
    ([(0, [STUCK]), (10, []), (20, [STUCK])], RENDERS),
    ([(0, [STUCK, MAIN]), (20, [STUCK, MAIN])], ""),
]


@pytest.mark.parametrize(("history", "expected"), STALLS)
def test_an_overlay_stalls_after_repeated_reports_of_the_gateway(history, expected):
    stall = Stall("obs", 20.0)
    said = [stall.see(clients, now_s) for now_s, clients in history]
    assert not any(said[:-1])
    assert bool(said[-1]) == bool(expected)
    assert expected in said[-1]


INI = (
    "\ufeff[General]\nFirstRun=true\n[OBSWebSocket]\nServerEnabled=true\nServerPort=4477\n"
    "AuthRequired={auth}\nServerPassword=a%b\n"
)
JSON = {
    "server_enabled": True,
    "server_port": 4460,
    "server_password": "p",
    "auth_required": True,
    "alerts_enabled": False,
}
FILES = [
    ("config.json", json.dumps(JSON), ObsServer(True, 4460, "p")),
    ("config.json", json.dumps(JSON | {"auth_required": False, "server_enabled": False}), ObsServer(False, 4460, "")),
    ("global.ini", INI.format(auth="true"), ObsServer(True, 4477, "a%b")),
    ("global.ini", INI.format(auth="false"), ObsServer(True, 4477, "")),
    ("global.ini", "[General]\nFirstRun=true\n", None),
    ("config.json", "{", BadInput),
    ("config.json", '{"server_port": "x"}', BadInput),
    ("global.ini", "FirstRun", BadInput),
    ("global.ini", INI.format(auth="perhaps"), BadInput),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), FILES)
def test_the_files_of_obs_are_read(name, text, expected):
    if expected is BadInput:
        with pytest.raises(BadInput, match=name):
            obs_files.parse(PurePath(name), text.encode())
    else:
        assert obs_files.parse(PurePath(name), text.encode()) == expected


# The commands


@pytest.fixture
def home(tmp_path):
    """A home directory whose OBS keeps the password of the server."""
    (tmp_path / ".config/obs-studio").mkdir(parents=True)
    return tmp_path


def keep_password(home, server, password="pass"):
    port = server.url.split(":")[2].split("/")[0]
    text = INI.format(auth="true").replace("4477", port).replace("a%b", password)
    (home / ".config/obs-studio/global.ini").write_text(text)


def run(home, *arguments):
    command = [sys.executable, str(SUPERVISOR), "obs", *arguments, "--set", f"run_dir={home}/run"]
    environment = os.environ | {"HOME": str(home)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, check=False, stdin=subprocess.DEVNULL
    )


def test_the_browser_source_is_installed_once(home):
    with Obs() as server:
        keep_password(home, server)
        first = run(home, "install")
        assert first.returncode == 0, first.stderr
        assert "Created 'Framewire' in the scene 'Gameplay'" in first.stdout
        assert '[sources.obs]\nkind = "obs"\nheal = true\n' in first.stdout
        made = server.inputs["Framewire"]
        token = tokens.load(home / "run").display
        assert made["settings"]["url"] == f"http://127.0.0.1:7700/overlay/?overlay_id=obs#k={token}"
        assert (made["settings"]["width"], made["settings"]["height"], made["settings"]["fps"]) == (1280, 720, 60)
        assert server.changes == ["CreateInput"]
        again = run(home, "install")
        assert "nothing was changed" in again.stdout
        assert server.changes == ["CreateInput"]
        assert token not in first.stdout + first.stderr + again.stdout
        tokens.rotate(home / "run", "display")
        server.scenes["Gameplay"]["Framewire"][1] = False
        assert run(home, "status").returncode == 1
        corrected = run(home, "install", "--scene", "Gameplay")
        assert corrected.stdout.startswith(
            "Changed 'Framewire': address\nMade 'Framewire' visible in the scene 'Gameplay'"
        )
        assert tokens.load(home / "run").display in made["settings"]["url"]
    assert Secrets(home / "run").get("obs") == "pass", "the password that OBS accepted is kept"


def test_a_browser_source_made_by_hand_is_used(home):
    with Obs() as server:
        keep_password(home, server)
        server.inputs["Overlay"] = {"kind": "browser_source", "settings": {"url": "http://127.0.0.1:7700/overlay/#k=x"}}
        server.inputs["Other"] = {"kind": "browser_source", "settings": {"url": "https://example.com/overlay/"}}
        server.scenes["Break"]["Overlay"] = [5, True]
        done = run(home, "install")
        assert done.returncode == 0, done.stderr
        assert set(server.inputs) == {"Overlay", "Other"}
        assert server.changes == ["SetInputSettings"]


def test_the_status_names_every_problem(home):
    with Obs() as server:
        keep_password(home, server)
        nothing = run(home, "status")
        assert nothing.returncode == 1
        assert "There is no source 'Framewire' in OBS" in nothing.stdout
        run(home, "install")
        server.inputs["Framewire"]["settings"] |= {"width": 640, "shutdown": True}
        found = run(home, "status", "--json")
        told = json.loads(found.stdout)
        assert told["scenes"] == ["Gameplay"]
        assert told["canvas"] == [1280, 720, 60]
        assert [text.split(",")[0] for text in told["wrong"][:2]] == [
            "Its size is 640 × 720",
            '"Shutdown source when not visible" is on',
        ]
        run(home, "install")
        assert "Framewire does not answer" in run(home, "status").stdout
        assert server.changes == ["CreateInput", "SetInputSettings"], "the status changes nothing"


def test_a_failure_is_reported_with_its_reason(home):
    with Obs() as server:
        closed = run(home, "install", "--url", f"ws://127.0.0.1:{free_ports(1)[0]}")
        assert closed.stderr.startswith("error: OBS is closed, or its WebSocket server is off")
        assert "Start OBS, and enable its server" in closed.stderr
        page = home / "run/overlays/obs.html"
        assert closed.stdout.startswith("OBS cannot be reached")
        assert f"Local file: on; {page}" in closed.stdout
        assert tokens.load(home / "run").display in page.read_text()
        page.unlink()
        keep_password(home, server, "wrong")
        wrong = run(home, "install")
        assert wrong.stderr.startswith("error: OBS refuses the password")
        assert not (home / "run/secrets/obs").exists(), "a password that OBS did not accept is not kept"
        keep_password(home, server)
        server.kinds.remove("browser_source")
        without = run(home, "install")
        assert "error: This OBS has no browser source" in without.stderr
        assert {closed.returncode, wrong.returncode, without.returncode} == {2, 3}
        assert "Local file: on" in wrong.stdout
        assert "Local file" not in without.stdout


def test_obs_on_another_machine_needs_a_reachable_address(home):
    done = run(home, "install", "--url", "ws://192.0.2.7:4455")
    assert done.returncode == 2
    assert "--gateway" in done.stderr


def test_text_of_an_address_stays_text_in_the_local_page():
    text = obs_overlay.page('const address = "ADDRESS";', "", "http://h</script>", TOKEN)
    assert "<" not in text
    assert obs_overlay.address_in(text) == f"http://h</script>/overlay/?overlay_id=obs#k={TOKEN}"


# Healing


def installed(server, actors, token):
    url = f"http://127.0.0.1:{actors.settings.gateway.port}/overlay/?overlay_id=obs#k={token}"
    server.inputs["Framewire"] = {"kind": "browser_source", "settings": RIGHT | {"url": url}}
    server.scenes["Gameplay"]["Framewire"] = [1, True]


def test_a_disconnected_overlay_is_reloaded_once_a_minute():
    async def looks(url, times_s):
        healer = healing.Healer(actors.run_dir, "Framewire", patience_s=20.0)
        async with link(url, lambda: "pass", "obs") as opened:
            return [await healer.look(opened, lambda now_s=now_s: now_s) for now_s in times_s]

    with Obs() as server, Actors(f"gateway.port={free_ports(1)[0]}") as actors:
        actors.start(*CORE, "gateway-1")
        installed(server, actors, actors.tokens.display)
        done = run_async(looks(server.url, [0.0, 10.0, 20.0, 30.0, 50.0, 79.0, 81.0, 100.0, 101.0]))
        assert [bool(text) for text in done] == [False, False, True, False, False, False, False, False, True]
        assert "not connected to the gateway" in done[2]
        assert server.changes == ["PressInputPropertiesButton"] * 2
        server.scenes["Gameplay"]["Framewire"][1] = False
        assert run_async(looks(server.url, [0.0, 30.0])) == ["", ""], "it is hidden"


def heal(actors, server, *options):
    command = [sys.executable, str(SUPERVISOR), "obs", "heal", "--url", server.url.replace("/feed", ""), *options]
    done = subprocess.run(
        [*command, "--set", f"run_dir={actors.run_dir}"],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_gives_obs_the_new_token_and_loads_a_lost_overlay_again():
    with Obs() as server, Actors(f"gateway.port={free_ports(1)[0]}") as actors:
        Secrets(actors.run_dir).set("obs", "pass")
        actors.start("broadcaster", "queue-manager", "gateway-1")
        installed(server, actors, "old")
        assert heal(actors, server) == "'Framewire' has the new token\n"
        assert "was reloaded: it is not connected" in heal(actors, server)
        server.scenes["Gameplay"]["Framewire"][1] = False
        assert heal(actors, server).startswith("Nothing to do")
        assert heal(actors, server, "--force") == "'Framewire' was reloaded\n"
        assert server.changes == ["SetInputSettings", "PressInputPropertiesButton", "PressInputPropertiesButton"]


def test_the_source_gives_obs_the_new_token_by_itself():
    with Obs() as server, Actors(f'sources.obs={{kind="obs",url="{server.url}",heal=true}}') as actors:
        installed(server, actors, "old")
        Secrets(actors.run_dir).set("obs", "pass")
        actors.start(*CORE, "obs")
        settings = server.inputs["Framewire"]["settings"]
        eventually(lambda: settings["url"].endswith(f"?overlay_id=obs#k={actors.tokens.display}"), 20)
        assert server.changes == ["SetInputSettings"]


@pytest.mark.parametrize(
    ("origin", "kept"),
    [
        ("http://127.0.0.1:7700", True),
        ("http://localhost:8800", True),
        ("http://[::1]:7700", True),
        ("https://stream.example", True),
        ("http://pc.lan:7700", True),
        ("http://overlays.example", False),
        ("http://192.0.2.7:7700", False),
        ("http://127.0.0.1:7700@overlays.example", False),
        ("http://overlays.example\\\\@127.0.0.1", False),
        ("http://overlays.example\\@127.0.0.1", False),
        ("http://stream.example.overlays.example", False),
        ("file://127.0.0.1", False),
        ("http://", False),
    ],
)
def test_only_an_address_of_the_gateway_gets_the_token(origin, kept):
    settings = config.parse(b"", "a test", ['gateway.allowed_hosts=["stream.example", "pc.lan:7700"]'])
    assert healing.own_origin_in(f"{origin}/overlay/?overlay_id=obs#k=old", settings) == (origin if kept else "")


def test_a_source_of_our_name_in_foreign_scenes_gets_no_token():
    with Obs() as server, Actors(f"gateway.port={free_ports(1)[0]}") as actors:
        Secrets(actors.run_dir).set("obs", "pass")
        actors.start("broadcaster", "queue-manager", "gateway-1")
        installed(server, actors, "old")
        address = "http://overlays.example/overlay/?overlay_id=obs#k=old"
        server.inputs["Framewire"]["settings"]["url"] = address
        assert heal(actors, server).startswith("Nothing to do")
        assert server.inputs["Framewire"]["settings"]["url"] == address


def test_settings_of_obs_that_are_no_files_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path / obs_files.HOMES[0] / obs_files.FILES[0]
    place.parent.mkdir(parents=True)
    os.mkfifo(place)  # a reader would wait for a writer
    assert obs_target.local_server() == (None, "")
    place.unlink()
    place.write_text('{"server_enabled": true, "server_port": 4466}')
    assert obs_target.local_server() == (obs_files.ObsServer(True, 4466), str(place))
