"""`/media/` of a real gateway: pictures from a platform of the test, and the user's own files."""

from __future__ import annotations

import contextlib
import http.server
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors.alert_rules import file_problems
from actors.core import alerts, emotes
from actors.gateway import media
from tests.sockets.gateway_rig import Rig
from tests.support import SLOWNESS, eventually

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 56, 56) + b"x" * 1_000
HUGE = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 16_000, 16_000) + b"x" * 1_000
KAPPA = "/static-cdn.jtvnw.net/emoticons/v2/25/default/dark/2.0"


class Cdn:
    """All platforms: `answers` maps a path to (status, headers, body) or a function that returns it."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        cdn = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                cdn.asked.append(self.path)
                answer = cdn.answers.get(self.path, (404, {}, b""))
                status, headers, body = answer() if isinstance(answer, Callable) else answer  # type: ignore[arg-type]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):  # the gateway disconnects when a picture is too large
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def has(self, path: str, body: bytes = PNG, status: int = 200, **headers: str) -> None:
        self.answers[path] = (status, headers, body)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    made = Cdn()
    yield made
    made.close()


@pytest.fixture
def rig(cdn: Cdn) -> Iterator[Rig]:
    made = Rig(f"gateway.emote_origin={cdn.origin}", "gateway.emote_bytes=4096")
    yield made
    made.close()


@pytest.mark.skipif(sys.platform != "linux", reason="counts of reads")
def test_requests_for_a_part_of_a_video_do_not_read_all_of_it(rig: Rig) -> None:
    folder = rig.run_dir / "overlays" / "media"
    folder.mkdir(parents=True)
    with (folder / "long.mp4").open("wb") as file:
        file.truncate(32 << 20)
    assert rig.process is not None
    gateway = psutil.Process(rig.process.pid)
    status, headers, _ = rig.request("/media/alerts/long.mp4", {"Range": "bytes=0-9"})
    before = gateway.io_counters().read_chars
    again, same, body = rig.request("/media/alerts/long.mp4", {"Range": "bytes=10-19"})
    assert (status, again, len(body), headers["Etag"]) == (206, 206, 10, same["Etag"])
    assert gateway.io_counters().read_chars - before < 1 << 20


def test_rules_of_alerts_are_read_again_after_a_change_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    read = media.read_rules
    monkeypatch.setattr(media, "read_rules", lambda folder: reads.append(folder) or read(folder))
    known = media.AlertRules(tmp_path)
    assert [known.current()["rules"] for _ in range(3)] == [[], [], []]
    (tmp_path / "alerts.toml").write_text('[[alert]]\ntype = "follow"\ntext = "hi"\nimage = "a.png"\n')
    found = [known.current() for _ in range(3)]
    assert (found[0]["rules"][0]["text"], len(found[0]["problems"]), len(reads)) == ("hi", 1, 2)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.png").write_bytes(PNG)
    assert (known.current()["problems"], len(reads)) == ([], 3)


def test_rules_stay_while_the_file_cannot_be_read(tmp_path: Path) -> None:
    file, known = tmp_path / "alerts.toml", media.AlertRules(tmp_path)
    file.write_text('[[alert]]\ntype = "follow"\ntext = "hi"\n')
    assert [rule["text"] for rule in known.current()["rules"]] == ["hi"]
    for broken in (b'[[alert]]\ntype = "follow\n', b"\xff", b"#" * (alerts.MAX_BYTES + 1)):
        file.write_bytes(broken)
        answer = known.current()
        assert ([rule["text"] for rule in answer["rules"]], len(answer["problems"])) == (["hi"], 1)
    file.write_text('[[alert]]\ntype = "raid"\ntext = "ahoy"\n')
    assert [rule["text"] for rule in known.current()["rules"]] == ["ahoy"]
    file.unlink()
    assert (known.current()["rules"], known.current()["problems"]) == ([], [])


def test_a_picture_is_fetched_once_and_survives_a_restart(rig: Rig, cdn: Cdn) -> None:
    cdn.has(KAPPA)
    status, headers, body = rig.request("/media/emote/twitch/25")
    assert (status, headers["Content-Type"], body) == (200, "image/png", PNG)
    assert "Server" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    rig.stop()
    rig.start()
    assert rig.request("/media/emote/twitch/25")[2] == PNG
    assert cdn.asked == [KAPPA]
    again = rig.request("/media/emote/twitch/25", {"If-None-Match": headers["Etag"]})
    assert (again[0], again[2]) == (304, b"")
    assert rig.metric("emote_hits_total") == 2


def test_many_requests_for_one_picture_are_one_fetch(rig: Rig, cdn: Cdn) -> None:
    gate = threading.Event()

    def slow() -> tuple[int, dict[str, str], bytes]:
        assert gate.wait(10 * SLOWNESS)
        return 200, {}, PNG

    cdn.answers[KAPPA] = slow
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(rig.request, "/media/emote/twitch/25") for _ in range(12)]
        while rig.metric("http_requests_total") < 12:
            pass
        gate.set()
        assert {answer.result()[0] for answer in asked} == {200}
    assert cdn.asked == [KAPPA]


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}, b""),
        (500, {}, b"<html>"),
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
        (200, {"Content-Type": "image/png"}, b"<script>alert(1)</script>"),
        (200, {"Content-Type": "image/svg+xml"}, b"<svg/>"),
        (200, {}, b""),
        (200, {}, PNG + b"x" * emotes.MAX_BYTES),
        (200, {}, HUGE),
        (200, {"X-Long": "x" * 20_000}, PNG),
        (200, {"Content-Length": "-1"}, PNG),
        (200, {"Content-Encoding": "gzip"}, b"x"),
    ],
    ids=["missing", "failed", "redirect", "script", "svg", "empty", "large", "pixels", "header", "length", "encoding"],
)
def test_an_invalid_picture_is_refused_and_not_fetched_again(rig: Rig, cdn: Cdn, answer: Any) -> None:
    cdn.answers[KAPPA] = answer
    for _ in range(3):
        status, headers, _body = rig.request("/media/emote/twitch/25")
        assert (status, headers["Content-Type"]) == (404, "application/json")
    assert cdn.asked == [KAPPA]
    assert rig.metric("emote_failures_total") == 1
    assert not (rig.run_dir / "emotes" / "twitch-25").exists()


@pytest.mark.parametrize(
    "path",
    ["twitch/25x", "twitch/..%2f25", "twitch/../25", "nobody/25", "twitch/", "twitch/25/26", "twitch/%00", "7tv/25"],
)
def test_an_invalid_picture_id_is_never_fetched(rig: Rig, cdn: Cdn, path: str) -> None:
    assert rig.request(f"/media/emote/{path}")[0] == 404
    assert cdn.asked == []


def test_requests_with_a_foreign_host_get_no_pictures(rig: Rig, cdn: Cdn) -> None:
    assert rig.request("/media/emote/twitch/25", {"Host": "evil.example"})[0] == 421
    assert cdn.asked == []


def test_a_page_of_another_site_in_the_network_has_no_picture_fetched(cdn: Cdn) -> None:
    cdn.has(KAPPA)
    rig = Rig(f"gateway.emote_origin={cdn.origin}", 'gateway.allowed_hosts=["stream-pc.lan"]')
    try:
        host = f"stream-pc.lan:{rig.port}"
        for stranger in ({"Host": host}, {"Host": host, "Referer": "http://evil.test/"}):
            assert rig.request("/media/emote/twitch/25", stranger)[0] == 404
        assert cdn.asked == []
        overlay = {"Host": host, "Referer": f"http://{host}/overlay/?overlay_id=left"}
        assert rig.request("/media/emote/twitch/25", overlay)[0] == 200
        assert cdn.asked == [KAPPA]
    finally:
        rig.close()


def test_the_cache_is_bounded_in_bytes(rig: Rig, cdn: Cdn) -> None:
    for number in range(8):
        path = f"/static-cdn.jtvnw.net/emoticons/v2/{number}/default/dark/2.0"
        cdn.has(path)
        assert rig.request(f"/media/emote/twitch/{number}")[0] == 200
    kept = {path.name: path.stat().st_size for path in (rig.run_dir / "emotes").iterdir()}
    assert sum(kept.values()) <= 4096
    assert "twitch-7" in kept


@pytest.fixture(scope="module")
def files() -> Iterator[Rig]:
    made = Rig()
    media = made.run_dir / "overlays" / "media"
    media.mkdir(parents=True)
    (media / "party time.mp4").write_bytes(bytes(range(256)) * 4)
    (media / "page.html").write_text("<script>")
    (media / ".hidden.png").write_bytes(PNG)
    (made.run_dir / "overlays" / "secret.png").write_bytes(PNG)
    yield made
    made.close()


def test_a_video_is_served_in_ranges(files: Rig) -> None:
    status, headers, body = files.request("/media/alerts/party%20time.mp4", {"Range": "bytes=10-19"})
    assert (status, headers["Content-Type"], body) == (206, "video/mp4", bytes(range(10, 20)))
    assert headers["Content-Range"] == "bytes 10-19/1024"


def test_a_picture_of_many_pixels_is_not_served_and_a_problem_of_its_rule(files: Rig) -> None:
    media = files.run_dir / "overlays" / "media"
    bitmap = b"BM" + struct.pack("<IIIIii", 1_080, 0, 1_078, 40, 16_000, 16_000)  # a page decodes it all the same
    bodies = {"huge.png": HUGE, "bitmap.png": bitmap, "unknown.avif": b"", "usual.png": PNG}
    for name, body in bodies.items():
        (media / name).write_bytes(body)
    assert [files.request(f"/media/alerts/{name}")[0] for name in bodies] == [413, 413, 413, 200]
    own = files.run_dir / "overlays" / "themes" / "huge"
    own.mkdir(parents=True)
    (own / "preview.webp").write_bytes(HUGE)
    assert files.request("/themes/huge/preview.webp")[0] == 413
    os.mkfifo(media / "pipe.png")
    for name in ("huge.png", "pipe.png"):
        assert file_problems(media / name)[0].startswith(f"overlays/media/{name}: ")
    assert file_problems(media / "usual.png") == []


@pytest.mark.parametrize(
    "name",
    ["page.html", ".hidden.png", "../secret.png", "..%2fsecret.png", "%2e%2e/secret.png", "", "none.png", "a:b.png"],
)
def test_other_files_of_the_folder_are_not_served(files: Rig, name: str) -> None:
    assert files.request(f"/media/alerts/{name}")[0] in (403, 404)


def test_changed_rules_are_read_and_their_faults_reported(files: Rig) -> None:
    rules = files.run_dir / "overlays" / "alerts.toml"
    client = files.joined()
    status, answer = files.get("/media/alerts.json")
    assert (status, answer["rules"], answer["problems"]) == (200, [], [])
    version = answer["version"]
    rules.write_text('[[alert]]\ntype = "raid"\nfrom = 10\nvideo = "party time.mp4"\nsound = "none.mp3"\n')
    status, answer = files.get("/media/alerts.json")
    assert (status, answer["rules"][0]["from"]) == (200, 10)
    assert answer["version"] != version
    client.until("alerts")
    (files.run_dir / "overlays" / "media" / "party time.mp4").write_bytes(b"another")
    client.until("alerts")
    assert answer["problems"] == ["overlays/media/none.mp3: No such file or directory"]
    for text, problem in [
        (b"[[alert]", "alerts.toml: "),
        (b"\xff", "alerts.toml: "),
        (b"#" * 300_000, "256 KiB"),
        (b".".join([b"a"] * 100_000) + b" = 1", "99999 of them in line 1"),  # minutes without a bound
        (b"\n".join(b"a.b%d = 1" % number for number in range(3_000)), "3000 dots"),
        (b"a = " + b"[" * 100_000, "recursion"),
        (b"a = " + b"9" * 5_000, "digits"),
    ]:
        rules.write_bytes(text)
        assert problem in files.get("/media/alerts.json")[1]["problems"][0]


def test_rules_and_layouts_that_are_pipes_block_no_gateway(rig: Rig) -> None:
    layouts = rig.run_dir / "overlays" / "layouts"
    layouts.mkdir(parents=True, exist_ok=True)
    rules = rig.run_dir / "overlays" / "alerts.toml"
    kept = rules.read_bytes() if rules.exists() else None
    rules.unlink(missing_ok=True)
    try:
        for fifo in (rules, layouts / "pipe.json"):
            os.mkfifo(fifo)
        status, answer = rig.get("/media/alerts.json")
        assert (status, "not a regular file" in answer["problems"][0]) == (200, True)
        eventually(lambda: "not a regular file" in rig.get("/api/layout?overlay=pipe", rig.tokens.control)[1]["error"])
    finally:
        rules.unlink()
        (layouts / "pipe.json").unlink()
        if kept is not None:
            rules.write_bytes(kept)


def test_a_link_out_of_a_user_folder_is_not_followed(rig: Rig) -> None:
    for folder, address, name in (
        ("overlays/widgets", "/widgets", "leak.json"),
        ("overlays/themes/leaky", "/themes/leaky", "leak.json"),
        ("overlays/media", "/media/alerts", "leak.png"),
    ):
        place = rig.run_dir / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / name).symlink_to(rig.run_dir / "tokens.json")
        (place / "out").symlink_to(rig.run_dir)
        try:
            assert rig.request(f"{address}/{name}")[0] == 403
            assert rig.request(f"{address}/out/tokens.json")[0] in (403, 404)
        finally:
            (place / name).unlink()
            (place / "out").unlink()


def test_the_files_that_can_be_logos_are_listed(rig: Rig) -> None:
    folder = rig.run_dir / "overlays" / "media"
    place = {"folder": str(folder.absolute())}
    assert rig.get("/api/media", rig.tokens.control) == (200, {**place, "pictures": []})
    (folder / "folder.png").mkdir(parents=True)
    others = ("horn.mp3", ".hidden.png", "a:b.png", "x" * 60 + ".png", "two\nlines.png", os.fsdecode(b"\xff.png"))
    for name in ("foxes.png", "Bären 1.webp", *others):
        (folder / name).touch()
    assert rig.get("/api/media", rig.tokens.control)[1] == {
        **place,
        "pictures": ["Bären 1.webp", "foxes.png"],
    }


def test_a_folder_in_the_home_directory_does_not_name_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    for home, shown in (("/home/ada", "~/run/media"), ("/home/bo", "/home/ada/run/media")):
        monkeypatch.setenv("HOME", home)
        assert media.shown(Path("/home/ada/run/media")) == shown
