"""Game state integration: posts as tables of histories, hostile posts, and a kill of the ingest."""

import copy
import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import secrets
from actors.adapters import gsi_changes
from actors.core.contract import event as contract
from actors.core.contract.event import Submission
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput
from actors.producers.sources import gsi
from actors.producers.spec import Forbidden, SourceRequest
from tests.sockets.actors import CORE, Actors
from tests.sources.peer import report
from tests.support import eventually

ME, OTHER = "76561190000000001", "76561190000000002"
TOKEN = "t0ken"

BASE = {
    "provider": {"name": "Counter-Strike 2", "appid": 730, "version": 1, "steamid": ME, "timestamp": 1_800_000_000},
    "map": {"mode": "competitive", "name": "de_nuke", "phase": "live", "round": 2,
            "team_ct": {"score": 1}, "team_t": {"score": 1}},
    "round": {"phase": "live"},
    "player": {
        "steamid": ME, "name": "Ada", "team": "CT", "activity": "playing",
        "match_stats": {"kills": 4, "assists": 1, "deaths": 2, "mvps": 0, "score": 9},
        "state": {"health": 100, "armor": 50, "flashed": 0, "round_kills": 0, "round_killhs": 0},
        "weapons": {"weapon_0": {"name": "weapon_knife", "state": "holstered"},
                    "weapon_1": {"name": "weapon_ak47", "state": "active"}},
    },
    "previously": {"player": True},
    "auth": {"token": TOKEN},
}  # fmt: skip


def post(**changes):
    """Return a post; `player__match_stats__kills=5` changes one leaf, None removes it."""
    body = copy.deepcopy(BASE)
    for path, value in changes.items():
        *parents, leaf = path.split("__")
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(leaf, None)
        else:
            place[leaf] = value
    return body


def figures(kills=4, headshots=0, round_kills=0, **more):
    """Return a post with other figures of the player."""
    names = {"deaths": "match_stats", "assists": "match_stats", "mvps": "match_stats", "health": "state"}
    return post(
        player__match_stats__kills=kills,
        player__state__round_kills=round_kills,
        player__state__round_killhs=headshots,
        **{f"player__{names[name]}__{name}": value for name, value in more.items()},
    )


def over(number, winner="CT", bomb=None, **more):
    return post(map__round=number, round__phase="over", round__win_team=winner, round__bomb=bomb, **more)


def take(body, state=b"", now_ms=0.0):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return gsi.receive(SourceRequest("", {}, {}, data, now_ms), gsi.GsiSettings(kind="gsi"), lambda: TOKEN, state)


def said(message):
    """Return a message as short text; its payload must be valid for its type."""
    submission = msgspec.msgpack.decode(message.body, type=Submission)
    payload = msgspec.msgpack.decode(submission.payload, type=TAXONOMY[submission.type].payload)
    match submission.type:
        case "kill":
            whom = f" of {payload.victim.name}" if payload.victim else ""
            return f"kill by {payload.attacker.name}{whom} {payload.weapon}{' head' * payload.headshot}"
        case "death":
            return f"death {payload.victim.name}"
        case "round":
            return " ".join(filter(None, ("round", payload.phase, payload.winner, payload.reason)))
        case "objective":
            return f"{payload.action}{f' {payload.player.name}' if payload.player else ''}"
        case "score":
            return "score {CT}:{TERRORIST}".format(**payload.scores)
    return f"{submission.type} {payload.player.name}"


def told(posts):
    """Return the events of a history, without those of its first post."""
    state, found = b"", []
    for number, body in enumerate(posts):
        taken = take(body, state)
        state = state if taken.state is None else taken.state
        found += [said(message) for message in taken.messages] if number else []
    return found


WARMUP = {"map__phase": "warmup", "map__round": 0, "round": None, "map__team_ct__score": 0, "map__team_t__score": 0}
FRESH = {"map__round": 0, "map__team_ct__score": 0, "map__team_t__score": 0}

