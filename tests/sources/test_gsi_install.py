"""`gsi install` in a temporary home directory."""

import json
import os
import subprocess
import sys

import pytest

from actors.core.sources import steam
from actors.secrets import Secrets
from tests.support import SUPERVISOR


@pytest.fixture
def home(tmp_path):
    """A home directory with Steam, whose second library has the game."""
    library = tmp_path / "games"
    (library / steam.GAME / "game/csgo/cfg").mkdir(parents=True)
    apps = tmp_path / ".local/share/Steam/steamapps"
    apps.mkdir(parents=True)
    (apps / "libraryfolders.vdf").write_text(f'"libraryfolders" {{ "0" {{ "path" {json.dumps(str(library))} }} }}')
    return tmp_path


def install(home, *options):
    command = [sys.executable, str(SUPERVISOR), "gsi", "install", *options, "--set", f"run_dir={home}/run"]
    environment = os.environ | {"HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def file_of(home):
    return home / "games" / steam.GAME / "game/csgo/cfg" / steam.FILE_NAME


def test_install_finds_the_game_and_writes_address_and_token(home):
    done = install(home)
    assert done.returncode == 0, done.stderr
    token = Secrets(home / "run").get("cs2")
    text = file_of(home).read_text()
    assert text == steam.gsi_file("http://127.0.0.1:7701/gsi/cs2", token)
    assert file_of(home).stat().st_mode & 0o777 == 0o600, "other users of this machine may enter the folder"
    assert token not in done.stdout
    assert '[sources.cs2]\nkind = "gsi"' in done.stdout
    assert install(home, "--set", 'sources.cs2.kind="gsi"').returncode == 0
    assert file_of(home).read_text() == text, "the token that the game knows stays"


def test_install_uses_the_configured_names_of_source_and_secret(home):
    settings = ("--set", 'sources.mine.kind="gsi"', "--set", 'sources.mine.secret="own"', "--set", "ingest.port=7999")
    done = install(home, *settings)
    assert file_of(home).read_text() == steam.gsi_file(
        "http://127.0.0.1:7999/gsi/mine", Secrets(home / "run").get("own")
    )
    assert "Add to the configuration" not in done.stdout


def test_a_file_that_others_could_read_is_replaced(home):
    file_of(home).write_text("of an earlier version")
    file_of(home).chmod(0o644)
    assert install(home).returncode == 0
    assert file_of(home).stat().st_mode & 0o777 == 0o600


def test_a_dry_run_writes_nothing(home):
    done = install(home, "--dry-run")
    assert done.returncode == 0
    assert str(file_of(home)) in done.stdout
    assert not file_of(home).exists()
    assert not (home / "run").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--game", "{home}"), "has no folder game/csgo/cfg"),
        (("--name", "../x"), "expected 1 to 32"),
        (("--name", "chat", "--set", 'sources.chat.kind="demo"'), "of kind 'demo', expected gsi"),
        (("--set", 'sources.a.kind="gsi"', "--set", 'sources.b.kind="gsi"'), "Choose one with --name"),
    ],
)
def test_ambiguous_options_are_refused(home, options, text):
    done = install(home, *(option.format(home=home) for option in options))
    assert done.returncode == 2
    assert text in done.stderr


def test_without_a_game_install_prints_advice(tmp_path):
    done = install(tmp_path)
    assert done.returncode == 3
    assert "--game DIR" in done.stderr
