"""Synthetic load: raw messages in the formats of the sources, for `load PROFILE`.

    duel        two players on a CS2 server: about three lines a second
    raid        412 viewers arrive on Twitch: the raid, a rush in the chat, follows and subscriptions
    storm       everything at once: a match, PlanetSide 2, Twitch and YouTube, 120 messages a second
    chat-flood  a chat at 36 messages a second with peaks of 150, repeated texts, deletions and timeouts

Equal seeds give equal messages, with times from START_MS on. Each profile also repeats messages, as its sources do when
they deliver twice. `expected` counts what must come out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.producers.recording import Recorded

START_MS: Final = 1_773_518_400_000.0
TWICE: Final = 0.02  # of the messages with an identity come a second time

_NAMES: Final = ("marlow", "quiet_ox", "lamplight", "vesper", "tidewater", "rusty", "ottoline", "bitbadger")
_TEXTS: Final = ("gg", "nt", "LET'S GO", "what a shot", "clip it", "so clean", "no way", "hello from Brno ☀")
_WEAPONS: Final = ("ak47", "m4a1", "awp", "galilar")


class Load(Struct, frozen=True):
    """The messages of a profile; the number of events of each type; the number of repeated messages."""

    messages: list[Recorded]
    expected: dict[str, int]
    duplicates: int


class Made(Struct, frozen=True):
    """One message and the types of its events."""

    message: Recorded
    types: tuple[str, ...]


def load(profile: str, seed: int, seconds: float) -> Load:
    """Return the messages of a profile in the order of their times."""
    random = Random(f"{profile} {seed}")
    made = sorted(PROFILES[profile](random, seconds), key=lambda one: one.message.t_ms)
    messages: list[Recorded] = []
    for one in made:
        messages.append(one.message)
        if one.message.id and random.random() < TWICE:
            messages.append(one.message)
    return Load(messages, dict(Counter(type_ for one in made for type_ in one.types)), len(messages) - len(made))


def duel(random: Random, seconds: float) -> Iterator[Made]:
    yield from _match(random, seconds, players=2, per_s=3.0, kill_share=0.2)


def raid(random: Random, seconds: float) -> Iterator[Made]:
    yield _eventsub(random, 0.0, "channel.raid", "raid", {
        "from_broadcaster_user_id": "9", "from_broadcaster_user_login": "kettlehead",
        "from_broadcaster_user_name": "Kettlehead", "to_broadcaster_user_id": "7", "viewers": 412,
    })  # fmt: skip
    rush_s = seconds / 5  # two thirds of the rush are over then
    for at_s in _times(random, seconds, 30.0, lambda at_s: 0.05 + 2.0 ** (-at_s / rush_s)):
        yield _said(random, at_s)
    for at_s in _times(random, seconds, 1.0):
        number = random.randrange(10**9)
        follow = {"user_id": str(number), "user_name": f"viewer_{number}", "followed_at": _iso(at_s)}
        yield _eventsub(random, at_s, "channel.follow", "follow", {"broadcaster_user_id": "7", **follow})
    for at_s in _times(random, seconds, 0.2):
        yield _subscribed(random, at_s)


def storm(random: Random, seconds: float) -> Iterator[Made]:
    yield from _match(random, seconds, players=10, per_s=60.0, kill_share=0.15)
    yield from (_said(random, at_s) for at_s in _times(random, seconds, 40.0))
    yield from (_death(random, at_s) for at_s in _times(random, seconds, 15.0))
    yield from (_super_chat(random, at_s) for at_s in _times(random, seconds, 2.0))
    yield from (_subscribed(random, at_s) for at_s in _times(random, seconds, 3.0))


def chat_flood(random: Random, seconds: float) -> Iterator[Made]:
    said = []
    for at_s in _times(random, seconds, 150.0, lambda at_s: 1.0 if at_s % 10 < 2 else 0.24):
        said.append(_said(random, at_s))
        yield said[-1]
    for one in said[::100]:  # a moderator deletes it a second later
        at_s, id_ = (one.message.t_ms - START_MS) / 1000 + 1, one.message.id
        yield _irc(
            f"@target-msg-id={id_};tmi-sent-ts={_ms(at_s)}", at_s, "CLEARMSG #den :x", f"delete:{id_}", "chat_delete"
        )
    for at_s in _times(random, seconds, 0.05):
        tags = f"@ban-duration=60;target-user-id={random.randrange(8)};tmi-sent-ts={_ms(at_s)}"
        yield _irc(tags, at_s, "CLEARCHAT #den :spammer", "", "chat_delete")


PROFILES: Final[dict[str, Callable[[Random, float], Iterator[Made]]]] = {
    "duel": duel, "raid": raid, "storm": storm, "chat-flood": chat_flood
}  # fmt: skip


def _times(
    random: Random, seconds: float, per_s: float, share: Callable[[float], float] = lambda _: 1.0
) -> Iterator[float]:
    """Yield times of independent events, `per_s` on average, thinned to `share(time)`."""
    at_s = random.expovariate(per_s)
    while at_s < seconds:
        if random.random() < share(at_s):
            yield round(at_s, 3)
        at_s += random.expovariate(per_s)


def _ms(at_s: float) -> int:
    return int(START_MS + at_s * 1000)


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(_ms(at_s) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _id(random: Random) -> str:
    return f"{random.getrandbits(128):032x}"


def _made(at_s: float, source: str, kind: str, body: str, id_: str, *types: str) -> Made:
    return Made(Recorded(float(_ms(at_s)), source, kind, body.encode(), id_), types)


# A CS2 server


def _match(random: Random, seconds: float, players: int, per_s: float, kill_share: float) -> Iterator[Made]:
    tokens = [f'"{_NAMES[n % 8]}{n}<{n + 2}><[U:1:{4100 + n}]><{("CT", "TERRORIST")[n % 2]}>"' for n in range(players)]
    for at_s in _times(random, seconds, per_s):
        first = random.randrange(players)
        second = (first + 1 + 2 * random.randrange(players // 2)) % players  # of the other team
        moment = datetime.fromtimestamp(_ms(at_s) / 1000, UTC)
        stamp = f"{moment:%m/%d/%Y - %H:%M:%S}.{_ms(at_s) % 1000:03d} -"
        weapon, near, far = random.choice(_WEAPONS), random.randint(-999, 999), random.randint(-999, 999)
        fight = f'[{near} 0 0] {{}} {tokens[second]} [0 {far} 0] with "{weapon}"'
        if random.random() < kill_share:
            head = " (headshot)" if random.random() < 0.4 else ""
            yield _made(at_s, "srcds", "srcds", f"{stamp} {tokens[first]} {fight.format('killed')}{head}", "", "kill")
        else:
            damage = random.randint(1, 99)
            how = f'(damage "{damage}") (damage_armor "0") (health "{100 - damage}") (armor "90") (hitgroup "chest")'
            yield _made(at_s, "srcds", "srcds", f"{stamp} {tokens[first]} {fight.format('attacked')} {how}", "", "hit")


# Twitch


def _irc(tags: str, at_s: float, rest: str, id_: str, type_: str) -> Made:
    return _made(at_s, "chat", "twitch_irc", f"{tags} :tmi.twitch.tv {rest}", id_, type_)


def _said(random: Random, at_s: float) -> Made:
    name, id_ = random.choice(_NAMES), _id(random)
    user = f"color=#61AFEF;display-name={name};user-id={_NAMES.index(name)}"
    tags = f"@badges=;{user};id={id_};room-id=7;tmi-sent-ts={_ms(at_s)}"
    line = f"{tags} :{name}!{name}@{name}.tmi.twitch.tv PRIVMSG #den :{random.choice(_TEXTS)}"
    return _made(at_s, "chat", "twitch_irc", line, id_, "chat")


def _subscribed(random: Random, at_s: float) -> Made:
    name, id_ = random.choice(_NAMES), _id(random)
    tags = (
        f"@display-name={name};id={id_};login={name};msg-id=resub;msg-param-cumulative-months={random.randint(2, 60)}"
    )
    return _irc(
        f"{tags};msg-param-sub-plan=1000;room-id=7;tmi-sent-ts={_ms(at_s)};user-id=5",
        at_s, "USERNOTICE #den :again", id_, "subscription",
    )  # fmt: skip


def _eventsub(random: Random, at_s: float, name: str, type_: str, event: dict[str, Any]) -> Made:
    id_ = _id(random)
    metadata = {
        "message_id": id_, "message_type": "notification", "message_timestamp": _iso(at_s), "subscription_type": name,
    }  # fmt: skip
    frame = {"metadata": metadata, "payload": {"subscription": {"type": name, "condition": {}}, "event": event}}
    return _made(at_s, "twitch", "twitch_eventsub", json.dumps(frame), id_, type_)


# PlanetSide 2 and YouTube


def _death(random: Random, at_s: float) -> Made:
    own, enemy = "5428000000000000001", f"54280000000000{random.randrange(10_000, 99_999)}"
    first, second = (own, enemy) if random.random() < 0.7 else (enemy, own)
    payload = {
        "event_name": "Death", "timestamp": str(_ms(at_s) // 1000), "world_id": "10", "zone_id": "2",
        "attacker_character_id": first, "attacker_loadout_id": "17", "attacker_team_id": "1",
        "character_id": second, "character_loadout_id": "3", "team_id": "2", "attacker_weapon_id": "80",
        "attacker_vehicle_id": "0", "attacker_fire_mode_id": "1", "is_headshot": str(random.randrange(2)),
    }  # fmt: skip
    id_ = _id(random)
    body = msgspec.json.encode({"payload": payload, "own": [own], "identity": id_}).decode()
    return _made(at_s, "ps2", "planetside2", body, id_, "kill", *(("death",) if second == own else ()))


def _super_chat(random: Random, at_s: float) -> Made:
    id_, name = f"LCC.{_id(random)}", random.choice(_NAMES)
    details = {"amountMicros": str(random.randint(1, 50) * 990_000), "currency": "EUR", "userComment": "gg"}
    snippet = {"type": "superChatEvent", "publishedAt": _iso(at_s), "superChatDetails": details}
    item = {"id": id_, "snippet": snippet, "authorDetails": {"channelId": f"UC{name}", "displayName": f"@{name}"}}
    return _made(at_s, "youtube", "youtube", json.dumps(item), f"superChatEvent:{id_}", "tip")
