"""Programs of another user of this machine that answer in the place of OBS or a game."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors import commands, config, host, tokens
from actors.producers.http_call import HttpApi
from actors.producers.sources import obs
from actors.producers.spec import SourceRefused
from tests.sources import rig
from tests.sources.test_lol import CERTIFICATE
from tests.support import STRANGER, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the user of a connection")
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")

BECOME = f"import os; os.setgroups([]); os.setgid({STRANGER}); os.setuid({STRANGER})"
GREETS = f"""
from websockets.sync.server import serve
{BECOME}
server = serve(lambda connection: connection.recv(), "127.0.0.1", 0)
print(server.socket.getsockname()[1], flush=True)
server.serve_forever()
"""
LISTENS = f"""
import socket, ssl, sys
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1])
{BECOME}
server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
print(server.getsockname()[1], flush=True)
kept = tls.wrap_socket(server.accept()[0], server_side=True)
kept.recv(1)
"""


@contextmanager
def program(code: str, *arguments: str) -> Iterator[int]:
    """Run a server of another user; yield its port."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@as_root
def test_obs_receives_nothing_from_a_program_of_another_user(tmp_path: Path) -> None:
    with program(GREETS) as port:
        session = rig.Session(tmp_path, "obs", {"kind": "obs", "url": f"ws://127.0.0.1:{port}"})
        _, error = rig.run(obs, session, until=lambda _: False)
    assert isinstance(error, SourceRefused)
    assert f"a program of the user {host.user_name(STRANGER)} answers instead of OBS" in str(error)


@as_root
def test_a_game_of_another_user_is_not_asked(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_text(CERTIFICATE)
    with (
        program(LISTENS, str(certificate)) as port,
        HttpApi(f"https://127.0.0.1:{port}", trusted=True) as api,
        pytest.raises(SourceRefused, match=r"answers instead of 127\.0\.0\.1"),
    ):
        api.call("GET", "/", {})


ANSWERS = f"""
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{{}}")
    do_POST = do_GET
server = HTTPServer(("127.0.0.1", 0), Handler)
{BECOME}
print(server.server_port, flush=True)
server.serve_forever()
"""
COMMANDS = [("clear", ANSWERS), ("emit chat user=ada text=x", ANSWERS), ("why x", ANSWERS), ("watch", GREETS)]


@as_root
@pytest.mark.parametrize(("words", "server"), COMMANDS, ids=[words.split()[0] for words, _ in COMMANDS])
def test_a_command_sends_no_token_to_a_program_of_another_user(tmp_path: Path, words: str, server: str) -> None:
    tokens.load_or_create(host.private_directory(tmp_path))
    with program(server) as port:
        mine, other = ("ingest", "gateway") if words.startswith(("clear", "emit")) else ("gateway", "ingest")
        settings = config.of_tree({"run_dir": str(tmp_path), mine: {"port": port}, other: {"port": port - 1}})
        (tmp_path / config.SETTINGS_FILE).write_bytes(config.encode(settings))
        command = [sys.executable, "-m", "actors.entry", *words.split(), "--set", f"run_dir={tmp_path}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"a program of the user {host.user_name(STRANGER)} answers at the port of Framewire" in done.stderr
    assert done.returncode == commands.NOT_RUNNING


def test_the_user_of_a_peer_that_has_gone_is_not_guessed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as mine:
        peer, _ = server.accept()
        with peer:
            assert host.stranger(mine) == ""

        def refused() -> bool:
            try:
                return bool(host.stranger(mine))
            except OSError:
                return True

        eventually(refused)
