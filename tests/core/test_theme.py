"""Themes: the same rules as in the page, and legibility over any video."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from actors import program
from actors.commands import theme as theme_command
from actors.core import theme
from actors.errors import BadInput
from tools import tokens

TABLE = tokens.load()
SHIPPED = sorted((program.ROOT / "web_overlay" / "themes").glob("*/theme.json"))


def faults(**values: str) -> list[str]:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return theme.faults({"name": "mine", "version": 1, "description": "", "tokens": named}, TABLE)


def test_a_theme_with_endless_tokens_is_refused_before_they_are_compared() -> None:
    assert faults(**{f"token{number}": "#ffffff" for number in range(20_000)}) == [
        "tokens: got 20000, expected at most 500"
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_shipped_themes_have_no_faults(path: Any) -> None:
    assert theme.faults(json.loads(path.read_text()), TABLE) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"acent": "#ffffff"}, "acent: unknown token; the nearest is accent"),
        ({"accent": "red"}, "accent: got red, expected #rrggbb or #rrggbbaa in lower case"),
        ({"motion": "bounce"}, "motion: got bounce, expected wipe or fade or cut"),
        ({"size_row": ".1rem"}, "size-row: got .1rem, expected 0.24 to 0.5"),
        ({"pulse": "200ms"}, "pulse: got 200ms, expected 400 to 5000"),
        ({"enter": "٣ms"}, "enter: got ٣ms, expected a duration in whole ms"),
        ({"size_row": ".4rem"}, "row: got 0.44rem, expected 0.48rem or more for text of 0.4rem"),
        ({"ink": "#445566"}, "ink on panel: a contrast of 2.4:1 over some video, expected 4.5:1 or more"),
        ({"ink_on_accent": "#ffffff"}, "ink-on-accent on accent: a contrast of 1.3:1 over some video"),
        ({"team_red": "#801010"}, "team-red on panel: a contrast of"),
        ({"panel": "#0f141bb0"}, "panel: 0.69 opaque, expected 0.85 or more, or text-outline: ring"),
        ({"panel": "#f0f0f0", "ink": "#000000"}, "panel: a luminance of 0.871 over white video"),
        ({"text_outline": "ring", "outline": "#ffffffff"}, "outline: a luminance of 1.000 over white video"),
    ],
)
def test_faults_of_a_theme_are_reported(values: dict[str, str], said: str) -> None:
    assert any(line.startswith(said) for line in faults(**values)), faults(**values)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_theme_has_a_small_picture(path: Any) -> None:
    picture = (path.parent / "preview.webp").read_bytes()
    assert len(picture) <= 60_000
    assert (picture[:4], picture[8:15]) == (b"RIFF", b"WEBPVP8")


def test_a_theme_without_panels_needs_an_outline() -> None:
    assert faults(text_outline="ring", panel="#00000000", outline="#000000ff") == []


@pytest.mark.parametrize("value", [None, [], 1, {}, {"name": "a", "version": 1, "description": "", "tokens": []}])
def test_an_invalid_theme_is_refused(value: object) -> None:
    assert theme.faults(value, TABLE)


def test_an_unknown_field_is_refused() -> None:
    value = {"name": "a", "version": 1, "description": "", "tokens": {}, "script": "x"}
    assert theme.faults(value, TABLE) == ["script: unknown field, expected name, version, description, tokens"]


def test_linear_blending_gives_the_lower_contrast() -> None:
    """White video behind 60 % of black: text that is legible in a browser is grey in OBS (docs/themes.md)."""
    looks = theme.seen(theme.color("#00000099"))
    contrasts = [theme.contrast((1.0, 1.0, 1.0), look) for look in looks]
    assert contrasts == pytest.approx([21.0, 21.0, 5.7, 2.3], abs=0.06)


def test_the_command_prints_the_faults_and_fails(tmp_path: Any) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    path = folder / "theme.json"

    def run() -> tuple[int, str]:
        done = CliRunner().invoke(theme_command.command, ["check", str(folder)])
        return done.exit_code, done.output + str(done.exception or "")

    assert run()[0] != 0
    path.write_text("{")
    assert "expected JSON" in run()[1]
    path.write_text('{"name": "other", "version": 1, "description": "", "tokens": {}}')
    code, output = run()
    assert code == 1
    assert "expected mine, the name of the folder" in output
    path.write_text('{"name": "mine", "version": 1, "description": "", "tokens": {"accent": "#ff8800"}}')
    code, output = run()
    assert code == 0
    assert "?theme=mine" in output
    path.write_text(" " * 70_000)
    assert "70000 bytes" in run()[1]


def new(run_dir: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(theme_command.command, ["new", *arguments, "--set", f"run_dir={run_dir}"])
    return done.exit_code, done.output, str(done.exception or "")


@pytest.mark.parametrize("base", theme_command.BASES)
def test_a_new_theme_is_complete_valid_and_looks_as_the_one_that_it_begins_as(tmp_path: Any, base: str) -> None:
    assert set(theme_command.BASES) == {path.parent.name for path in SHIPPED}
    code, output, _ = new(tmp_path / "run", "mine", "--from", base)
    assert code == 0, output
    folder = tmp_path / "run" / "overlays" / "themes" / "mine"
    assert [str(folder / file) for file in ("theme.json", "README.md")] == output.splitlines()[:2]
    assert "?theme=mine&design=1" in output
    assert "themes.md" in output
    written = theme_command.read(folder / "theme.json")
    assert theme.faults(written, TABLE) == []
    defaults = {name: token["default"] for name, token in theme.tokens_of(TABLE).items()}
    shipped = json.loads((program.ROOT / "web_overlay" / "themes" / base / "theme.json").read_text())
    assert written["tokens"] == defaults | shipped["tokens"]
    assert list(written["tokens"]) == list(defaults), "in the order of the table"
    explained = re.findall(r"^\* `([a-z0-9-]+)`: \S", (folder / "README.md").read_text(), re.MULTILINE)
    assert explained == list(defaults)
    checked = CliRunner().invoke(theme_command.command, ["check", str(folder)])
    assert checked.exit_code == 0, checked.output


def test_a_new_theme_overwrites_nothing(tmp_path: Any) -> None:
    run_dir = tmp_path / "run"
    assert new(run_dir, "mine")[0] == 0
    file = run_dir / "overlays" / "themes" / "mine" / "theme.json"
    file.write_text("edited")
    assert "mine already exists" in new(run_dir, "mine", "--from", "minimal")[2]
    assert file.read_text() == "edited"
    for name in ("../x", "Mine", "", "_x", "x" * 33):
        assert "expected up to 32" in new(run_dir, name)[2], name
    assert "a theme of Framewire" in new(run_dir, "minimal")[2]
    assert [path.name for path in file.parents[1].iterdir()] == ["mine"]


@pytest.mark.parametrize("data", [b"[" * 100_000, b"x" * (theme.MAX_BYTES + 1), b"\xff", None])
def test_a_file_that_is_no_theme_is_refused_in_one_line(tmp_path: Any, data: bytes | None) -> None:
    if data is None:
        os.mkfifo(tmp_path / "theme.json")  # a reader would wait for a writer
    else:
        (tmp_path / "theme.json").write_bytes(data)
    with pytest.raises(BadInput, match=r"theme\.json: "):
        theme_command.read(tmp_path / "theme.json")
