"""Output of `status` and `top` as tables of answers of the supervisor."""

import json
from typing import Any

import pytest

from actors import logs, program
from actors.commands import json_of, text_of
from actors.commands.status import ADVICE, COLORS, advice, count, duration, headline, percent, size, styled, table
from actors.commands.top import arranged, cut
from actors.core.supervision.children import ChildState
from actors.core.supervision.health import ALERTS, Alert, Level
from actors.supervision.status import named_command

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\nsecond"


def row(name: str = "ingest", **fields: Any) -> dict[str, Any]:
    """A process directly after its start: unknown values are None or missing."""
    return {
        "name": name, "kind": name.rstrip("-0123456789"), "state": "running", "pid": 4_194_304, "uptime_s": 0.1,
        "restarts": 0, "last_reason": "", "heartbeat_age_s": 0.1, "degraded": False, "silent": False,
    } | fields  # fmt: skip


BUSY = row(
    "queue-manager", uptime_s=9e7, cpu_pct=100.0, memory_bytes=99_999_499_999, queue=123_456_789, events_per_s=9_999.4,
    restarts=1_234, busy_share=0.999, tick_avg_ms=12.3, tick_max_ms=0.123, uss_bytes=200e9, open_files=40_000,
    threads=7, ctx_switches=5_000_000_000,
)  # fmt: skip


def alert(key: str = "process.degraded", name: str = "ingest", text: str = "restarted 14 times") -> dict[str, Any]:
    one = Alert(key, name, text)
    return one._asdict() | {"level": one.level, "for_s": 3.0, "do": one.do, "command": f"./supervisor.py {one.command}"}


def answer(*rows: dict[str, Any], alerts: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "state": "running", "uptime_s": 3.0, "pid": 4_194_304, "cpu_pct": 0.1, "memory_bytes": 20e6,
        "guardian_memory_bytes": None, "memory_kind": "proportional", "processes": list(rows), "alerts": alerts or [],
    } | fields  # fmt: skip


def texts(said: dict[str, Any], width: int = 80) -> list[str]:
    alerts = [line for one in said["alerts"] for line in advice(one, width)]
    return [line.text for line in [headline(said), *alerts, *table(said, width)]]


def test_without_problems_status_has_one_line_and_a_row_per_process():
    first, head, *rows = texts(answer(row("broadcaster"), row("ingest", cpu_pct=1.0, memory_bytes=30e6, queue=0)))
    assert first == "running, up 3.0 s, CPU 1.1 %, memory 50.0 MB, pid 4194304"
    assert head.split() == ["NAME", "STATE", "PID", "UP", "CPU", "MEMORY", "QUEUE", "EVENTS/S", "RESTARTS"]
    assert rows[0].split() == ["broadcaster", "running", "4194304", "0.1", "s", "-", "-", "-", "-", "0"]
    assert rows[1].split() == ["ingest", "running", "4194304", "0.1", "s", "1.0", "%", "30.0", "MB", "0", "-", "0"]


def test_problems_are_above_the_processes_with_a_command_to_paste():
    said = answer(row(), alerts=[alert(), alert("memory.warn", "demo", "300 MB of memory")])
    assert texts(said)[:5] == [
        "running, up 3.0 s, 2 alerts, CPU 0.1 %, memory 20.0 MB, pid 4194304",
        "!! process.degraded ingest: restarted 14 times, for 3.0 s",
        "   → find the cause in the logs: ./supervisor.py logs",
        "!  memory.warn demo: 300 MB of memory, for 3.0 s",
        "   → check whether it grows: ./supervisor.py top",
    ]


def test_status_counts_the_overlays_and_names_those_that_need_help():
    well = {"overlays": {"live": 2, "catchup": 1}, "stalled_overlays": {}, "lost_overlays": {}}
    ill = {"overlays": {"live": 1}, "stalled_overlays": {"main": 1}, "lost_overlays": {"second": 1}}
    last = texts(answer(row(), actors={"gateway-1": well, "ingest": {"queue": 0}}))[-1]
    assert last == "overlays: 3 connected"
    last = texts(answer(row(), actors={"gateway-1": well, "gateway-2": ill}))[-1]
    assert last == "overlays: 4 connected; stalled: main; lost: second"


