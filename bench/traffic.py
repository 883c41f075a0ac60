"""Generate a game server's log of any rate: `python -m bench.traffic --seconds 60 --rate 2000 --critical 200 FILE`.

Lines have millisecond stamps, like those of CS2. The victim of a kill is named after its number, so that an event
can be matched with its line. Kills and hits are distributed evenly over each second.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

ATTACKERS: Final = 20
START_S: Final = datetime(2026, 3, 14, 20, 0, tzinfo=UTC).timestamp()


def kill(number: int, at_s: float) -> bytes:
    """Return the line of kill `number`; its victim is named `k<number>`."""
    return f'{_stamp(at_s)} {_player(number)} [0 0 0] killed {_victim("k", number)} [1 1 1] with "ak47"'.encode()


def hit(number: int, at_s: float) -> bytes:
    """Return the line of hit `number`; its victim is named `h<number>`."""
    return (
        f'{_stamp(at_s)} {_player(number)} [0 0 0] attacked {_victim("h", number)} [1 1 1] with "ak47" (damage "27") '
        '(damage_armor "3") (health "73") (armor "97") (hitgroup "chest")'
    ).encode()


def lines(seconds: float, rate: int, critical: int) -> Iterator[tuple[float, bytes]]:
    """Yield (seconds after the start, line) of `rate` lines a second, `critical` of which are kills."""
    kills = hits = 0
    for number in range(int(seconds * rate)):
        at_s = number / rate
        if (number + 1) * critical // rate > kills:
            kills += 1
            yield at_s, kill(kills, at_s)
        else:
            hits += 1
            yield at_s, hit(hits, at_s)


def _stamp(at_s: float) -> str:
    moment = datetime.fromtimestamp(START_S + at_s, UTC)
    return f"{moment:%m/%d/%Y - %H:%M:%S}.{moment.microsecond // 1000:03d} -"


def _player(number: int) -> str:
    place = number % ATTACKERS
    return f'"Player{place}<{place}><[U:1:{100 + place}]><CT>"'


def _victim(letter: str, number: int) -> str:
    return f'"{letter}{number}<99><[U:1:{1000 + number}]><TERRORIST>"'


@click.command()
@click.option("--seconds", type=float, default=60.0, show_default=True)
@click.option("--rate", type=int, default=2_000, show_default=True, help="Lines per second.")
@click.option("--critical", type=int, default=200, show_default=True, help="Kills per second among them.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def main(seconds: float, rate: int, critical: int, file: Path) -> None:
    """Write a generated log for `python -m bench.rehearsal --srcds FILE --speed 1`."""
    file.write_bytes(b"\n".join(line for _, line in lines(seconds, rate, critical)) + b"\n")


if __name__ == "__main__":
    main()
