"""Runs all benchmarks in turn and stores the results in bench/results: `python -m bench [--quick]` (`make bench`)."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import click

from bench.pipeline import ROOT

# name: (arguments, arguments with --quick)
BENCHES: Final = {
    "idle": ((), ("--seconds", "10", "--starts", "2")),
    "applications": ((), ("--seconds", "5")),
    "latency": ((), ("--seconds", "10")),
    "drawn": ((), ("--seconds", "10")),
    "overlay": ((), ("--seconds", "3", "--rounds", "1")),
    "throughput": ((), ("--events", "100000")),
    "fanout": ((), ("--seconds", "4")),
    "isolation": ((), ("--seconds", "5", "--rounds", "1", "--overlays", "200")),
    "pushpull": ((), ("--kills", "1")),
    "minecraft": ((), ("--seconds", "10")),
    "restarts": ((), ("--seconds", "20", "--starts", "2")),
}


@click.command()
@click.option("--quick", is_flag=True, help="Shorter runs, whose results are not stored.")
@click.option("--only", multiple=True, type=click.Choice(list(BENCHES)))
def main(quick: bool, only: tuple[str, ...]) -> None:
    """Run the benchmarks, except the rehearsal, which needs a server log."""
    environment = os.environ | ({} if quick else {"BENCH_KEEP": "1"})
    failed = []
    for name, arguments in BENCHES.items():
        if not only or name in only:
            command = [sys.executable, "-m", f"bench.{name}", *arguments[quick]]
            if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
                failed.append(name)
    if failed:
        click.echo(f"failed benchmarks: {', '.join(failed)}", err=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