@pytest.mark.parametrize("key", ALERTS)
def test_the_advice_of_every_alert_fits_into_a_line_and_ends_in_a_command(key):
    alert = Alert(key, "queue-manager", "")
    assert len(f"{ADVICE}{alert.do} ./supervisor.py {alert.command}") <= 80
    words = alert.command.split()
    assert words[0] in ("reload", "logs", "top", "restart", "doctor", "start", "source")
    assert set(words[1:]) <= {"queue-manager", "--detach", "list"}


def test_a_long_alert_is_wrapped_not_cut():
    said = answer(alerts=[alert("process.failed", "demo", "wrong configuration: " + "word " * 60)])
    lines = texts(said)[1:-1]
    assert sum(line.count("word") for line in lines) == 60
    assert all(len(line) <= 80 for line in lines)


def test_a_line_that_is_cut_says_so():
    died = answer(
        row(restarts=1, last_reason="killed by SIGKILL because of a reason that is longer than the line is wide")
    )
    assert [line for line in texts(died) if line.startswith("  last: ")] == [
        "  last: killed by SIGKILL because of a reason that is longer than the line is w…"
    ]


@pytest.mark.parametrize("width", [20, 40, 79, 80, 81, 100, 160, 300])
@pytest.mark.parametrize("rows", [[row()], [BUSY], [row("normalizer-64", state="stopping", last_reason="x" * 400)]])
def test_no_line_of_the_table_is_wider_than_the_terminal(rows, width):
    assert all(len(line.text) <= width for line in table(answer(*rows), max(width, 24)) if width >= 24)


@pytest.mark.parametrize(
    ("width", "last"), [(80, "RESTARTS"), (88, "BUSY"), (97, "MS"), (160, "SWITCHES"), (71, "EVENTS/S")]
)
def test_a_wider_terminal_shows_more_and_a_narrower_one_less(width, last):
    assert table(answer(row()), width)[0].text.split()[-1] == last


def test_a_number_is_never_cut():
    said = table(answer(BUSY), 200)[1].text.split()
    assert said == [
        "queue-manager", "running", "4194304", "1041", "d", "100", "%", "99999", "MB", "123M", "9999", "1234",
        "99.9", "%", "12", "0.12", "200", "GB", "40k", "7", "5000M",
    ]  # fmt: skip


@pytest.mark.parametrize(("fields", "word"), [
    ({}, "running"),
    ({"degraded": True}, "degraded"),
    ({"degraded": True, "silent": True}, "silent"),
    ({"state": "starting", "degraded": True}, "starting"),
    ({"state": "failed", "pid": None, "uptime_s": None}, "failed"),
])  # fmt: skip
def test_the_state_of_a_process_is_one_word_with_a_color(fields, word):
    line = table(answer(row(**fields)), 80)[1]
    assert line.text.split()[1] == word
    assert (line.tone, line.text[line.at : line.at + line.length]) == (word, word)
    assert COLORS[word]


def test_states_and_levels_have_colors_only_in_a_terminal():
    assert {*ChildState, *Level} - set(COLORS) == {ChildState.STOPPED}  # nothing to look at
    line = headline(answer(alerts=[alert()]))
    assert styled(line).startswith("\x1b[31mrunning\x1b[")


def test_the_reason_of_a_restart_is_below_the_process():
    lines = texts(answer(row(last_reason="killed by SIGKILL"), row("demo")))
    assert lines[3] == "  last: killed by SIGKILL"
    assert lines[4].startswith("demo")


@pytest.mark.parametrize("hostile", [EVIL, "\x1b[6n", "\x00", "\x7f", "a\u2028b", "\U000e0001"])
def test_text_from_outside_cannot_control_a_terminal(hostile):
    said = answer(row(last_reason=hostile), alerts=[alert(text=hostile)])
    assert all(line.isprintable() for line in texts(said))
    fact = logs.Fact("", "INFO", "ingest", f"said line={hostile}\n\tsecond")
    assert fact.line().replace("\n", "").isprintable()
    assert text_of(hostile).isprintable()
    assert json_of({"x": [hostile]}).isprintable()


