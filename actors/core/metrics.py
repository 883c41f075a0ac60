"""Every metric: one Struct per part of an actor, one field per metric, with its kind, unit and help.

An actor changes the fields, sends the whole Struct with each heartbeat, and keeps no other counters. `status`, `top`,
`/api/status`, `/metrics` and the benchmarks show these fields; docs/metrics.md is generated from them. To add a metric,
add a field.

    counter     only grows; begins at 0 with the process
    gauge       the current value
    histogram   counts per bucket and the sum of all values; histograms of several processes can be added up

A dict field has one label: its key. The code that fills it must limit the keys.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Annotated, Any, Final, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct

Kind = Literal["counter", "gauge", "histogram"]

# Buckets for the latency of the pipeline: 1 ms is the cost of a frame, 10 s is a catch-up.
LATENCY_MS: Final = (1, 2, 4, 8, 16, 33, 66, 100, 250, 500, 1_000, 2_500, 10_000)


class Field(Struct, frozen=True):
    """The definition of a metric. `unit` is "", "s", "ms", "bytes", "ratio" or "pct"."""

    kind: Kind
    help: str
    unit: str = ""
    label: str = ""


def counter(help_: str, unit: str = "", label: str = "") -> Meta:
    return Meta(extra={"field": Field("counter", help_, unit, label)})


def gauge(help_: str, unit: str = "", label: str = "") -> Meta:
    return Meta(extra={"field": Field("gauge", help_, unit, label)})


class Histogram(Struct):
    """Counts per bucket; `bounds` are upper bounds, the last count is of values above all of them."""

    bounds: tuple[int, ...] = LATENCY_MS
    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(LATENCY_MS) + 1))
    sum: float = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


def histogram(help_: str, unit: str = "", label: str = "") -> Meta:
    return Meta(extra={"field": Field("histogram", help_, unit, label)})


class Metrics(Struct):
    """Base of all groups of metrics."""


class LoopMetrics(Metrics):
    """The loop of an actor, since the last heartbeat."""

    busy_share: Annotated[float, gauge("share of the time in which the loop did not wait", "ratio")] = 0.0
    ticks: Annotated[int, gauge("turns of the loop since the last heartbeat")] = 0
    tick_min_ms: Annotated[float, gauge("shortest turn of the loop", "ms")] = 0.0
    tick_avg_ms: Annotated[float, gauge("average turn of the loop", "ms")] = 0.0
    tick_max_ms: Annotated[float, gauge("longest turn of the loop", "ms")] = 0.0


class StoreMetrics(Metrics):
    """The thread that owns a store."""

    store_commits: Annotated[int, counter("transactions")] = 0
    store_commit_s: Annotated[float, counter("time in transactions, fsync included", "s")] = 0.0
    store_waiting: Annotated[int, gauge("jobs that wait for a transaction")] = 0
    store_stuck_s: Annotated[float, gauge("age of the transaction that is under way", "s")] = 0.0
    store_full: Annotated[float, gauge("1 when the disk has no room for a transaction")] = 0.0
    store_damaged: Annotated[float, gauge("1 after old rows could not be removed, because they are damaged")] = 0.0


class ProducerMetrics(Metrics):
    """The outbox and window of a producer."""

    events: Annotated[int, counter("messages passed on, critical and best effort")] = 0
    accepted: Annotated[int, counter("critical messages that were stored")] = 0
    repeated: Annotated[int, counter("deliveries that the source repeated")] = 0
    refused: Annotated[int, counter("critical messages that were refused because the outbox was full")] = 0
    sent: Annotated[int, counter("critical messages sent to normalizers, repetitions included")] = 0
    resent: Annotated[int, counter("critical messages sent again")] = 0
    best_effort_sent: Annotated[int, counter("best-effort messages sent")] = 0
    best_effort_dropped: Annotated[int, counter("best-effort messages for which there was no room")] = 0
    bad_messages: Annotated[int, counter("messages of the bus that could not be read")] = 0
    outbox_rows: Annotated[int, gauge("accepted messages that the log does not have yet")] = 0
    outbox_bytes: Annotated[int, gauge("size of these messages", "bytes")] = 0
    outbox_full: Annotated[float, gauge("1 while the outbox refuses messages")] = 0.0
    queue: Annotated[int, gauge("messages that wait in this actor")] = 0
    window_rows: Annotated[int, gauge("messages that are sent and not yet in the log")] = 0
    acked: Annotated[int, gauge("number up to which the log has all messages")] = 0


class IngestMetrics(Metrics):
    """The HTTP requests of the ingest."""

    requests: Annotated[int, counter("HTTP requests")] = 0
    events_bodies: Annotated[int, counter("bodies of POST /events")] = 0
    auth_failures: Annotated[int, counter("wrong tokens and signatures")] = 0
    auth_failures_recent: Annotated[int, gauge("wrong tokens and signatures of the last minute")] = 0
    source_bodies: Annotated[int, counter("requests to sources of the configuration")] = 0
    foreign_hosts: Annotated[int, counter("requests with a Host that is not allowed")] = 0
    foreign_origins: Annotated[int, counter("requests of a page whose origin is not allowed")] = 0
    srcds_bodies: Annotated[int, counter("bodies of POST /srcds")] = 0
    srcds_lines: Annotated[int, counter("lines of game-server logs")] = 0
    ignored_lines: Annotated[int, counter("lines that become no event")] = 0
    status_4xx: Annotated[int, counter("requests that were refused")] = 0
    status_5xx: Annotated[int, counter("requests that failed, 503 included")] = 0
    refused_connections: Annotated[
        int, counter("connections beyond the limit; an idle one was closed if there was one")
    ] = 0
    late_headers: Annotated[int, counter("connections closed because no whole header came in time")] = 0
    accept_failures: Annotated[int, counter("connections for which the system had no file or memory")] = 0
    unknown_names: Annotated[dict[str, int], counter("names of the legacy shape that no type has", label="name")] = {}
    loop_failures: Annotated[int, counter("failures in callbacks of the loop")] = 0


class ApplicationMetrics(Metrics):
    """The connected applications of the ingest."""

    applications: Annotated[int, gauge("applications that are connected")] = 0
    application_messages: Annotated[int, counter("messages from applications")] = 0
    application_bad_messages: Annotated[int, counter("malformed messages from applications")] = 0
    application_events: Annotated[int, counter("events that applications published")] = 0
    application_events_refused: Annotated[int, counter("events of applications that were refused")] = 0
    application_commands: Annotated[int, counter("commands to applications")] = 0
    application_commands_refused: Annotated[
        int, counter("commands to applications that were refused or not answered")
    ] = 0
    application_commands_late: Annotated[int, counter("commands that were not answered before their deadline")] = 0
    application_commands_pending: Annotated[int, gauge("commands that wait for an answer")] = 0
    application_replacements: Annotated[int, counter("applications replaced by another connection of their name")] = 0
    application_closed_slow: Annotated[int, counter("applications closed because they did not read")] = 0
    application_closed_flood: Annotated[int, counter("applications closed because they sent too much")] = 0


class KitMetrics(Metrics):
    """The process of a source. Its messages are counted in the section Source."""

    loop_failures: Annotated[int, counter("failures in callbacks of the loop")] = 0


class NormalizerMetrics(Metrics):
    received: Annotated[int, counter("raw messages")] = 0
    events: Annotated[int, counter("events mapped from them")] = 0
    rejected: Annotated[int, counter("malformed raw messages")] = 0
    dead: Annotated[int, counter("raw messages that were dead-lettered")] = 0
    bad_messages: Annotated[int, counter("messages of the bus that could not be read")] = 0
    unsent_batches: Annotated[int, counter("batches for which the queue-manager had no room")] = 0


class QueueMetrics(Metrics):
    """The queue-manager."""

    envelopes: Annotated[int, counter("raw messages that arrived")] = 0
    dead: Annotated[int, counter("messages that were dead-lettered")] = 0
    bad_messages: Annotated[int, counter("messages of the bus that could not be read")] = 0
    commits: Annotated[int, counter("transactions with critical events")] = 0
    committed_events: Annotated[int, counter("critical events that were logged")] = 0
    frames: Annotated[int, counter("frames sent")] = 0
    frame_events: Annotated[int, counter("events in these frames")] = 0
    events: Annotated[int, counter("events passed on")] = 0
    unsent_frames: Annotated[int, counter("frames for which the broadcaster had no room")] = 0
    gen: Annotated[int, gauge("generation of the log")] = 0
    top: Annotated[int, gauge("last position of the log")] = 0
    lanes_events: Annotated[int, gauge("best-effort events that wait")] = 0
    lanes_bytes: Annotated[int, gauge("size of these events", "bytes")] = 0
    retained_states: Annotated[int, gauge("retained states")] = 0
    retained_bytes: Annotated[int, gauge("size of these states", "bytes")] = 0
    retained_evicted: Annotated[int, counter("retained states evicted for newer ones")] = 0
    retained_full: Annotated[float, gauge("1 while retained states are evicted because there are too many")] = 0.0
    lanes_peak_events: Annotated[int, gauge("most best-effort events that ever waited")] = 0
    shown_waiting: Annotated[int, gauge("committed events that wait for a frame")] = 0
    queue: Annotated[int, gauge("events that wait in this actor")] = 0
    busy: Annotated[float, gauge("1 while frames are sent at the lower rate")] = 0.0
    log_full: Annotated[float, gauge("1 while the log removes events that are younger than queue.log_keep_s")] = 0.0


class BroadcasterMetrics(Metrics):
    frames: Annotated[int, counter("frames published")] = 0
    events: Annotated[int, counter("events in these frames")] = 0
    bytes: Annotated[int, counter("size of these frames", "bytes")] = 0
    positions: Annotated[int, counter("places of players passed on")] = 0
    stale_frames: Annotated[int, counter("frames of a queue-manager that was replaced")] = 0
    bad_messages: Annotated[int, counter("messages of the bus that could not be read")] = 0


class GatewayMetrics(Metrics):
    """One gateway process."""

    connections: Annotated[int, gauge("open connections of overlays and dashboards")] = 0
    dashboards: Annotated[int, gauge("of these, dashboards")] = 0
    overlays: Annotated[dict[str, int], gauge("connected overlays by state of the conversation", label="state")] = {}
    position: Annotated[int, gauge("last position that this gateway has")] = 0
    top: Annotated[int, gauge("last known position of the log")] = 0
    gen: Annotated[int, gauge("generation of the log")] = 0
    groups: Annotated[int, gauge("groups of overlays that share an encoding")] = 0
    ring_events: Annotated[int, gauge("critical events kept in memory")] = 0
    retained_states: Annotated[int, gauge("retained states")] = 0
    retained_bytes: Annotated[int, gauge("size of these states", "bytes")] = 0
    retained_evicted: Annotated[int, counter("retained states evicted for newer ones")] = 0
    pending_bytes: Annotated[int, gauge("data that waits for slow overlays", "bytes")] = 0
    queue: Annotated[int, gauge("critical events that the slowest overlay has not been sent")] = 0
    events: Annotated[int, counter("events written to groups")] = 0
    stalled_overlays: Annotated[
        dict[str, int], gauge("visible overlays that render nothing of what they are sent, by name", label="overlay")
    ] = {}
    lost_overlays: Annotated[
        dict[str, int], gauge("overlays whose connection broke in the last 10 minutes, by name", label="overlay")
    ] = {}
    alert_problems: Annotated[
        dict[str, int], gauge("problems of `overlays/alerts.toml` and its files, by the first one", label="problem")
    ] = {}
    frames: Annotated[int, counter("frames written to groups")] = 0
    bus_messages: Annotated[int, counter("messages of the bus")] = 0
    bad_bus_messages: Annotated[int, counter("messages of the bus that could not be read")] = 0
    sent_messages: Annotated[int, counter("messages written to overlays")] = 0
    sent_bytes: Annotated[int, counter("size of these messages", "bytes")] = 0
    flag_moves: Annotated[int, counter("overlays whose encoding a flag has changed")] = 0
    filtered_events: Annotated[int, counter("events that a filter withheld")] = 0
    filtered_by_type: Annotated[dict[str, int], counter("events that a filter withheld, by type", label="type")] = {}
    gaps: Annotated[int, counter("gaps in the positions of frames")] = 0
    repaired_events: Annotated[int, counter("critical events read from the log to fill gaps")] = 0
    skipped_positions: Annotated[int, counter("positions that the log no longer has")] = 0
    repeated_events: Annotated[int, counter("critical events that were received twice")] = 0
    lost_frames: Annotated[int, counter("best-effort frames that the bus lost")] = 0
    stale_frames: Annotated[int, counter("frames of an older generation")] = 0
    foreign_frames: Annotated[int, counter("frames of another log")] = 0
    stale_events: Annotated[int, counter("states that a newer one had replaced")] = 0
    log_reads: Annotated[int, counter("reads of the log")] = 0
    replayed_events: Annotated[int, counter("critical events sent to overlays that catch up")] = 0
    slow_switches: Annotated[int, counter("overlays switched to catch-up because they were slow")] = 0
    positions_messages: Annotated[int, counter("packed positions written to overlays")] = 0
    positions_bytes: Annotated[int, counter("size of these messages", "bytes")] = 0
    positions_skipped: Annotated[int, counter("packed positions not sent to an overlay that was busy")] = 0
    receipts_sent: Annotated[int, counter("receipts passed to the queue-manager")] = 0
    http_requests: Annotated[int, counter("HTTP requests")] = 0
    foreign_hosts: Annotated[int, counter("requests with a Host that is not allowed")] = 0
    foreign_origins: Annotated[int, counter("requests of a page whose origin is not allowed")] = 0
    auth_failures: Annotated[int, counter("wrong tokens")] = 0
    auth_failures_recent: Annotated[int, gauge("wrong tokens of the last minute")] = 0
    token_file_failures: Annotated[int, counter("attempts to read the tokens that failed")] = 0
    refused_connections: Annotated[int, counter("connections refused by a limit")] = 0
    late_headers: Annotated[int, counter("connections closed because no whole header came in time")] = 0
    accept_failures: Annotated[int, counter("connections for which the system had no file or memory")] = 0
    received_messages: Annotated[int, counter("messages from overlays")] = 0
    bad_messages: Annotated[int, counter("malformed messages from overlays")] = 0
    floods: Annotated[int, counter("overlays closed because they sent too much")] = 0
    forbidden: Annotated[int, counter("requests for which a token has no right")] = 0
    revoked: Annotated[int, counter("overlays closed or refused because their token was revoked or has expired")] = 0
    commands: Annotated[int, counter("commands")] = 0
    refused_commands: Annotated[int, counter("commands that were refused")] = 0
    receipts: Annotated[int, counter("receipts from overlays")] = 0
    resumes: Annotated[int, counter("overlays that resumed from a position")] = 0
    snapshots: Annotated[int, counter("overlays that started at the present")] = 0
    unrecovered: Annotated[int, counter("overlays that missed positions")] = 0
    silent_overlays: Annotated[int, counter("overlays closed because they did not answer a ping")] = 0
    log_refusals: Annotated[int, counter("reads of the log that failed")] = 0
    bad_layouts: Annotated[int, counter("layout files that could not be used")] = 0
    stored_layouts: Annotated[int, counter("layouts that were stored")] = 0
    emote_hits: Annotated[int, counter("emotes served from the cache")] = 0
    emote_fetches: Annotated[int, counter("emotes fetched")] = 0
    emote_failures: Annotated[int, counter("emotes that could not be fetched")] = 0
    emote_disk_failures: Annotated[int, counter("emotes that could not be stored")] = 0
    loop_failures: Annotated[int, counter("failures in callbacks of the loop")] = 0
    closed: Annotated[dict[str, int], counter("connections closed, by close code", label="code")] = {}
    latency_ms: Annotated[
        dict[str, Histogram], histogram("from the arrival of an event to its sending to overlays", "ms", "lane")
    ] = msgspec.field(default_factory=lambda: {"critical": Histogram(), "best_effort": Histogram()})


class TemplateMetrics(Metrics):
    """The process that forks the others."""

    forks: Annotated[int, counter("processes that were forked")] = 0


class ProcessMetrics(Metrics):
    """The supervisor's measurements of every process, and of itself."""

    memory_bytes: Annotated[
        float,
        gauge("memory; 1/n of a page that n processes share (not on Linux: resident memory)", "bytes"),
    ] = 0.0
    rss_bytes: Annotated[float, gauge("resident memory, which budgets limit", "bytes")] = 0.0
    uss_bytes: Annotated[float, gauge("memory that no other process shares", "bytes")] = 0.0
    cpu_pct: Annotated[float, gauge("processor, as a share of one core", "pct")] = 0.0
    open_files: Annotated[float, gauge("open files")] = 0.0
    threads: Annotated[float, gauge("threads")] = 0.0
    restarts: Annotated[float, counter("restarts")] = 0.0
    uptime_s: Annotated[float, gauge("since the start of the process", "s")] = 0.0


