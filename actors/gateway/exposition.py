"""The text of `/metrics`, as Prometheus reads it: every metric of core/metrics.py, in base units.

The supervisor's status has the metrics of all processes from their last heartbeats; the queue-manager has the ledger.
When one of the two does not answer, its metrics are missing, and the scrape succeeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from actors.core.metrics import GROUPS, LATENCY_MS, Field, Metrics, ProcessMetrics, SourceMetrics, exposed, fields_of

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SOURCE_STATES: Final = ("connecting", "waiting", "live", "silent", "degraded", "refused")
BUCKETS: Final = ("received", "sent", "coalesced", "duplicate", "expired")

_FAMILIES: Final = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}


def text_of(status: Mapping[str, Any], ledger: Mapping[str, Any] | None) -> bytes:
    """Return the metrics of a supervisor's status and a queue-manager's ledger (None: it does not answer)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(list(_families(status, ledger or {}))))
    return generate_latest(registry)


class _Collector:
    """The collector that prometheus_client expects."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(status: Mapping[str, Any], ledger: Mapping[str, Any]) -> Iterator[Metric]:
    rows = status.get("processes") or []
    actors = status.get("actors") or {}
    told: dict[type[Metrics], list[tuple[str, Mapping[str, Any]]]] = {}
    for row in rows:
        for group in GROUPS.get(row.get("kind", ""), ()):
            told.setdefault(group, []).append((row["name"], actors.get(row["name"]) or {}))
    told[ProcessMetrics] = [(row["name"], row) for row in rows]
    for group, values in told.items():
        yield from _group(group, "process", values)
    sources = status.get("sources") or []
    yield from _group(SourceMetrics, "source", [(row["name"], row) for row in sources])
    yield _states(sources)
    yield from _ledger(ledger)
    yield _alerts(status.get("alerts") or [])


def _group(group: type[Metrics], label: str, told: list[tuple[str, Mapping[str, Any]]]) -> Iterator[Metric]:
    """Yield one family for each metric of a group; `told` is (process or source, its values)."""
    for name, field in fields_of(group).items():
        exported, scale = exposed(group, name, field)
        labels = [label, field.label] if field.label else [label]
        family = _FAMILIES[field.kind](exported, field.help, labels=labels)
        for owner, values in told:
            value = values.get(name)
            for key, part in (value or {}).items() if field.label else [("", value)]:
                _add(family, field, [owner, key] if field.label else [owner], part, scale)
        yield family


def _add(family: Any, field: Field, labels: list[str], value: Any, scale: float) -> None:
    if field.kind == "histogram" and isinstance(value, dict):
        total, buckets = 0, []
        for bound, count in zip([*LATENCY_MS, float("inf")], value["counts"], strict=True):
            total += count
            buckets.append(("+Inf" if bound == float("inf") else f"{bound * scale:g}", total))
        family.add_metric(labels, buckets, value["sum"] * scale)
    elif isinstance(value, int | float):
        family.add_metric(labels, value * scale)


def _states(sources: Iterable[Mapping[str, Any]]) -> Metric:
    family = GaugeMetricFamily("framewire_source_state", "1 for the state of the source", labels=["source", "state"])
    for row in sources:
        for state in SOURCE_STATES:
            family.add_metric([row["name"], state], float(row["state"] == state))
    return family


def _ledger(ledger: Mapping[str, Any]) -> Iterator[Metric]:
    accounts = ledger.get("events") or {}
    counted = CounterMetricFamily(
        "framewire_ledger_events", "events by category and by what became of them", labels=["category", "bucket"]
    )
    dropped = CounterMetricFamily(
        "framewire_ledger_dropped_events", "events dropped, by category and rule", labels=["category", "rule"]
    )
    pending = GaugeMetricFamily("framewire_ledger_pending_events", "events that wait", labels=["category"])
    for category, account in accounts.items():
        for bucket in BUCKETS:
            counted.add_metric([category, bucket], account[bucket])
        for rule, count in account["dropped"].items():
            dropped.add_metric([category, rule], count)
        pending.add_metric([category], account["pending"])
    raw = CounterMetricFamily("framewire_ledger_raw_messages", "best-effort raw messages", labels=["bucket"])
    for bucket, count in (ledger.get("raw") or {}).items():
        raw.add_metric([bucket], count)
    yield from (counted, dropped, pending, raw)


def _alerts(alerts: Iterable[Mapping[str, Any]]) -> Metric:
    family = GaugeMetricFamily("framewire_alert", "1 for each alert that stands", labels=["key", "name", "level"])
    for alert in alerts:
        family.add_metric([alert["key"], alert["name"], alert["level"]], 1.0)
    return family
