"""Settings: one tree of Structs with every default, unit and bound. An invalid TOML file is refused with the path.

`configs/default.toml` has every key with its reason; a test compares it with `Settings()`. `--set key=value` overrides
one key; its right side is TOML, or a bare word as a string. Settings are loaded once, and each part of the program
receives only its own section. No code reads the environment later.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from actors import program
from actors.core.nearest import nearest
from actors.core.secrecy import concealed_override
from actors.core.supervision import kinds
from actors.core.supervision.kinds import Child
from actors.errors import ConfigError
from actors.producers import spec
from actors.producers.spec import SourceName, SourceSettings
from actors.section import IN_FILE, Number, Port, Rate, Seconds, Section, Size

FORK_IS_SAFE: Final = sys.platform == "linux"  # on macOS, system libraries may not be used after a fork without exec
MOST_BYTES: Final = 1 << 20  # of a configuration file; the default one has 10 KB
DEFAULT_FILE: Final = program.SHARE / "configs" / "default.toml"


class IngestSection(Section, frozen=True):
    """The HTTP producer: `POST /events` and `POST /srcds/TOKEN`."""

    host: str = "127.0.0.1"
    port: Port = 7701
    max_body_bytes: Size = 1 << 20
    record: bool = False


class ProducerSection(Section, frozen=True):
    """The limits of every producer's outbox and window (core/delivery/window.py)."""

    window_rows: Number = 1_024
    window_bytes: Size = 1 << 20
    retry_s: Seconds = 0.25
    max_rows: Number = 100_000
    max_bytes: Size = 256 << 20
    keep_s: Seconds = 300.0


class NormalizerSection(Section, frozen=True):
    processes: Annotated[int, Meta(ge=1, le=64)] = 1


class QueueSection(Section, frozen=True):
    """The queue policy (core/queue/lanes.py, core/queue/cadence.py) and the critical log."""

    max_events: Number = 20_000
    max_bytes: Size = 16 << 20
    flush_hz: Rate = 60.0
    busy_hz: Rate = 30.0
    busy_events: Number = 400
    critical_gap_ms: Annotated[float, Meta(ge=0, le=1000)] = 4.0
    multikill_window_ms: Number = 5_000
    identity_s: Seconds = 604_800.0
    log_keep_s: Seconds = 86_400.0
    log_max_bytes: Size = 512 << 20
    quarantine_rows: Number = 10_000


Compression = Literal["off", "remote", "all"]


class GatewaySection(Section, frozen=True):
    """The WebSocket gateway and its pages."""

    host: str = "127.0.0.1"
    port: Port = 7700
    processes: Annotated[int, Meta(ge=1, le=64)] = 1
    legacy_ws_payload: bool = False
    allowed_hosts: list[str] = []
    allowed_origins: list[str] = []
    max_clients: Number = 4_000
    max_clients_per_address: Number = 4_000
    hello_s: Seconds = 3.0
    heartbeat_s: Seconds = 2.0
    client_buffer_bytes: Size = 1 << 20
    socket_buffer_bytes: Size = 64 << 10
    compression: Compression = "remote"
    lag_close_s: Seconds = 30.0
    page_rows: Annotated[int, Meta(ge=1, le=5_000)] = 300
    emote_bytes: Size = 64 << 20
    emote_origin: Annotated[str, Meta(pattern=r"^(https?://[^\s?#]{1,200})?$(?!\n)"), IN_FILE] = ""


FlagName = Literal["event_pipeline_v2", "ws_batching_v2", "js_scheduler_v2"]
FlagMode = Literal["off", "canary", "on"]
OverlayName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z")]


class FlagsSection(Section, frozen=True):
    """Switches between a part of this version and a simple baseline (actors/flags.py)."""

    event_pipeline_v2: FlagMode = "on"
    ws_batching_v2: FlagMode = "on"
    js_scheduler_v2: FlagMode = "on"
    canary: Annotated[list[OverlayName], Meta(max_length=64)] = []


