"""Shared code of the benchmarks: facts of the machine, an open-loop clock, histograms, results."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import random
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
from hdrh.histogram import HdrHistogram

from bench.pipeline import ROOT

RESULTS: Final = ROOT / "bench" / "results"
# The delay before a service manager restarts a service; systemd's default is 100 ms.
RESTART_S: Final = 0.1


async def until(moment_s: float, precise: bool = False) -> None:
    """Sleep until a moment of the monotonic clock; open loop: a delay does not shorten later waits.

    asyncio rounds its waits up to whole milliseconds; `precise` turns for the last of them instead.
    """
    wait_s = moment_s - time.monotonic() - (0.002 if precise else 0.0)
    if wait_s > 0:
        await asyncio.sleep(wait_s)
    while precise and time.monotonic() < moment_s:
        await asyncio.sleep(0)


class Pauses:
    """The pauses of a client between its connections, as those of the product's overlay on the same machine."""

    def __init__(self) -> None:
        self._attempt = 0
        self._begun_s = time.monotonic()

    async def wait(self) -> None:
        """Wait after the end of a connection, or after an attempt that failed."""
        # web_overlay/js/core/backoff.mjs: nearDelay, steady
        if time.monotonic() - self._begun_s >= 1.0:
            self._attempt = 0
        pause_s = 0.01 * 2 ** max(0, self._attempt - 7) * (1 + random.random())
        self._attempt += 1
        await asyncio.sleep(min(1.0, pause_s))
        self._begun_s = time.monotonic()


class Times:
    """A histogram of durations, 1 µs to 10 min with three digits."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, 600_000_000, 3)

    def add(self, seconds: float) -> None:
        self._histogram.record_value(max(1, round(seconds * 1e6)))

    def __len__(self) -> int:
        return int(self._histogram.get_total_count())

    def summary_ms(self) -> dict[str, float]:
        """Return count, percentiles and max, in milliseconds."""
        if not len(self):
            return {"count": 0}
        at = self._histogram.get_value_at_percentile
        return {
            "count": len(self),
            **{name: round(at(pct) / 1000, 3) for name, pct in (("p50", 50), ("p95", 95), ("p99", 99), ("p999", 99.9))},
            "max": round(self._histogram.get_max_value() / 1000, 3),
        }


class Others:
    """The CPU use of other programs. Above about 20 % of a core it influences the figures."""

    def __init__(self) -> None:
        self._begin = self._now()

    def take_pct(self) -> float:
        """Return percent of one core since the last call; unreaped processes count as other programs."""
        begin, self._begin = self._begin, self._now()
        passed_s, busy_s, own_s = (end - start for start, end in zip(begin, self._begin, strict=True))
        return round(max(0.0, 100 * (busy_s - own_s) / max(1e-9, passed_s)), 1)

    @staticmethod
    def _now() -> tuple[float, float, float]:
        whole, own = psutil.cpu_times(), os.times()
        busy_s = sum(whole) - whole.idle - getattr(whole, "iowait", 0.0) - getattr(whole, "guest", 0.0)
        return time.monotonic(), busy_s, own.user + own.system + own.children_user + own.children_system


OTHERS: Final = Others()


def machine() -> dict[str, Any]:
    """Return the facts on which a figure depends, without names of hosts or users."""
    model = platform.processor()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def commit() -> str:
    """Return the commit that was measured, with + if the code differs from it."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    changed = subprocess.run(
        ["git", "status", "--porcelain", "actors", "web_overlay", "supervisor.py"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def report(
    name: str, settings: dict[str, Any], results: dict[str, Any], counters: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Print one JSON line, keep it in bench/results/NAME.jsonl when BENCH_KEEP is set, and return it."""
    line = {
        "name": name,
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit(),
        "machine": machine() | {"others_cpu_pct": OTHERS.take_pct()},
        "settings": settings,
        "results": results,
        "counters": counters or {},
    }
    text = json.dumps(line, separators=(",", ":"))
    print(text, flush=True)
    if os.environ.get("BENCH_KEEP"):
        RESULTS.mkdir(exist_ok=True)
        with (RESULTS / f"{name.partition('.')[0]}.jsonl").open("a") as file:
            file.write(text + "\n")
    return line
