"""The records of the rehearsal detect every fault that a rehearsal must detect."""

from __future__ import annotations

import pytest

from bench import books
from bench.books import Flow, Kill, Line, Sighting

HEAD = 'L 03/14/2026 - 20:15:09: "Ada<7><[U:1:42]><CT>" [10 -20 64]'
KILL = f'{HEAD} killed "Bo<9><[U:1:43]><TERRORIST>" [30 5 64] with "ak47" (headshot)'.encode()
FACE_A, FACE_B = ("kill", 1.0, "a", "b", "ak47", False), ("kill", 1.0, "b", "a", "ak47", False)
LINES = [Line(0, FACE_A), Line(4, FACE_B), Line(9, FACE_A)]
ALL = {0, 4, 9}


def seen(*facts: tuple[str, int, tuple]) -> list[Sighting]:
    return [Sighting(id_, position, key, at_s=position / 10) for id_, position, key in facts]


GOOD = (("p/1.0", 1, FACE_A), ("p/2.0", 2, FACE_B), ("p/3.0", 3, FACE_A))


def test_complete_records_in_order_have_no_fault():
    verdict = books.judge(LINES, ALL, seen(*GOOD))
    assert verdict.arrived == {0: 0.1, 4: 0.2, 9: 0.3}
    assert verdict[1:] == ([], [], [], [], 0)


def test_an_accepted_line_without_an_event_is_lost():
    assert books.judge(LINES, ALL, seen(*GOOD[:2])).lost == [9]


def test_an_unanswered_line_may_arrive_but_cannot_be_lost():
    assert books.judge(LINES, {0, 4}, seen(*GOOD[:2])).lost == []
    assert books.judge(LINES, {0, 4}, seen(*GOOD)).strange == []


def test_an_id_that_arrives_twice_is_a_duplicate():
    assert books.judge(LINES, ALL, seen(*GOOD, ("p/3.0", 4, FACE_A))).duplicated == ["p/3.0"]


def test_a_line_that_became_two_events_is_a_duplicate_even_under_another_id():
    assert books.judge(LINES, ALL, seen(*GOOD, ("p/4.0", 4, FACE_B))).duplicated == ["p/4.0"]


def test_an_event_without_a_line_is_strange():
    assert books.judge(LINES, ALL, seen(*GOOD, ("p/4.0", 4, ("death", 1.0, "{}")))).strange == ["p/4.0"]


def test_events_in_another_order_than_their_lines_are_reordered():
    swapped = seen(("p/2.0", 1, FACE_B), ("p/1.0", 2, FACE_A), ("p/3.0", 3, FACE_A))
    assert books.judge(LINES, ALL, swapped).reordered == ["p/1.0"]


def test_decreasing_positions_are_reordered_even_with_increasing_lines():
    assert books.judge(LINES, ALL, seen(GOOD[0], ("p/2.0", 3, FACE_B), ("p/3.0", 2, FACE_A))).reordered == ["p/3.0"]


def test_derived_events_have_no_line_and_may_not_repeat():
    verdict = books.judge(LINES, ALL, seen(*GOOD, ("p/3.0+multikill:a", 4, ("multikill", 1.0, "{}"))))
    assert (verdict.derived, verdict.strange, verdict.duplicated) == (1, [], [])
    twice = seen(*GOOD, *[("p/3.0+multikill:a", position, ("multikill", 1.0, "{}")) for position in (4, 5)])
    assert books.judge(LINES, ALL, twice).duplicated == ["p/3.0+multikill:a"]


def test_an_event_that_only_the_log_has_is_reported_as_not_shown():
    assert books.not_shown(seen(*GOOD), seen(*GOOD[1:])) == ["p/1.0"]


def test_the_rehearsal_parses_a_kill_itself():
    line = books.read_line(3, KILL)
    assert line == Line(3, ("kill", 1773519309000.0, "Ada", "Bo", "ak47", True))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (HEAD + ' say "killed "Bo<9><[U:1:43]><T>" with "ak47""', None),
        (HEAD + ' committed suicide with "world"', "death"),
        (HEAD + ' killed "Ada<7><[U:1:42]><CT>" [1 2 3] with "hegrenade"', "death"),
        ('L 03/14/2026 - 20:15:09: World triggered "Round_Start"', "round"),
        ("L 03/14/2026 - 20:15:09: server cvars start", None),
    ],
)
def test_lines_are_critical_when_a_viewer_would_miss_them(body, kind):
    line = books.read_line(0, body.encode())
    assert (line.key[0] if line and line.key else None) == kind


def test_a_torn_kill_is_expected_in_the_quarantine():
    assert books.read_line(0, f'{HEAD} killed "Bo<9'.encode()) == Line(0, None, rejected=True)


def test_a_posted_kill_and_its_event_have_the_same_content_key():
    payload = {"attacker": {"name": "Ada"}, "victim": {"name": "Bo"}, "weapon": "ak47", "headshot": True}
    assert books.read_line(0, KILL).key == books.key_of("kill", 1773519309000.0, payload)


@pytest.mark.parametrize(
    ("flows", "stalls"),
    [
        ([], []),
        ([Flow(8.0, 9.0)], []),  # had arrived before the kill
        ([Flow(9.9, 10.4)], [("ingest", 0.4)]),  # under way at the kill
        ([Flow(11.0, 11.5), Flow(11.2, 11.3)], [("ingest", 0.5)]),  # posted after it, before the next
        ([Flow(12.5, 12.6)], [("gateway-1", 0.1)]),  # after the next kill it is the next one's
        ([Flow(11.0, 12.2)], [("ingest", 1.2), ("gateway-1", 0.2)]),  # outlasts both
    ],
)
def test_a_stall_is_the_longest_delay_that_a_kill_caused(flows, stalls):
    kills = [Kill("ingest", 10.0), Kill("gateway-1", 12.0)]
    assert [(name, pytest.approx(seconds)) for name, seconds in books.stalls(kills, flows)] == stalls


def lines_at(*seconds: str) -> list[bytes]:
    return [f"L 03/14/2026 - 20:15:{second}: x".encode() for second in seconds]


def test_bursts_keep_the_lines_of_a_second_together():
    assert books.due_seconds(lines_at("09", "09", "11"), 2.0, "bursts") == [0.0, 0.0, 1.0]


def test_spread_distributes_the_lines_of_a_second():
    assert books.due_seconds(lines_at("09", "09", "11", "11"), 1.0, "spread") == [0.0, 0.5, 2.0, 2.5]


def test_a_line_without_a_stamp_has_the_time_of_the_line_before():
    assert books.due_seconds([*lines_at("09", "10"), b"x"], 1.0, "bursts") == [0.0, 1.0, 1.0]


def test_fractions_of_a_second_are_kept():
    bodies = [b"03/14/2026 - 20:15:09.000 - x", b"03/14/2026 - 20:15:09.250 - x"]
    assert books.due_seconds(bodies, 1.0, "bursts") == [0.0, pytest.approx(0.25)]