class SupervisorSection(Section, frozen=True):
    """Restarts, detection of hangs, stop."""

    backoff_first_s: Seconds = 0.2
    backoff_max_s: Seconds = 5.0
    healthy_s: Seconds = 60.0
    hang_warn_s: Seconds = 2.0
    hang_kill_s: Annotated[float, Meta(ge=1.5, le=31_536_000)] = 6.0
    drain_s: Seconds = 5.0
    sample_s: Annotated[float, Meta(ge=0.01, le=3_600)] = 2.0
    spawn: Literal["template", "exec"] = "template"


Percent = Annotated[float, Meta(gt=0, le=100_000)]
Follow = Literal["log", "alert", "restart"]


class BudgetOverrides(Section, frozen=True):
    """The budgets of one kind of process; None: the common value."""

    memory_warn_bytes: Size | None = None
    memory_critical_bytes: Size | None = None
    cpu_pct: Percent | None = None
    on_memory_warn: Follow | None = None
    on_memory_critical: Follow | None = None
    on_cpu: Follow | None = None


# A template does not grow by its work. One that did would make every process that it forks larger.
BUDGETS_OF_KINDS: Final = {kinds.TEMPLATE: BudgetOverrides(memory_warn_bytes=96 << 20, on_memory_warn="restart")}


class Budgets(Section, frozen=True):
    """Limits of resource use per process, and the consequences (core/supervision/health.py)."""

    memory_warn_bytes: Size = 256 << 20
    memory_critical_bytes: Size = 512 << 20
    cpu_pct: Percent = 90.0
    on_memory_warn: Follow = "log"
    on_memory_critical: Follow = "alert"
    on_cpu: Follow = "alert"
    of: dict[str, BudgetOverrides] = {}

    def for_kind(self, kind: str) -> Budgets:
        """Return the budgets of one kind of process."""
        budgets = self
        for own in (BUDGETS_OF_KINDS.get(kind, BudgetOverrides()), self.of.get(kind, BudgetOverrides())):
            values = {key: value for key, value in msgspec.structs.asdict(own).items() if value is not None}
            budgets = msgspec.structs.replace(budgets, **values)
        return budgets


class Faults(Section, frozen=True):
    """Faults that tests inject (actors/faults.py). Empty in every real configuration."""

    kill_at: str = ""
    poison: str = ""
    poison_at: Literal["normalizer", "decoder", "queue", "log"] = "normalizer"


class Settings(Section, frozen=True):
    run_dir: str = ""
    demo: bool = True
    ingest: IngestSection = IngestSection()
    producer: ProducerSection = ProducerSection()
    normalizer: NormalizerSection = NormalizerSection()
    queue: QueueSection = QueueSection()
    gateway: GatewaySection = GatewaySection()
    flags: FlagsSection = FlagsSection()
    supervisor: SupervisorSection = SupervisorSection()
    budgets: Budgets = Budgets()
    faults: Faults = Faults()
    sources: dict[SourceName, dict[str, Any]] = {}

    def source(self, name: str) -> SourceSettings:
        """Return the settings of one source; raises ConfigError as spec.settings_of does."""
        return spec.settings_of(name, self.all_sources()[name])

    def all_sources(self) -> dict[str, dict[str, Any]]:
        """Return the configured sources and the demo."""
        return {"demo": {"kind": "demo"}, **self.sources} if self.demo else self.sources

    def children(self) -> list[Child]:
        """Return the processes that these settings require, in the order of their start."""
        processes: list[str] = []
        paths: list[str] = []
        for name, tree in self.all_sources().items():
            (processes if spec.is_process(tree["kind"]) else paths).append(name)
        counts: dict[str, int | Sequence[str]] = {
            "gateway.processes": self.gateway.processes,
            "normalizer.processes": self.normalizer.processes,
            "sources": processes,
            "templates": [kinds.TEMPLATE] if self.supervisor.spawn == "template" and FORK_IS_SAFE else [],
        }
        served = tuple(f"sources.{name}" for name in paths)
        return [
            msgspec.structs.replace(child, reads=child.reads + served) if child.kind == "ingest" else child
            for child in kinds.children(counts)
        ]


