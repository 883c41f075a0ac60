"""Settings: the file, refused values, and their error messages."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from actors import config, program
from actors.config import Settings, load
from actors.errors import ConfigError

DEFAULT = Path(__file__).resolve().parents[2] / "configs" / "default.toml"


def names(struct: type[msgspec.Struct], prefix: str = "") -> set[str]:
    """Return the dotted names of all settings."""
    found: set[str] = set()
    for field in msgspec.structs.fields(struct):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            found |= names(field.type, f"{prefix}{field.name}.")
        else:
            found.add(prefix + field.name)
    return found


def test_the_default_file_equals_the_defaults():
    assert load(DEFAULT) == Settings()


def test_the_default_file_spells_out_every_setting():
    tree = tomllib.loads(DEFAULT.read_text(encoding="utf-8"))
    spelled = {key for key, value in tree.items() if not isinstance(value, dict) or not value}
    spelled |= {f"{section}.{key}" for section, keys in tree.items() if isinstance(keys, dict) for key in keys}
    assert spelled == {name for name in names(Settings) if not name.startswith("faults.")}  # those are for the tests


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("gateway.port=0", r"`int` >= 1 - at `\$\.gateway\.port`"),
        ("gateway.port=fast", r"Expected `int`, got `str` - at `\$\.gateway\.port`"),
        ("queue.max_event=5", r"unknown field `max_event` - at `\$\.queue`"),
        ("nothing=1", "unknown field `nothing`"),
        ("gatway.port=7800", "did you mean `gateway`"),
        ("gateway.prot=7800", "did you mean `port`"),
        ("gateway.port=7701", "gateway.port and ingest.port are both 7701"),
        ("supervisor.drain_s=0", r"at `\$\.supervisor\.drain_s`"),
        ("queue.flush_hz=20", "queue.busy_hz is 30, expected at most queue.flush_hz"),
        ("gateway.port", "expected key=value"),
        ("=1", "expected key=value"),
        *(
            (f'sources.{name}.kind="demo"', f"sources.{name}: Framewire uses this name itself")
            for name in ("gateway", "gateway-2", "trace", "log", "login-twitch-main", "test")
        ),
        ('sources.demo={kind="webhook", preset="kofi"}', "sources.demo is the demo's own name"),
        ("run_dir.x=1", r"Expected `str`, got `object` - at `\$\.run_dir`"),
    ],
)
def test_an_invalid_setting_is_refused_with_its_path(override, words):
    with pytest.raises(ConfigError, match=words):
        load(None, [override])


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("gateway.port=7800", lambda settings: settings.gateway.port == 7800),
        ("run_dir=there", lambda settings: settings.run_dir == "there"),
        ('run_dir="a b"', lambda settings: settings.run_dir == "a b"),
        ("demo=false", lambda settings: settings.demo is False),
        ('gateway.allowed_hosts=["a.lan:7700"]', lambda settings: settings.gateway.allowed_hosts == ["a.lan:7700"]),
        ("supervisor.drain_s=3", lambda settings: settings.supervisor.drain_s == 3.0),
    ],
)
def test_one_override_changes_one_setting(override, read):
    assert read(load(None, [override]))


def test_a_source_that_counts_cannot_have_the_name_of_the_demo():
    """Goals do not count what comes from `demo`."""
    with pytest.raises(ConfigError, match="the demo's own name"):
        load(None, ["demo=false", 'sources.demo={kind="webhook", preset="kofi"}'])
    assert load(None, ["demo=false", 'sources.demo.kind="demo"']).source("demo")


def test_a_file_needs_only_changed_keys(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[gateway]\nport = 7800\n")
    assert load(file).gateway.port == 7800
    assert load(file).ingest == Settings().ingest


def test_a_missing_or_malformed_file_is_refused_with_its_name(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read the configuration .*missing\.toml: No such file"):
        load(tmp_path / "missing.toml")
    file = tmp_path / "torn.toml"
    file.write_bytes(b"[gateway\n\xff")
    with pytest.raises(ConfigError, match=r"torn\.toml is not TOML"):
        load(file)
    with pytest.raises(ConfigError, match="/dev/zero has more than 1048576 bytes"):
        load(Path("/dev/zero"))


def test_children_load_the_settings_that_the_supervisor_wrote(tmp_path):
    settings = load(None, ["gateway.port=7800", "demo=false"])
    (tmp_path / config.SETTINGS_FILE).write_bytes(config.encode(settings))
    assert config.of_run_dir(tmp_path) == settings


def test_a_run_directory_without_settings_is_reported(tmp_path):
    with pytest.raises(ConfigError, match="no pipeline was started"):
        config.of_run_dir(tmp_path)


@pytest.mark.parametrize(
    ("source", "run_dir", "every", "options"),
    [
        (config.SettingsSource(), str(program.ROOT / "run"), True, ""),  # the default one is meant anyway
        (config.SettingsSource(str(config.DEFAULT_FILE)), str(program.ROOT / "run"), False, ""),
        (config.SettingsSource("/my own.toml"), "/d", False, " --config '/my own.toml' --set run_dir=/d"),
        (config.SettingsSource(None, ["run_dir=d", "demo=false"]), "/d", False, " --set run_dir=/d"),
        (config.SettingsSource(None, ["run_dir=d", "demo=false"]), "/d", True, " --set demo=false --set run_dir=/d"),
    ],
)
def test_the_shown_command_has_only_the_options_that_the_pipeline_needs(source, run_dir, every, options):
    assert source.options(run_dir, every) == options


@pytest.mark.parametrize("read", [config.source_of, config.of_run_dir])
@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"file":"\xff","run_dir":"\xff"}', None])
def test_an_unreadable_file_of_the_run_directory_is_named(tmp_path, read, data):
    for name in (config.SOURCE_FILE, config.SETTINGS_FILE):
        if data is None:
            (tmp_path / name).mkdir()
        else:
            (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError, match=str(tmp_path)):
        read(tmp_path)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "my.toml"
    file.write_bytes(b"\xef\xbb\xbfdemo = false\r\n")
    assert load(file).demo is False
