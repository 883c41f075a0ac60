"""The metrics: their names, and that Prometheus accepts them."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request

import msgspec
import pytest

from actors.core import metrics
from actors.core.metrics import GROUPS, Field, Histogram, Metrics, ProcessMetrics, SourceMetrics, exposed, fields_of
from actors.gateway import exposition
from tests.support import SLOWNESS, Pipeline, eventually
from tests.web.conftest import missing

ALL = sorted({group for groups in GROUPS.values() for group in groups} | {ProcessMetrics, SourceMetrics},
             key=lambda group: group.__name__)  # fmt: skip
UNITS = {"s": ("_s",), "ms": ("_ms",), "bytes": ("bytes",), "ratio": ("_share",), "pct": ("_pct",), "": ("",)}


@pytest.mark.parametrize("group", ALL, ids=lambda group: group.__name__)
def test_every_metric_has_help_and_a_unit_in_its_name(group):
    for name, field in fields_of(group).items():
        assert field.help
        assert name.endswith(UNITS[field.unit]), name


def test_exported_names_are_unique_and_in_base_units():
    names = [exposed(group, name, field)[0] for group in ALL for name, field in fields_of(group).items()]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.endswith(("_ms", "_pct", "_s"))]


@pytest.mark.parametrize(
    ("group", "name", "field", "expected"),
    [
        (metrics.LoopMetrics, "tick_max_ms", Field("gauge", "h", "ms"), ("framewire_loop_tick_max_seconds", 0.001)),
        (metrics.LoopMetrics, "busy_share", Field("gauge", "h", "ratio"), ("framewire_loop_busy_ratio", 1.0)),
        (metrics.StoreMetrics, "store_commits", Field("counter", "h"), ("framewire_store_commits", 1.0)),
        (metrics.ProcessMetrics, "cpu_pct", Field("gauge", "h", "pct"), ("framewire_process_cpu_ratio", 0.01)),
        (metrics.GatewayMetrics, "sent_bytes", Field("counter", "h", "bytes"), ("framewire_gateway_sent_bytes", 1.0)),
    ],
)
def test_a_metric_is_exported_in_base_units(group, name, field, expected):
    assert exposed(group, name, field) == expected


class LampMetrics(Metrics):
    """A group of the test's own: one field is one metric."""

    switched: metrics.Annotated[int, metrics.counter("how often it was switched")] = 0
    glow_ms: metrics.Annotated[Histogram, metrics.histogram("how long it glowed", "ms")] = msgspec.field(
        default_factory=Histogram
    )


def test_a_metric_needs_only_a_field_of_a_group(monkeypatch):
    monkeypatch.setitem(GROUPS, "lamp", (LampMetrics,))
    lamp = LampMetrics(3)
    for value in (0.5, 3.0, 99_999.0):
        lamp.glow_ms.add(value)
    status = {"processes": [{"name": "left", "kind": "lamp"}], "actors": {"left": metrics.merged([lamp])}}
    lines = exposition.text_of(status, None).decode().splitlines()
    assert "# HELP framewire_lamp_switched_total how often it was switched" in lines
    assert "# TYPE framewire_lamp_switched_total counter" in lines
    assert 'framewire_lamp_switched_total{process="left"} 3.0' in lines
    assert 'framewire_lamp_glow_seconds_bucket{le="0.004",process="left"} 2.0' in lines
    assert 'framewire_lamp_glow_seconds_bucket{le="+Inf",process="left"} 3.0' in lines
    assert 'framewire_lamp_glow_seconds_count{process="left"} 3.0' in lines


def test_malformed_values_are_left_out():
    status = {"processes": [{"name": "x", "kind": "ingest"}], "actors": {"x": {"requests": "many", "accepted": None}}}
    assert b"framewire_ingest_requests_total{" not in exposition.text_of(status, None)


def test_exported_metrics_pass_promtool_and_include_the_ledger():
    promtool = shutil.which("promtool") or missing("promtool (the Debian package prometheus)")
    with Pipeline('sources.feed={kind="websocket",url="ws://127.0.0.1:9/"}') as pipeline:
        pipeline.start()
        pipeline.command("emit", "follow", "user=ada")

        def text() -> str:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{pipeline.gateway_port}/metrics", timeout=10 * SLOWNESS
            ) as answer:
                return answer.read().decode()

        eventually(lambda: 'framewire_ledger_events_total{bucket="sent",category="critical"} 1.0' in text(), 10)
        eventually(lambda: "framewire_ingest_requests_total{" in text(), 10)
        eventually(lambda: 'framewire_source_state{source="feed",state="connecting"} 1.0' in text(), 10)
        page = text()
        checked = subprocess.run(
            [str(promtool), "check", "metrics"], input=page.encode(), capture_output=True, check=False
        )
        assert (checked.returncode, checked.stderr.decode()) == (0, "")
        helps = {line.split()[2] for line in page.splitlines() if line.startswith("# HELP")}
        types = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
        assert helps == types
