"""The data directory of an installed Framewire, and the setting of the run directory."""

from pathlib import Path

import pytest

from actors import program
from actors.errors import ConfigError


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, "/home/ada/.local/state/framewire"),
        ("", "/home/ada/.local/state/framewire"),
        ("relative/state", "/home/ada/.local/state/framewire"),  # the specification says: ignore it
        ("/srv/state", "/srv/state/framewire"),
    ],
)
def test_installed_the_data_is_in_the_xdg_directory(monkeypatch, state, expected):
    monkeypatch.setattr(program, "CHECKOUT", False)
    monkeypatch.setenv("HOME", "/home/ada")
    if state is None:
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_STATE_HOME", state)
    assert program.run_dir_of("") == Path(expected)


def test_in_a_checkout_the_data_is_beside_the_program_from_any_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert program.run_dir_of("") == program.ROOT / "run"
    assert program.run_dir_of("mine") == tmp_path / "mine"


def test_a_home_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match="cannot be found"):
        program.run_dir_of("~nobody-is-called-so/x")