class SourceMetrics(Metrics):
    """One source of the configuration, or the demo (core/sources/state.py: SourceReport)."""

    received: Annotated[int, counter("messages")] = 0
    accepted: Annotated[int, counter("critical messages that were stored")] = 0
    sent: Annotated[int, counter("best-effort messages that were sent")] = 0
    ignored: Annotated[int, counter("messages that become no event")] = 0
    rejected: Annotated[int, counter("malformed messages")] = 0
    duplicate: Annotated[int, counter("messages that were received twice")] = 0
    late: Annotated[int, counter("messages stamped more than 10 s ago")] = 0
    future: Annotated[int, counter("messages stamped more than 3 s ahead")] = 0
    reconnects: Annotated[int, counter("connections that ended")] = 0
    answered: Annotated[int, counter("answers to events that the source waits for")] = 0
    late_answers: Annotated[int, counter("of these, not sent in time")] = 0
    positions: Annotated[int, counter("places of players sent to the radar")] = 0
    positions_dropped: Annotated[int, counter("places of players that nothing took")] = 0
    message_age_s: Annotated[float | None, gauge("since the last message", "s")] = None


# The groups that the processes of a kind send with their heartbeats.
GROUPS: Final[dict[str, tuple[type[Metrics], ...]]] = {
    "template": (TemplateMetrics,),
    "broadcaster": (BroadcasterMetrics, LoopMetrics),
    "gateway": (GatewayMetrics, LoopMetrics),
    "queue-manager": (QueueMetrics, StoreMetrics, LoopMetrics),
    "normalizer": (NormalizerMetrics, LoopMetrics),
    "ingest": (IngestMetrics, ApplicationMetrics, ProducerMetrics, StoreMetrics, LoopMetrics),
    "source": (KitMetrics, ProducerMetrics, StoreMetrics, LoopMetrics),
}


