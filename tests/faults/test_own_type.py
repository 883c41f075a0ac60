"""A new event type: one row in a copy of the project, and all files that are generated from it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import SUPERVISOR, Pipeline
from tests.web.conftest import missing

ROOT = SUPERVISOR.parent
COPIED = ("actors", "configs", "docs", "tools", "web_overlay", "tests/golden")
FAMILY = "actors/core/contract/types/match.py"
ROW = """

class Eclipse(Payload, frozen=True):
    \"""`body` is what covers the sun.\"""

    body: Word
    share: Count = 100
    witnesses: list[Player] = []


TYPES["eclipse"] = critical(
    6, Eclipse("moon", 98, [ADA]), "the sun was covered", Look("Eclipse", "bell", "warm"), "Eclipse", "Eclipse {share}"
)
"""
PAGE = """// @ts-check
/** @param {import("./events.js").Event} event @returns {string} */
export function said(event) {
  if (event.type !== "eclipse") return "";
  const { body, share, witnesses = [] } = event.payload;
  return `${body} ${share ?? 100} ${witnesses.map((player) => player.name).join(" ")}${%s}`;
}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with one row more, its files generated."""
    copy = tmp_path_factory.mktemp("project")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("supervisor.py", "jsconfig.json", "package.json", "tests/__init__.py"):
        shutil.copy(ROOT / file, copy / file)
    family = copy / FAMILY
    text = family.read_text(encoding="utf-8").replace("payload import ", "payload import Count, ")
    family.write_text(text + ROW, encoding="utf-8")
    for module in ("tools.docs", "tests.golden.make"):
        subprocess.run([sys.executable, "-m", module], cwd=copy, check=True, capture_output=True)
    return copy


@pytest.fixture(scope="module")
def running(project: Path) -> Iterator[Pipeline]:
    with Pipeline(supervisor=project / "supervisor.py") as pipeline:
        pipeline.start()
        yield pipeline


def test_the_generated_files_have_the_new_type(project: Path) -> None:
    assert "## eclipse" in (project / "docs/events.md").read_text(encoding="utf-8")
    schema = json.loads((project / "docs/events.schema.json").read_text(encoding="utf-8"))
    assert set(schema["$defs"]["Eclipse"]["properties"]) == {"body", "share", "witnesses"}
    golden = json.loads((project / "tests/golden/type_eclipse.json").read_text(encoding="utf-8"))
    assert golden["events"][0]["payload"]["body"] == "moon"
    for frame in (ROOT / "tests/golden").iterdir():
        assert (project / "tests/golden" / frame.name).read_bytes() == frame.read_bytes(), "a golden frame was edited"


@pytest.mark.parametrize(("expression", "fits"), [("event.payload.body", True), ("event.payload.colour", False)])
def test_the_declarations_narrow_an_event_to_the_new_payload(project: Path, expression: str, fits: bool) -> None:
    node, compiler = shutil.which("node"), ROOT / "node_modules/typescript/bin/tsc"
    if node is None or not compiler.exists():
        missing("typescript (npm install)")
    (project / "web_overlay/js/core/probe.mjs").write_text(PAGE % expression, encoding="utf-8")
    options = json.loads((project / "jsconfig.json").read_text(encoding="utf-8"))
    options["include"] = ["web_overlay/js/core/probe.mjs", "web_overlay/js/core/catalog.mjs"]
    options["compilerOptions"]["types"] = []
    (project / "probe.json").write_text(json.dumps(options), encoding="utf-8")
    done = subprocess.run(
        [str(node), str(compiler), "-p", "probe.json"], cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == fits, done.stdout
    assert ("Property 'colour' does not exist on type 'Eclipse'" in done.stdout) != fits


def test_emit_without_fields_sends_the_example_to_overlays(running: Pipeline) -> None:
    assert running.command("emit", "eclipse", "--id", "e1").returncode == 0
    assert running.command("emit", "eclipse", "share=40", "--id", "e2").returncode == 0
    told = running.command("why", "e2", "--json")
    assert json.loads(told.stdout)["history"]["type"] == "eclipse"
    wrong = running.command("emit", "eclipse", "colour=red")
    assert "expected body, [share], [witnesses]" in wrong.stderr


def test_the_old_name_of_the_new_type_is_accepted(running: Pipeline) -> None:
    old = {"event": "Eclipse 12", "id": "e3"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{running.ingest_port}/events",
        json.dumps(old).encode(),
        {"Authorization": f"Bearer {running.tokens.ingest}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["ids"] == ["e3"]


def test_the_catalog_has_the_title_and_example_of_the_new_type(running: Pipeline) -> None:
    url = f"http://127.0.0.1:{running.gateway_port}/static/js/core/catalog.mjs"
    with urllib.request.urlopen(url) as answer:
        line = next(line for line in answer.read().decode().splitlines() if '"eclipse"' in line)
    entry = json.loads(line.strip().removesuffix(","))
    assert (entry["title"], entry["icon"], entry["example"]["share"]) == ("Eclipse", "bell", 98)