HISTORIES = {
    "a kill": ([post(), figures(5, round_kills=1)], ["kill by Ada ak47"]),
    "a headshot": ([post(), figures(5, 1, 1)], ["kill by Ada ak47 head"]),
    "a headshot after a kill": ([figures(5, 0, 1), figures(6, 1, 2)], ["kill by Ada ak47 head"]),
    "a kill after a headshot": ([figures(5, 1, 1), figures(6, 1, 2)], ["kill by Ada ak47"]),
    "two kills in one post, one to the head": (
        [post(), figures(6, 1, 2)],
        ["kill by Ada ak47 head", "kill by Ada ak47"],
    ),
    "the first post is a base": ([figures(17)], []),
    "the same post again": ([post(), *[figures(5, round_kills=1)] * 3], ["kill by Ada ak47"]),
    "a lost post loses no kill": ([post(), figures(7, round_kills=3)], ["kill by Ada ak47"] * 3),
    "a counter that falls causes no event": ([figures(5), figures(4), figures(0)], []),
    "and counts from there": ([figures(5), figures(0), figures(1, round_kills=1)], ["kill by Ada ak47"]),
    "an absurd counter is bounded": ([post(), figures(900_000)], ["kill by Ada ak47"] * gsi_changes.MAX_TOLD),
    "a death": ([post(), figures(deaths=3, health=0)], ["death Ada"]),
    "a death whose post was lost": ([post(), figures(deaths=3)], ["death Ada"]),
    "a death that is not counted, by the bomb": ([post(), figures(health=0), figures()], ["death Ada"]),
    "a death that is counted later": ([post(), figures(health=0), figures(health=0, deaths=3)], ["death Ada"]),
    "a death that is counted at the respawn": ([post(), figures(health=0), figures(deaths=3)], ["death Ada"]),
    "two deaths, reported in different ways": (
        [post(), figures(health=0), figures(), figures(deaths=3, health=0)],
        ["death Ada"] * 2,
    ),
    "a player who is dead in the first post causes no event": ([figures(health=0), figures(health=0)], []),
    "a kill and a death at once": ([post(), figures(5, deaths=3, health=0)], ["kill by Ada ", "death Ada"]),
    "a grenade kills after its thrower's death": (
        [figures(health=0, deaths=3), figures(5, deaths=3, health=0)],
        ["kill by Ada "],
    ),
    "assists and the best player": ([post(), figures(assists=2, mvps=1)], ["assist Ada", "mvp Ada"]),
    "a spectated player is not the player": (
        [post(), post(player__steamid=OTHER, player__match_stats__kills=30), figures(5)],
        ["kill by Ada ak47"],
    ),
    "a post without the player": ([post(), post(player=None), figures(5)], ["kill by Ada ak47"]),
    "a player without figures": (
        [post(), post(player__match_stats=None, player__state=None), figures(5)],
        ["kill by Ada ak47"],
    ),
    "numbers as text": ([post(), figures("5", "1", "1", health="100")], ["kill by Ada ak47 head"]),
    "the bomb": (
        [post(), *[post(round__bomb="planted")] * 2, over(3, bomb="defused", map__team_ct__score=2)],
        ["planted", "defused", "round end CT Bomb_Defused", "score 2:1"],
    ),
    "the bomb of each round": (
        [post(round__bomb="planted"), post(round__bomb="planted", map__round=3)],
        ["planted", "round end", "round start"],
    ),
    "an unknown word of the game": ([post(), post(round__bomb="sung", round__phase="odd", map__phase="odd")], []),
    "a round": (
        [post(round__phase="freezetime"), post(), over(3, "T", map__team_t__score=2),
         post(map__round=3, round__phase="freezetime", map__team_t__score=2)],
        ["round start", "round end TERRORIST", "score 1:2", "round freeze"],
    ),
    "the end of a round that no post showed": (
        [post(), post(map__round=3, round__phase="freezetime", map__team_t__score=2)],
        ["round end TERRORIST", "round freeze", "score 1:2"],
    ),
    "at half-time the sides change places": (
        [post(map__team_ct__score=5), over(3, "CT", map__team_ct__score=6),
         post(map__round=3, round__phase="freezetime", map__team_ct__score=1, map__team_t__score=6)],
        ["round end CT", "score 6:1", "round freeze", "score 1:6"],
    ),
    "a match begins when warm-up ends": (
        [post(**WARMUP, player__match_stats__kills=1), post(**FRESH, round__phase="freezetime"), post(**FRESH),
         post(**FRESH, player__match_stats__kills=0)],
        ["round match_start", *["kill by Ada ak47"] * 3,
                                    "round freeze", "round start"],
    ),
    "a restart": (
        [figures(3), post(**FRESH, round__phase="freezetime", player__match_stats__kills=0)],
        ["round match_start", "round freeze", "score 0:0"],
    ),
    "a restart within the first round": (
        [post(**FRESH), post(**FRESH, round__phase="freezetime")],
        ["round match_start", "round freeze"],
    ),
    "a match ends": (
        [post(), post(map__phase="gameover", map__team_ct__score=13)],
        ["score 13:1", "round match_end CT"],
    ),
    "another map is a new base": ([figures(3), post(map__name="de_dust2")], ["score 1:1"]),
    "the menu forgets the match": (
        [figures(3), post(map=None, round=None), figures(9)],
        ["score 1:1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HISTORIES)
def test_an_input_history_gives_the_expected_events(name):
    posts, expected = HISTORIES[name]
    assert told(posts) == expected


NOW_MS = 1_800_000_000_000.0


def countdown(phase, left_s, **changes):
    return post(phase_countdowns={"phase": phase, "phase_ends_in": left_s}, **changes)


def end(phase, left_s, total_ms=0):
    """Return the timer that ends so many seconds after NOW_MS."""
    running = {"phase": phase, "ts_ends_ms": NOW_MS + left_s * 1_000}
    return running | ({"total_ms": total_ms} if total_ms else {})


# Posts with the seconds after NOW_MS at which they arrive, and the timers of the scores that are reported.
TIMERS = {
    "a player has none": ([(0, post()), (1, post(map__team_ct__score=2))], [None, None]),
    "the first countdown has no known length": ([(0, countdown("live", "80.0"))], [end("live", 80)]),
    "posts of one countdown are one report": (
        [(0, countdown("live", "80.0")), (10, countdown("live", "70.2")), (20, countdown("live", "59.5"))],
        [end("live", 80)],
    ),
    "a countdown that moves is reported again": (
        [(0, countdown("live", "80.0")), (10, countdown("live", "75.0"))],
        [end("live", 80), end("live", 85)],
    ),
    "the length of a phase is known when its begin was seen": (
        [(0, countdown("freezetime", "1.0")), (1, countdown("live", "114.6")), (2, countdown("live", "113.7")),
         (9, countdown("bomb", "39.9"))],
        [end("freeze", 1), end("live", 115.6, 115_000), end("bomb", 48.9, 40_000)],
    ),
    "defusing leaves the time of the bomb": (
        [(0, countdown("live", "9")), (1, countdown("bomb", "40")), (31, countdown("defuse", "5.0"))],
        [end("live", 9), end("bomb", 41, 40_000)],
    ),
    "the end of a round has no timer, and the next phase has its length": (
        [(0, countdown("live", "5")), (5, countdown("over", "7")), (12, countdown("freezetime", "15"))],
        [end("live", 5), None, end("freeze", 27, 15_000)],
    ),
    "a paused timer keeps its time": (
        [(0, countdown("freezetime", "9")), (1, countdown("paused", "8.0")), (9, countdown("paused", "8.0"))],
        [end("freeze", 9), {"phase": "paused", "ts_ends_ms": 0.0, "remaining_ms": 8_000, "total_ms": 8_000}],
    ),
    "time-outs": ([(0, countdown("timeout_ct", "30"))], [end("timeout", 30)]),
    "no longer an observer": ([(0, countdown("live", "5")), (1, post())], [end("live", 5), None]),
    "no number": ([(0, countdown("live", "nan")), (0, countdown("live", "-3")), (0, countdown("live", 1e300))], [None]),
}  # fmt: skip


@pytest.mark.parametrize("name", TIMERS)
def test_the_countdown_of_an_observer_is_the_timer_of_the_score(name):
    history, expected = TIMERS[name]
    state, found = b"", []
    for after_s, body in history:
        taken = take(body, state, NOW_MS + after_s * 1_000)
        state = state if taken.state is None else taken.state
        for message in taken.messages:
            submission = msgspec.msgpack.decode(message.body, type=Submission)
            if submission.type == "score":
                msgspec.msgpack.decode(submission.payload, type=TAXONOMY["score"].payload)
                found.append(msgspec.msgpack.decode(submission.payload).get("timer"))
    assert found == expected


def test_the_score_has_names_sides_map_and_series():
    taken = take(post(map__num_matches_to_win_series=2, map__team_ct__matches_won_this_series=1,
                      map__team_t__matches_won_this_series=9, map__team_t__name="Night Harbor"))  # fmt: skip
    [message] = taken.messages
    submission = msgspec.msgpack.decode(message.body, type=Submission)
    assert msgspec.msgpack.decode(submission.payload) == {
        "scores": {"CT": 1, "TERRORIST": 1}, "names": {"TERRORIST": "Night Harbor"},
        "sides": {"CT": "ct", "TERRORIST": "t"}, "map_name": "Nuke",
        "maps_won": {"CT": 1, "TERRORIST": 2}, "best_of": 3,
    }  # fmt: skip


def person(name, team, kills, deaths, health=100):
    stats = {"kills": kills, "deaths": deaths}
    return {"name": name, "team": team, "match_stats": stats, "state": {"health": health}}


def seen(**people):
    """Return a post of an observer, who sees all players."""
    return post(player__steamid=OTHER, allplayers={f"id{name}": person(name, *facts) for name, facts in people.items()})


OBSERVED = {
    "one kill and one death are one fight": (
        [seen(a=("CT", 0, 0), b=("T", 0, 0)), seen(a=("CT", 1, 0), b=("T", 0, 1, 0))],
        ["kill by a of b "],
    ),
    "several kills and deaths are not assigned": (
        [seen(a=("CT", 0, 0), b=("T", 0, 0), c=("T", 0, 0)), seen(a=("CT", 2, 0), b=("T", 0, 1, 0), c=("T", 0, 1, 0))],
        ["kill by a ", "kill by a ", "death b", "death c"],
    ),
    "all counters of a crowd are bounded together": (
        [seen(**{f"p{at}": ("CT", kills, 0) for at in range(64)}) for kills in (0, 30)],
        [f"kill by p{at // 30} " for at in range(gsi_changes.MAX_FIGHTS)],
    ),
    "a later player is counted from the first post": ([seen(a=("CT", 0, 0)), seen(a=("CT", 0, 0), b=("T", 9, 3))], []),
}


@pytest.mark.parametrize("name", OBSERVED)
def test_an_observer_gets_the_events_of_all_players(name):
    posts, expected = OBSERVED[name]
    assert told(posts) == expected


FORGED = {
    "no auth": post(auth=None),
    "no token": post(auth={}),
    "another token": post(auth__token="t0keN"),
    "a longer token": post(auth__token=TOKEN + "x"),
    "a number": post(auth__token=7),
    "a list": post(auth=[TOKEN]),
    "not ASCII": post(auth__token="tøken"),
    "a map and a round only": {"map": {"mode": "competitive", "phase": "live"}, "round": {"phase": "live"}},
}


@pytest.mark.parametrize("name", FORGED)
def test_a_post_without_the_token_is_refused(name):
    with pytest.raises(Forbidden, match="gsi install"):
        take(FORGED[name])


UNREADABLE = {
    "no JSON": b"hello",
    "a list": b"[]",
    "not UTF-8": b'{"auth": "\xff"}',
    "endless nesting": b'{"auth":' + b"[" * 100_000,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_body_that_cannot_be_read_has_no_token_and_is_not_quarantined(name):
    with pytest.raises(Forbidden, match="Expected the JSON object"):
        take(UNREADABLE[name])


REFUSED = {
    "no provider": (post(provider=None), "provider"),
    "another game": (post(provider__appid=570), r"appid 730 .* got 570 - at `\$.provider.appid`"),
    "a word for a number": (post(map__round="two"), r"map.round"),
    "a number for a word": (post(map__name=5), r"map.name"),
    "no number of a match": (post(player__match_stats__kills=10**9), r"player.match_stats.kills"),
    "no clock": (post(provider__timestamp=-1), r"provider.timestamp"),
    "a player that is none": (post(player=[]), r"\$.player"),
    "a crowd": (post(allplayers={str(number): {} for number in range(65)}), "at most 64 players"),
    "an endless id": (post(allplayers={"x" * 65: {}}), "allplayers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_post_is_refused_with_its_path(name):
    body, text = REFUSED[name]
    with pytest.raises(BadInput, match=text):
        take(body)


def test_a_state_of_another_version_is_a_new_base():
    assert [said(message) for message in take(figures(9), b"\x93junk").messages] == ["score 1:1"]


def test_names_and_words_are_cut_to_their_bounds():
    taken = take(
        figures(5) | {"player": figures(5)["player"] | {"name": "x" * 900, "team": "y" * 900}}, take(post()).state
    )
    assert said(taken.messages[0]) == f"kill by {'x' * 64} ak47"


def test_a_file_of_posts_can_be_tried():
    lines = b"\n".join(json.dumps(body).encode() for body in (post(), {"map": {}}, figures(5)))
    score, refused, kill = gsi.try_message(gsi.GsiSettings(kind="gsi"), "cs2", lines)
    assert [said(score), said(kill)] == ["score 1:1", "kill by Ada ak47"]
    assert refused.kind == contract.REFUSED
    assert refused.body.startswith(b"line 2: Object missing required field `provider`")


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
leaves = st.sampled_from(
    ["provider", "map", "round", "player", "allplayers", "provider__steamid", "map__phase", "map__round", "round__bomb",
     "map__team_ct", "player__match_stats", "player__state", "player__weapons", "player__steamid", "player__team"]
)  # fmt: skip


@given(st.lists(st.dictionaries(leaves, junk, max_size=4), max_size=6), st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_input_raises_only_bad_input(histories, state):
    for changes in histories:
        body = post()
        for path, value in changes.items():
            with suppress(AttributeError, TypeError):  # a parent that an earlier change made no object
                body = body | post(**{path: value})
        with suppress(BadInput):
            taken = take(json.dumps(body).encode("utf-8", "replace"), state)
            for message in taken.messages:
                assert said(message)
            state = state if taken.state is None else taken.state


# A match of this test's own: 6 rounds, each with kills, at times two in one post.
def recording():
    bodies, kills = [post(**WARMUP), post(**FRESH, round__phase="freezetime", player__match_stats__kills=0)], 0
    for number in range(6):
        score = {"map__round": number, "map__team_ct__score": number, "map__team_t__score": 0}
        for step in range(1 + number % 3):
            kills += 1 + step % 2
            bodies.append(post(**score, player__match_stats__kills=kills))
        bodies.append(over(number + 1, map__team_ct__score=number + 1, map__team_t__score=0,
                           player__match_stats__kills=kills))  # fmt: skip
    return bodies


def test_a_kill_of_the_ingest_loses_and_repeats_no_event():
    bodies = recording()
    state, expected = b"", []
    for body in bodies:
        taken = take(body, state)
        state = state if taken.state is None else taken.state
        expected += [submission for submission in map(decoded, taken.messages) if submission["type"] != "score"]
    with Actors('sources.cs2.kind="gsi"') as actors:
        secrets.Secrets(actors.run_dir).set("cs2", TOKEN)
        actors.start(*CORE)
        for number, body in enumerate(bodies):
            if number % 5 == 3:
                actors.kill("ingest")
                actors.start("ingest")
            assert actors.request("POST", "/gsi/cs2", json.dumps(body).encode())[0] == 200
        assert actors.request("POST", "/gsi/cs2", json.dumps(post(auth=None)).encode())[0] == 401
        assert actors.request("POST", "/gsi/other", b"{}")[0] == 404
        eventually(lambda: len(primary(actors)) >= len(expected), 10)
        assert primary(actors) == [(one["type"], str(one["payload"])) for one in expected]


def test_without_a_token_the_state_names_the_command_that_makes_it():
    with Actors('sources.cs2.kind="gsi"') as actors:
        actors.start(*CORE)
        missing = "There is no token of 'cs2' yet; make it: ./supervisor.py gsi install --name cs2"
        eventually(lambda: report(actors, "cs2", "ingest").get("detail") == missing, 10)
        assert report(actors, "cs2", "ingest")["state"] == "refused"


def decoded(message):
    return msgspec.msgpack.decode(message.body)


def primary(actors):
    """Return the events of the log without derived ones."""
    found = [(event.type, msgspec.msgpack.decode(event.payload)) for event in actors.logged() if "+" not in event.id]
    return [
        (type_, str({name: value for name, value in fields.items() if name != "streak"})) for type_, fields in found
    ]
