"""PlanetSide 2 through the pipeline: two servers that cut, repeat, delay or are silent; each event is shown once."""

import json
import random

import msgspec
import pytest

from tests.sockets.actors import CORE, Actors
from tests.sources.peer import report
from tests.sources.planetside2_peer import OTHER, OWN, THIRD, Ess, Rest, alert, death, experience
from tests.support import eventually


def source(rest, *servers, characters=f'["{OWN}"]', **more):
    urls = ",".join(f'"{server.url}"' for server in servers)
    tail = "".join(f",{key}={value}" for key, value in more.items())
    return f'sources.ps2={{kind="planetside2",characters={characters},urls=[{urls}],api_url="{rest.url}"{tail}}}'


def logged(actors, *types):
    """Return the payloads of the events in the log, in order."""
    return [msgspec.msgpack.decode(one.payload) for one in actors.logged() if one.type in types]


def victims(actors):
    return [kill["victim"]["id"] for kill in logged(actors, "kill")]


def fallen(number):
    """Return the id of a player, one of many."""
    return f"{5429000000000000000 + number}"


def test_events_of_two_servers_are_accepted_once_with_names():
    with Rest() as rest, Ess() as one, Ess() as two, Actors(source(rest, one, two)) as actors:
        actors.start(*CORE, "ps2")
        eventually(lambda: one.ready(2) and two.ready(2), 20)
        eventually(lambda: report(actors, "ps2").get("state") == "live", 10)
        kill, revived, begun = death(is_headshot="1"), experience("7", OWN, THIRD), alert()
        medal = experience("10")
        for server in (one, two):
            server.tell(medal, kill, revived, begun, begun)
        eventually(lambda: len(actors.logged()) >= 3, 10)
        eventually(lambda: report(actors, "ps2")["duplicate"] >= 6, 10)
        (told,) = logged(actors, "kill")
        assert told["attacker"] == {"id": OWN, "name": "Ada", "team": "VS", "faction": "VS", "loadout": "medic"}
        assert told["victim"] == {"id": OTHER, "name": "Bo", "team": "NC", "faction": "NC", "loadout": "heavy"}
        assert (told["weapon"], told["weapon_category"], told["medal"]) == ("Beamer", "pistol", "domination")
        assert [one["medic"]["name"] for one in logged(actors, "revive_taken")] == ["Cy"]
        assert [one["title"] for one in logged(actors, "alert_start")] == ["Feeling the Heat"]
        assert len(actors.logged()) == 3
        assert all("service-id=s%3Aexample" in r.path or "service-id=s:example" in r.path for r in one.requests)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.timeout(180)
def test_an_event_of_either_server_is_accepted_once(seed):
    """Each server cuts, repeats and delays at random; an event of at least one server must arrive."""
    chance = random.Random(seed)
    with (
        Rest() as rest,
        Ess() as one,
        Ess() as two,
        Actors(source(rest, one, two, worlds="[]", resolve_names="false")) as actors,
    ):
        actors.start(*CORE, "ps2")
        eventually(lambda: one.ready() and two.ready(), 20)
        delayed = {one: [], two: []}
        for number in range(80):
            eventually(lambda: one.ready() or two.ready(), 20)
            payload = death(fallen(number))
            for server in (one, two):
                fate = chance.random()
                if fate < 0.08:
                    server.cut()
                elif fate < 0.3:
                    delayed[server].append(payload)
                else:
                    server.tell(*[payload] * chance.choice((1, 1, 2, 3)))
            if chance.random() < 0.3:
                for server, late in delayed.items():
                    chance.shuffle(late)
                    server.tell(*late)
                    late.clear()
            if chance.random() < 0.7:
                eventually(lambda: one.idle() and two.idle(), 10)
        eventually(lambda: one.idle() and two.idle(), 10)
        frames = [json.loads(frame)["payload"] for frame in (*one.delivered, *two.delivered)]
        delivered = {frame["character_id"] for frame in frames}
        assert len(frames) > len(delivered) > 30
        eventually(lambda: delivered <= set(victims(actors)), 20)
        assert len(victims(actors)) == len(set(victims(actors)))