def test_json_output_keeps_every_value():
    for value in (EVIL, "Grüße, 世界 🎉", {"a": [1, None, "\\u0041"]}, "\U000e0001"):
        assert json.loads(json_of(value)) == value
    assert json_of("世界") == '"世界"'


@pytest.mark.parametrize(("seconds", "said"), [
    (None, "-"), (0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1 m"), (3599, "59 m"), (7200, "2 h"), (172_799, "47 h"),
    (172_800, "2 d"),
])  # fmt: skip
def test_durations_are_short_with_a_unit(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(("function", "number", "said"), [
    (count, None, "-"), (count, 0, "0"), (count, 9_999, "9999"), (count, 10_000, "10k"), (count, 10_000_000, "10M"),
    (percent, None, "-"), (percent, 0.04, "0.0 %"), (percent, 99.96, "100 %"),
    (size, None, "-"), (size, 1e6, "1.0 MB"), (size, 999.94e6, "999.9 MB"), (size, 999.96e6, "1000 MB"),
    (size, 99_999.6e6, "100 GB"),
])  # fmt: skip
def test_numbers_are_short_with_a_unit(function, number, said):
    assert function(number) == said


# top: the size of the screen


def screen(said: dict[str, Any], chosen: str = "", height: int = 23, width: int = 80) -> list[str]:
    return [line.text for line in arranged(said, chosen, height, width)]


def test_the_processes_stay_on_the_screen_with_any_number_of_alerts():
    rows = [row(f"gateway-{number}") for number in range(1, 8)]
    said = answer(*rows, alerts=[alert("memory.critical", one["name"]) for one in rows])
    lines = screen(said)
    assert len(lines) == 23
    assert lines[1].startswith("!! memory.critical gateway-1")
    assert "   and 1 more alert: ./supervisor.py status" in lines
    assert [line.split()[0] for line in lines[-7:]] == [one["name"] for one in rows]


@pytest.mark.parametrize("chosen", ["", "gateway-1", "gateway-40", "gateway-64"])
@pytest.mark.parametrize("height", [2, 6, 12, 23])
def test_the_chosen_process_is_always_visible(chosen, height):
    rows = [row(f"gateway-{number}", last_reason="killed by SIGKILL") for number in range(1, 65)]
    lines = screen(answer(*rows, alerts=[alert(), alert("cpu.high")]), chosen, height)
    assert len(lines) <= max(height, 8)
    assert any(line.startswith(f"{chosen or 'gateway-1'} ") for line in lines)
    assert lines[1].startswith("!! process.degraded")


def test_wide_characters_take_two_cells():
    assert cut("世界世界", 5) == "世界"
    assert cut("abc", 5) == "abc"
    assert cut("abcdef", 5) == "abcde"


def test_expired_tokens_are_named_and_others_are_not():
    added = [{"name": "guest", "expired": True}, {"name": "stage", "expired": False}]
    lines = [line.text for line in table(answer(row(), tokens=added), 80)]
    assert lines[-1] == "expired tokens: guest (token list)"
    assert table(answer(row(), tokens=added[1:]), 80) == table(answer(row()), 80)


@pytest.mark.parametrize(("detail", "command"), [
    ("There is no login at Twitch yet. Log in: {name} login twitch --source live",
     "{name} login twitch --source live --set run_dir=x"),
    ("Log in again: {name} login twitch --source my-2.", "{name} login twitch --source my-2 --set run_dir=x"),
    ("The secret 'tip' is not set; set it: {name} secret set tip", "{name} secret set tip --set run_dir=x"),
    ("There is no token of 'cs2' yet; make it: {name} gsi install --name cs2",
     "{name} gsi install --name cs2 --set run_dir=x"),
    ("{name} stop", ""),
    ("{name} secret set $(reboot)", ""),
    ("", ""),
])  # fmt: skip
def test_the_command_that_a_source_names_selects_this_pipeline(detail, command):
    name = program.NAME
    assert named_command(detail.format(name=name), " --set run_dir=x") == command.format(name=name)
