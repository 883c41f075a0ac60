"""examples/overlay_client.py, as a user runs it, while the gateway is killed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import threading

from tests.sockets.gateway_rig import ROOT, Rig
from tests.support import SLOWNESS, eventually

EXAMPLE = ROOT / "examples" / "overlay_client.py"


def test_the_example_client_imports_no_framewire_code():
    tree = ast.parse(EXAMPLE.read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    roots = {str(name).split(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) == {"websockets"}


def test_the_example_client_prints_every_event_once_and_exits_on_a_wrong_token():
    rig = Rig()
    command = [sys.executable, str(EXAMPLE), f"ws://127.0.0.1:{rig.port}/ws"]
    place = ["--epoch", rig.epoch, "--position", "0"]
    process = subprocess.Popen(
        [*command, rig.tokens.display, *place], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
    reader.start()
    try:
        for _ in range(3):
            for _ in range(20):
                rig.send(2)
            rig.kill()
            rig.send(5)
            rig.start()
        rig.send()
        eventually(lambda: len(lines) >= rig.top, 15)
        assert [json.loads(line)["position"] for line in list(lines)] == list(range(1, rig.top + 1))
        eventually(lambda: [row["position"] for row in rig.status()["clients"]] == [rig.top])
        refused = subprocess.run(
            [*command, "wrong"], stderr=subprocess.PIPE, text=True, timeout=20 * SLOWNESS, check=False
        )
        assert (refused.returncode, "4500" in refused.stderr) == (1, True)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        rig.close()