def test_a_repeated_heal_counts_twice_and_the_other_server_adds_none():
    with Rest() as rest, Ess() as one, Ess() as two, Actors(source(rest, one, two, worlds="[]")) as actors:
        actors.start(*CORE, "ps2")
        actors.flow()
        eventually(lambda: one.ready() and two.ready(), 20)
        tick = experience("4")
        for server in (one, two):
            server.tell(tick, tick)
        counted = ("duplicate", "sent")
        eventually(lambda: [report(actors, "ps2").get(name) for name in counted] == [2, 2], 10)


def test_accepted_events_survive_a_kill_of_the_source_and_are_shown_once():
    with Rest() as rest, Ess() as one, Ess() as two, Actors(source(rest, one, two, worlds="[]")) as actors:
        actors.start(*CORE, "ps2")
        sent = []
        for round_ in range(3):
            eventually(lambda: one.ready() and two.ready(), 20)
            fresh = [death(fallen(100 * round_ + number)) for number in range(20)]
            one.tell(*fresh)
            two.tell(*fresh)
            sent = [*sent, *(payload["character_id"] for payload in fresh)]
            eventually(lambda sent=sent: victims(actors) == sent, 20)
            actors.kill("ps2")
            eventually(lambda: not one.clients and not two.clients, 10)
            actors.start("ps2")
            eventually(lambda: one.ready() and two.ready(), 20)
            two.tell(*fresh)  # the other server is late: its copies reach a new process
        eventually(lambda: report(actors, "ps2").get("duplicate", 0) >= 20, 20)
        assert victims(actors) == sent


def test_one_server_down_is_degraded_and_both_down_is_disconnected():
    with (
        Rest() as rest,
        Ess() as one,
        Ess(lambda _: 503) as two,
        Actors(source(rest, one, two, worlds="[]")) as actors,
    ):
        actors.start(*CORE, "ps2")
        eventually(lambda: report(actors, "ps2").get("state") == "degraded", 20)
        eventually(lambda: "answered 503" in report(actors, "ps2")["detail"], 10)
        one.tell(death())
        eventually(lambda: victims(actors) == [OTHER], 10)
        one._admit = lambda _: 503
        one.cut()
        eventually(lambda: report(actors, "ps2")["state"] == "connecting", 20)
        one._admit = two._admit = lambda _: 101
        eventually(lambda: report(actors, "ps2")["state"] == "live", 30)


def test_a_service_id_that_both_servers_refuse_is_refused():
    with (
        Rest() as rest,
        Ess(lambda _: 403) as one,
        Ess(lambda _: 403) as two,
        Actors(source(rest, one, two, worlds="[]")) as actors,
    ):
        actors.start(*CORE, "ps2")
        eventually(lambda: report(actors, "ps2").get("state") == "refused", 20)
        assert "answered 403" in report(actors, "ps2")["detail"]
        assert "service-id" not in actors.errors("ps2")


def test_an_altered_subscription_is_repaired():
    altered = []

    def alter(echo):
        altered.append(one.connections)
        return echo | {"eventNames": ["Death"]} if len(altered) in (2, 4, 5) else echo

    with Rest() as rest, Ess() as one, Actors(source(rest, one, worlds="[]", subscribe_s=0.1)) as actors:
        one.alter = alter
        actors.start(*CORE, "ps2")
        eventually(lambda: one.connections > 1 and one.ready(), 20)
        assert altered[:5] == [1] * 5  # altered once: repaired; twice in a row: connected again
        one.tell(death())
        eventually(lambda: victims(actors) == [OTHER], 10)
        subscribed = [said for said in one.heard if said["action"] == "subscribe"]
        assert all(said["characters"] == [OWN] and "worlds" not in said for said in subscribed)


def test_a_server_without_heartbeats_causes_a_reconnect():
    with (
        Rest() as rest,
        Ess() as one,
        Ess() as two,
        Actors(source(rest, one, two, worlds="[]", heartbeat_s=0.5)) as actors,
    ):
        one.beats = False
        actors.start(*CORE, "ps2")
        eventually(lambda: one.connections >= 2, 20)
        assert two.connections == 1
        one.beats = True
        eventually(lambda: report(actors, "ps2").get("state") == "live" and one.ready(), 30)