def load(path: Path | None, overrides: Iterable[str] = ()) -> Settings:
    """Return the settings of a TOML file (None: all defaults) with `key=value` overrides applied.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has an unknown key or a wrong value.
    """
    return parse(b"", "the defaults", overrides) if path is None else parse(read(path), str(path), overrides)


def read(path: Path) -> bytes:
    """Return the bytes of a configuration file; raises ConfigError if it cannot be read, or is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise ConfigError(f"the configuration {path} has more than {MOST_BYTES} bytes")
    return data


def parse(data: bytes, where: str, overrides: Iterable[str] = ()) -> Settings:
    """Return the settings in the TOML `data` with overrides applied; `where` names its origin in errors.

    Raises:
        ConfigError: it is not TOML, or has an unknown key or a wrong value.
    """
    tree, overrides = _tree(data, where), list(overrides)
    for override in overrides:
        _apply(tree, override)
    if overrides:
        where = f"{where} with --set"
    return of_tree(tree, where)


def ignored(path: Path, overrides: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    """Return the settings of a TOML file that overrides replace: by key, the value of the file and the override's.

    Raises:
        ConfigError: the file cannot be read, or is not TOML; an override is malformed.
    """
    written, replaced = _tree(read(path), str(path)), {}
    for override in overrides:
        key = override.partition("=")[0].strip()
        tree: dict[str, Any] = {}
        _apply(tree, override)
        ours, theirs = _value(tree, key), _value(written, key)
        if theirs is not None and theirs != ours:
            replaced[key] = (theirs, ours)
    return replaced


def _tree(data: bytes, where: str) -> dict[str, Any]:
    import tomllib  # actors read their settings as JSON and do not load the parser

    try:
        return tomllib.loads(data.decode("utf-8-sig"))  # the BOM of Notepad
    except (ValueError, RecursionError) as error:  # also for invalid UTF-8, 5,000 digits, deeply nested brackets
        raise ConfigError(f"{where} is not TOML: {error}") from error


def _value(tree: Any, key: str) -> Any:
    for name in key.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _check(settings: Settings, where: str) -> None:
    """Check the rules that involve more than one key."""
    if "\0" in settings.run_dir:
        raise ConfigError(f"{where}: run_dir contains a NUL character, expected a path")
    if settings.gateway.port == settings.ingest.port:
        raise ConfigError(f"{where}: gateway.port and ingest.port are both {settings.ingest.port}, expected two ports")
    if settings.queue.busy_hz > settings.queue.flush_hz:
        raise ConfigError(
            f"{where}: queue.busy_hz is {settings.queue.busy_hz:g}, expected at most queue.flush_hz, "
            f"which is {settings.queue.flush_hz:g}"
        )
    # `log` and `login-…` would share a lock with the event log, and with the login of a source. Goals do not count what
    # comes from `test` or `demo`.
    taken = {kind.name for kind in kinds.KINDS} | {"supervisor", "guardian", "trace", "log", "test"}
    for name in settings.sources:
        if name in taken or name.rpartition("-")[0] in taken or name.startswith("login-"):
            raise ConfigError(f"{where}: sources.{name}: Framewire uses this name itself; choose another")
        if name == "demo" and (settings.demo or settings.sources[name].get("kind") != "demo"):
            raise ConfigError(f"{where}: sources.demo is the demo's own name; choose another")
        try:
            settings.source(name)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
    if settings.supervisor.hang_warn_s > settings.supervisor.hang_kill_s:
        raise ConfigError(
            f"{where}: supervisor.hang_warn_s is {settings.supervisor.hang_warn_s:g}, expected at most "
            f"supervisor.hang_kill_s, which is {settings.supervisor.hang_kill_s:g}"
        )
    names = [kind.name for kind in kinds.KINDS]
    for kind in settings.budgets.of:
        if kind not in names:
            raise ConfigError(f"{where}: budgets.of.{kind}: unknown kind of process. Kinds: {', '.join(names)}")
    for kind in ("", *settings.budgets.of):
        budget = settings.budgets.for_kind(kind)
        if budget.memory_warn_bytes > budget.memory_critical_bytes:
            raise ConfigError(
                f"{where}: budgets{'.of.' if kind else ''}{kind}.memory_warn_bytes is {budget.memory_warn_bytes}, "
                f"expected at most memory_critical_bytes, which is {budget.memory_critical_bytes}"
            )


def _hint(error: str) -> str:
    """Return a suggestion for an unknown key."""
    unknown = re.search(r"unknown field `([^`]+)`(?: - at `\$\.?([^`]*)`)?", error)
    if unknown is None:
        return ""
    sections = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    struct = BudgetOverrides if "[...]" in (unknown[2] or "") else sections.get(unknown[2] or "", Settings)
    near = nearest(unknown[1], [field.name for field in msgspec.structs.fields(struct)])
    return f" (did you mean `{near[0]}`? {program.page('configuration')} lists all keys)" if near else ""


def _apply(tree: dict[str, Any], override: str) -> None:
    key, sign, text = override.partition("=")
    if not sign or not key.strip() or "\n" in override:
        raise ConfigError(f"--set {override!r}: expected key=value, for example gateway.port=7800")
    import tomllib

    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text  # a bare word is a string
    *parents, leaf = key.strip().split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {override!r}: {parent!r} is not a section")
    tree[leaf] = value


class SettingsSource(Struct, frozen=True):
    """The origin of settings: a file (None: all defaults) and the --set overrides."""

    file: str | None = None
    overrides: list[str] = []

    def options(self, run_dir: str, every: bool = False) -> str:
        """Return the options that select this pipeline in another command line, for display; "" for the default one.

        `every`: with all --set overrides, as a start needs. A value that may hold a secret is hidden.
        """
        kept = [
            concealed_override(one) for one in self.overrides if every and one.partition("=")[0].strip() != "run_dir"
        ]
        kept += [] if run_dir == str(program.default_run_dir()) else [f"run_dir={run_dir}"]
        words = ["--config", self.file] if self.file and Path(self.file) != DEFAULT_FILE else []
        return "".join(f" {shlex.quote(word)}" for word in [*words, *(part for one in kept for part in ("--set", one))])


SETTINGS_FILE = "settings.json"
SOURCE_FILE = "source.json"


def tree_of(settings: Settings) -> dict[str, Any]:
    """Return the settings as plain data."""
    tree: dict[str, Any] = msgspec.to_builtins(settings)
    return tree


def of_tree(tree: Any, where: str = "the settings") -> Settings:
    """Return settings from plain data; `where` names its origin in errors.

    Raises:
        ConfigError: an unknown key or a wrong value.
    """
    try:
        settings = msgspec.convert(tree, Settings)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}{_hint(str(error))}") from error
    _check(settings, where)
    return settings


def changed(settings: Settings, overrides: Iterable[str]) -> Settings:
    """Return settings with `key=value` overrides applied.

    Raises:
        ConfigError: an unknown key or a wrong value.
    """
    tree, overrides = tree_of(settings), list(overrides)
    for override in overrides:
        _apply(tree, override)
    return of_tree(tree, ", ".join(map(concealed_override, overrides)))


def encode(settings: Settings) -> bytes:
    """Return the settings in the form in which the supervisor stores them for its children and commands."""
    return msgspec.json.format(msgspec.json.encode(settings), indent=1)


def source_of(run_dir: Path) -> SettingsSource:
    """Return the origin of the settings of the pipeline in `run_dir`.

    Raises:
        ConfigError: the file is missing or invalid.
    """
    try:
        return msgspec.json.decode((run_dir / SOURCE_FILE).read_bytes(), type=SettingsSource)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{run_dir / SOURCE_FILE}: {error}") from error


def of_run_dir(run_dir: Path) -> Settings:
    """Return the settings of the pipeline that is running, or was last running, in `run_dir`.

    Raises:
        ConfigError: there are none.
    """
    path = run_dir / SETTINGS_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError as error:
        raise ConfigError(f"no pipeline was started with run_dir {run_dir} ({path.name} does not exist)") from error
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
