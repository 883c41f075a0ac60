"""Overlays judged by their receipts, as histories: (second, what is known then, the condition)."""

import pytest

from actors.core.delivery.conversation import OverlayState
from actors.core.delivery.presence import ALERT_S, ELSEWHERE, KEEP_S, MOST, NAMED, Absent, Facts, Gone, Pace, counted

LIVE = Facts(OverlayState.LIVE, sent=10, rendered=10, frame_s=1.0, receipt_s=1.5)


def live(**fields):
    return Facts(**{name: getattr(LIVE, name) for name in Facts.__struct_fields__} | fields)


HISTORIES = {
    "nothing happens for an hour": [(0, LIVE, "live"), (3600, LIVE, "live")],
    "a steady stream: the newest is always missing": [
        (at_s, live(sent=10 + 200 * at_s, rendered=200 * at_s - 10, frame_s=at_s, receipt_s=at_s), "live")
        for at_s in range(60)
    ],
    "its position stops": [
        (0, LIVE, "live"),
        (1, live(sent=20), "live"),
        (5, live(sent=25), "live"),
        (6, live(sent=30), "stalled"),
        (60, live(sent=500), "stalled"),
        (61, live(sent=500, rendered=500), "live"),
    ],
    "its frames stop: chat is sent, and no receipt comes": [
        (0, LIVE, "live"),
        (10, live(frame_s=9.9), "live"),
        (12, live(frame_s=11.9), "live"),
        (15, live(frame_s=14.9), "stalled"),
        (16, live(frame_s=14.9, receipt_s=15.9), "live"),
    ],
    "chat every moment, a receipt every 2 s: the newest frame never has one": [
        (at_s, live(frame_s=at_s - 0.1, receipt_s=at_s - 0.2 - at_s % 2), "live") for at_s in range(2, 60)
    ],
    "frozen from the start: it reports its visibility, and never a receipt": [
        (0, live(reports=False, sent=0, rendered=0, frame_s=0, receipt_s=0), "live"),
        (1, live(reports=False, sent=1, rendered=0, frame_s=1, receipt_s=0), "live"),
        (7, live(reports=False, sent=1, rendered=0, frame_s=1, receipt_s=0), "stalled"),
    ],
    "a program that sends no receipts is not judged": [
        (0, live(reports=False, visible=None), "live"),
        (1, live(reports=False, visible=None, sent=99), "live"),
        (99, live(reports=False, visible=None, sent=999, frame_s=98), "live"),
    ],
    "a program that sends receipts for positions alone is judged by its position alone": [
        (0, live(visible=None), "live"),
        (1, live(visible=None, frame_s=1.9), "live"),
        (60, live(visible=None, frame_s=59), "live"),
        (61, live(visible=None, sent=11, frame_s=61), "live"),
        (66, live(visible=None, sent=11, frame_s=61), "stalled"),
    ],
    "hidden in OBS it may rest, and when it is shown it has time to catch up": [
        (0, LIVE, "live"),
        (1, live(visible=False, sent=20, frame_s=1.9), "hidden"),
        (600, live(visible=False, sent=900, frame_s=599), "hidden"),
        (601, live(sent=900, frame_s=599), "live"),
        (602, live(sent=900, rendered=900, frame_s=599, receipt_s=602), "live"),
    ],
    "hidden is no excuse afterwards": [
        (0, live(visible=False, sent=20), "hidden"),
        (1, live(sent=20), "live"),
        (6, live(sent=20), "stalled"),
    ],
    "while it catches up it is not judged": [
        (0, live(state=OverlayState.CATCHUP, sent=500), "catchup"),
        (30, live(state=OverlayState.CATCHUP, sent=900), "catchup"),
        (31, live(sent=900), "live"),
        (36, live(sent=900), "stalled"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_histories(history):
    pace = Pace()
    assert [pace.see(now_s, facts) for now_s, facts, _ in history] == [condition for *_, condition in history]


def gone(name="main", at_s=0.0, address="10.0.0.2", **fields):
    return Gone(name, address, "the connection broke", at_s, 0.0, **fields)


def test_a_lost_overlay_is_found_again_by_its_name_and_address_one_at_a_time():
    absent = Absent()
    absent.left(gone(number=1))
    absent.left(gone(number=2))
    absent.left(gone("other", number=3))
    absent.came("main", "10.0.0.9")
    assert [one.number for one in absent.lost(1.0)] == [3, 2, 1]
    absent.came("main", "10.0.0.2")
    assert [one.number for one in absent.lost(1.0)] == [3, 2]
    absent.came("main", "10.0.0.2")
    assert [one.number for one in absent.lost(1.0)] == [3]


@pytest.mark.parametrize(
    ("came_s", "heard_s", "found"),
    [
        ([], 5.0, [False]),
        ([7.0], 5.0, [True, False]),  # one connection elsewhere stands for one that ends here
        ([3.0], 5.0, [False]),  # it was there before: another overlay of the same name
        ([3.0, 7.0], 5.0, [True, False]),
    ],
)
def test_an_overlay_that_reconnected_to_another_gateway_is_not_lost(came_s, heard_s, found):
    absent = Absent()
    for at_s in came_s:
        absent.came_elsewhere("main", "10.0.0.2", at_s)
    assert [absent.elsewhere("main", "10.0.0.2", heard_s) for _ in found] == found
    assert not absent.elsewhere("main", "10.0.0.9", heard_s)


def test_a_connection_elsewhere_replaces_a_lost_overlay_and_then_no_other():
    absent = Absent()
    absent.left(gone())
    absent.came_elsewhere("main", "10.0.0.2", 7.0)
    assert absent.lost(8.0) == []
    assert not absent.elsewhere("main", "10.0.0.2", 5.0)
    for number in range(2 * ELSEWHERE):
        absent.came_elsewhere(f"o-{number}", "10.0.0.2", 7.0)
    assert not absent.elsewhere("o-0", "10.0.0.2", 5.0)
    assert absent.elsewhere(f"o-{ELSEWHERE}", "10.0.0.2", 5.0)


def test_a_page_that_said_it_is_closed_raises_no_alert_and_a_reason_of_the_gateway_stays():
    absent = Absent()
    absent.left(gone("page", number=1))
    absent.left(gone("slow", number=2, code=4008))
    absent.page_closed(1)
    absent.page_closed(2)
    assert [(one.overlay_id, one.closed) for one in absent.lost(1.0)] == [("slow", False), ("page", True)]
    assert absent.missed(1.0) == ["slow"]


def test_lost_overlays_are_bounded_and_expire_and_those_that_were_closed_raise_no_alert():
    absent = Absent()
    for number in range(MOST + 5):
        absent.left(gone(f"o-{number}", at_s=float(number), closed=number % 2 == 0))
    assert len(absent.lost(70.0)) == MOST
    assert absent.missed(70.0)[:2] == ["o-67", "o-65"]
    assert absent.missed(ALERT_S + 100) == []
    assert absent.lost(KEEP_S + 100) == []


def test_refusals_of_one_kind_are_one_line_with_a_count():
    absent = Absent()
    for at_s in (1.0, 2.0, 3.0):
        absent.refuse(gone(at_s=at_s, code=4500))
    absent.refuse(gone("x", at_s=4.0, code=4503))
    assert [(one.overlay_id, one.code, one.count, one.at_s) for one in absent.refused(5.0)] == [
        ("x", 4503, 1, 4.0),
        ("main", 4500, 3, 3.0),
    ]
    for number in range(MOST + 5):
        absent.refuse(gone(f"r-{number}", at_s=5.0))
    assert len(absent.refused(6.0)) == MOST
    assert absent.refused(KEEP_S + 6.0) == []


def test_names_of_a_metric_are_bounded():
    assert counted(["b", "a", "b"]) == {"a": 1, "b": 2}
    assert len(counted([f"o-{number}" for number in range(100)])) == NAMED