def fields_of(group: type[Metrics]) -> dict[str, Field]:
    """Return the metrics of a group, by name."""
    hints = get_type_hints(group, include_extras=True)
    return {name: hints[name].__metadata__[0].extra["field"] for name in group.__struct_fields__}


# How a unit is exported: the end of the name is replaced, the value multiplied, so that all are base units.
_BASE_UNITS: Final[dict[str, tuple[str, str, float]]] = {
    "s": ("_s", "_seconds", 1.0),
    "ms": ("_ms", "_seconds", 0.001),
    "ratio": ("_share", "_ratio", 1.0),
    "pct": ("_pct", "_ratio", 0.01),
}


def exposed(group: type[Metrics], name: str, field: Field) -> tuple[str, float]:
    """Return the exported name of a metric, and the factor of its values. A counter gets `_total` from the exporter."""
    end, unit, scale = _BASE_UNITS.get(field.unit, ("", "", 1.0))
    base = name.removesuffix(end) + unit if end else name
    prefix = group.__name__.removesuffix("Metrics").lower()
    return f"framewire_{base}" if base.startswith(f"{prefix}_") else f"framewire_{prefix}_{base}", scale


def merged(groups: list[Metrics]) -> dict[str, Any]:
    """Return all metrics of an actor as plain data, as a heartbeat carries them."""
    found: dict[str, Any] = {}
    for group in groups:
        found |= msgspec.to_builtins(group)
    return found