def test_malformed_frames_are_quarantined_and_the_stream_continues():
    with Rest() as rest, Ess() as one, Actors(source(rest, one, worlds="[]")) as actors:
        actors.start(*CORE, "ps2")
        eventually(one.ready, 20)
        for raw in ("{nonsense", '{"payload":{"event_name":7}}', '{"payload":[]}', "[" * 20_000, '{"subscription":1}'):
            one.tell(raw=raw)
        one.tell(raw='{"unknown":1}')
        one.tell(raw=json.dumps({"detail": "EventServerEndpoint_Soltech_40", "online": "true", "service": "event",
                                 "type": "serviceStateChanged"}))  # fmt: skip
        one.tell(death(timestamp="soon"))
        one.tell(death(timestamp="1"))
        one.tell(death(THIRD, timestamp="99999999999"))
        eventually(lambda: len(victims(actors)) == 2, 10)
        counted = ("rejected", "late", "future")
        eventually(lambda: [report(actors, "ps2")[name] for name in counted] == [5, 1, 1], 10)
        stamps = [(event.ts_source_ms, event.ts_ingest_ms) for event in actors.logged() if event.type == "kill"]
        assert all(source_ms <= ingest_ms for source_ms, ingest_ms in stamps)


def test_a_slow_census_delays_no_event_and_is_not_asked_for_a_while():
    with Rest() as rest, Ess() as one, Actors(source(rest, one, worlds="[]")) as actors:
        actors.start(*CORE, "ps2")
        eventually(one.ready, 20)
        rest.free.clear()
        questions = len(rest.questions)
        one.tell(death())
        eventually(lambda: victims(actors) == [OTHER], 10)
        assert logged(actors, "kill")[0]["victim"]["name"] == OTHER
        eventually(lambda: "did not answer" in report(actors, "ps2")["detail"], 10)
        one.tell(*(death(fallen(number)) for number in range(5)))
        eventually(lambda: len(victims(actors)) == 6, 10)
        assert len(rest.questions) == questions + 1
        assert report(actors, "ps2")["state"] == "degraded"


def test_characters_are_found_by_name():
    with Rest() as rest, Ess() as one, Actors(source(rest, one, characters='["ADA"]', worlds="[]")) as actors:
        actors.start(*CORE, "ps2")
        eventually(one.ready, 20)
        assert one.heard[0]["characters"] == [OWN]


def test_a_name_that_does_not_exist_is_refused():
    with Rest() as rest, Ess() as one, Actors(source(rest, one, characters='["Nemo"]')) as actors:
        actors.start(*CORE, "ps2")
        eventually(lambda: report(actors, "ps2").get("state") == "refused", 20)
        assert "There is no character 'Nemo'" in report(actors, "ps2")["detail"]


def test_ids_work_without_the_api_and_worlds_are_added_when_it_answers():
    with Rest() as rest, Ess() as one, Actors(source(rest, one)) as actors:
        rest.broken = b'{"error":"service_unavailable"}'
        actors.start(*CORE, "ps2")
        eventually(one.ready, 20)
        eventually(lambda: "no world is subscribed to yet" in report(actors, "ps2").get("detail", ""), 10)
        one.tell(death())
        eventually(lambda: victims(actors) == [OTHER], 10)
        rest.broken = b""
        eventually(lambda: one.ready(2), 30)
        one.tell(alert())
        eventually(lambda: logged(actors, "alert_start"), 10)
        assert one.connections == 2


def test_known_characters_need_no_api_at_the_next_start():
    with Rest() as rest, Ess() as one, Actors(source(rest, one, characters='["Ada"]')) as actors:
        actors.start(*CORE, "ps2")
        eventually(lambda: one.ready(2), 20)
        one.tell(death())
        eventually(lambda: victims(actors) == [OTHER], 10)
        rest.broken = b"<html>"
        actors.kill("ps2")
        eventually(lambda: not one.clients, 10)
        actors.start("ps2")
        eventually(lambda: one.ready(2), 20)
        one.tell(death(THIRD))
        eventually(lambda: victims(actors) == [OTHER, THIRD], 10)
        assert logged(actors, "kill")[1]["attacker"]["name"] == "Ada"
