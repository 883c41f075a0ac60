"""The taxonomy: one row per type of event, and the Struct of its payload.

A row decides how the type is carried. Documentation (docs/events.md), the JSON Schema
(docs/events.schema.json) and the validation at every boundary are generated from it; nothing else in
the house knows what a type means.

Critical is what a viewer would miss: kills, deaths, revives, objectives, outcomes, alerts, deletions of
chat (moderation outranks chat). State is what only the last value matters of. Cosmetic is what comes in
bursts and can be merged. The rest is normal.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from actors.core.contract.event import Category

# Lengths are in characters. 64 covers every platform's display name (Twitch 25, Steam 32); 500 is
# Twitch's own limit of a chat message.
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=500)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
# `#rrggbb` or empty. The look-ahead is for Python, whose `$` also matches before a last newline.
Color = Annotated[str, Meta(pattern=r"^(#[0-9a-fA-F]{6})?$(?!\n)")]
# What a page's numbers hold exactly (2^53).
Number = Annotated[int, Meta(ge=-9_007_199_254_740_992, le=9_007_199_254_740_992)]
# Channel points of a large channel exceed Count.
Points = Annotated[int, Meta(ge=0, le=9_007_199_254_740_992)]
# An amount of money as text: binary fractions cannot hold it.
Decimal = Annotated[str, Meta(pattern=r"^([0-9]{1,12}(\.[0-9]{1,8})?)?$(?!\n)")]
Currency = Annotated[str, Meta(pattern=r"^([A-Z]{3,5})?$(?!\n)")]
# A picture that the gateway fetches and keeps (`GET /media/emote/PROVIDER/ID`), or empty. media.py has the providers.
Image = Annotated[str, Meta(pattern=r"^([a-z0-9-]{1,16}/[A-Za-z0-9_-]{1,80})?$(?!\n)")]


class Payload(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of all payloads: an unknown field is refused with its path."""


class Player(Payload, frozen=True):
    """Someone in a game. `id` is stable within the source; `team` is the source's own word."""

    id: Name
    name: Name
    team: Word = ""


class Kill(Payload, frozen=True):
    attacker: Player
    victim: Player
    weapon: Word = ""
    headshot: bool = False
    penetrated: bool = False


class Death(Payload, frozen=True):
    victim: Player
    cause: Word = ""


class Headshot(Payload, frozen=True):
    attacker: Player
    victim: Player | None = None
    weapon: Word = ""


class Revive(Payload, frozen=True):
    medic: Player
    revived: Player


class Assist(Payload, frozen=True):
    player: Player
    victim: Player
    kind: Literal["damage", "flash"] = "damage"


class Hit(Payload, frozen=True):
    attacker: Player
    victim: Player
    weapon: Word = ""
    damage: Count = 0
    damage_armor: Count = 0
    health: Number = 0
    armor: Number = 0
    hitgroup: Word = ""


class Heal(Payload, frozen=True):
    player: Player
    amount: Count = 0


class Streak(Payload, frozen=True):
    player: Player
    kills: Count


class Multikill(Payload, frozen=True):
    player: Player
    kills: Count
    window_ms: Count


class AlertStart(Payload, frozen=True):
    """`alert` identifies the alert from start to end."""

    alert: Name
    title: Text
    subtitle: Text = ""


class AlertEnd(Payload, frozen=True):
    alert: Name
    outcome: Literal["win", "loss", "draw", "canceled", "over"] = "over"
    title: Text = ""
    subtitle: Text = ""


class Round(Payload, frozen=True):
    phase: Literal["match_start", "freeze", "start", "end", "match_end"]
    winner: Word = ""
    reason: Word = ""
    scores: dict[Word, Number] = {}


class Objective(Payload, frozen=True):
    action: Word
    player: Player | None = None
    target: Word = ""


class Score(Payload, frozen=True):
    """Points by team. A source may report one team at a time: merge, do not replace."""

    scores: dict[Word, Number]
    names: dict[Word, Word] = {}


class Fragment(Payload, frozen=True):
    """A part of a message. `image` is the picture of an emote or a cheer; without one the text is shown."""

    kind: Literal["text", "emote", "mention", "cheer"]
    text: Text
    image: Image = ""


class Reply(Payload, frozen=True):
    """The message that is answered."""

    user: Name
    text: Text = ""
    message_id: Word = ""


class Chat(Payload, frozen=True):
    """`message_id` is what a later deletion names. `text` is the whole message; `fragments`, when there are any, are
    the same message in parts and are shown instead. `badge_images[n]` is the picture of `badges[n]`, or empty.
    `action` is `/me`, `highlight` a message that its author paid to highlight, `first` the author's first message.
    """

    user: Name
    text: Text
    user_id: Word = ""
    message_id: Word = ""
    channel: Word = ""
    color: Color = ""
    badges: list[Word] = []
    team_only: bool = False
    badge_images: Annotated[list[Image], Meta(max_length=32)] = []
    fragments: Annotated[list[Fragment], Meta(max_length=256)] = []
    reply_to: Reply | None = None
    action: bool = False
    highlight: bool = False
    first: bool = False


class ChatDelete(Payload, frozen=True):
    """One message, all of a user, or (both empty) the whole channel."""

    channel: Word = ""
    message_id: Word = ""
    user_id: Word = ""


class Follow(Payload, frozen=True):
    user: Name


class Subscription(Payload, frozen=True):
    """`group` is the `group` of the gift that this subscription is a part of, or empty."""

    user: Name
    tier: Word = ""
    months: Count = 0
    gifted_by: Word = ""
    text: Text = ""
    group: Word = ""


class Gift(Payload, frozen=True):
    """Subscriptions that one user gives to others. Each may also be told as a `subscription` with the same `group`.

    `anonymous`: the giver is not named, and `user` is a placeholder. `total` is what the user ever gave; 0 is unknown.
    """

    user: Name
    count: Count
    tier: Word = ""
    recipients: Annotated[list[Name], Meta(max_length=100)] = []
    group: Word = ""
    anonymous: bool = False
    total: Count = 0


class Raid(Payload, frozen=True):
    user: Name
    viewers: Count = 0


class Cheer(Payload, frozen=True):
    user: Name
    bits: Count
    text: Text = ""
    anonymous: bool = False


class Tip(Payload, frozen=True):
    """`amount` is a decimal number as text, empty when it is not told; `currency` is an ISO 4217 code."""

    user: Name
    amount: Decimal = ""
    currency: Currency = ""
    text: Text = ""
    anonymous: bool = False


class Redemption(Payload, frozen=True):
    """`title` is the name of the reward, `cost` its price in the channel's points, `text` what the user wrote."""

    user: Name
    title: Text
    cost: Points = 0
    text: Text = ""


class Shoutout(Payload, frozen=True):
    """`given`: this channel recommends `user`; `received`: `user` recommends this channel."""

    user: Name
    viewers: Count = 0
    direction: Literal["given", "received"] = "given"


class Stream(Payload, frozen=True):
    """`stream` is the platform's id of this broadcast; `game` is its category."""

    online: bool
    stream: Word = ""
    title: Text = ""
    game: Text = ""


class HypeTrain(Payload, frozen=True):
    """`progress` of `goal` points in this `level`; `total` points in all. `ts_ends_ms` is 0 when unknown."""

    phase: Literal["begin", "progress", "end"]
    train: Word = ""
    level: Count = 0
    progress: Points = 0
    goal: Points = 0
    total: Points = 0
    ts_ends_ms: Number = 0


class Choice(Payload, frozen=True):
    """An answer of a poll or an outcome of a prediction. `votes` are votes, or points; `users` is 0 when unknown."""

    title: Text
    votes: Points = 0
    users: Count = 0


class Poll(Payload, frozen=True):
    phase: Literal["begin", "progress", "end", "canceled"]
    title: Text
    poll: Word = ""
    choices: Annotated[list[Choice], Meta(max_length=10)] = []
    ts_ends_ms: Number = 0


class Prediction(Payload, frozen=True):
    """`winner` is the title of the outcome that came true, at the end."""

    phase: Literal["begin", "progress", "lock", "end", "canceled"]
    title: Text
    prediction: Word = ""
    outcomes: Annotated[list[Choice], Meta(max_length=10)] = []
    winner: Text = ""
    ts_ends_ms: Number = 0


class Goal(Payload, frozen=True):
    """`goal` identifies the goal from begin to end; `kind` is what is counted, such as `follow` or `subscription`."""

    goal: Name
    phase: Literal["begin", "progress", "end"]
    current: Number
    target: Count
    kind: Word = ""
    title: Text = ""


class Show(Payload, frozen=True):
    """A command to the queue of a widget of every overlay; without `widget`, to all queues."""

    action: Literal["skip", "pause", "resume", "clear", "replay", "mute", "unmute"]
    widget: Word = ""


class Toggle(Payload, frozen=True):
    """An element of the overlay that is shown or hidden by name."""

    name: Name
    on: bool


class Scene(Payload, frozen=True):
    """The scene of a layout (docs/layout.md) that overlays show; empty is the layout without a scene."""

    name: Word = ""


class Crosshair(Payload, frozen=True):
    on: bool = True
    style: Word = ""
    color: Color = ""


class PlayerMove(Payload, frozen=True):
    player: Player
    x: float
    y: float
    z: float = 0.0
    yaw: float = 0.0


class Presence(Payload, frozen=True):
    player: Player


class Custom(Payload, frozen=True):
    """Whatever an overlay of your own understands; `name` tells which."""

    name: Name
    data: dict[str, Any] = {}


class Row(Struct, frozen=True):
    """How a type is carried.

    priority      0..9 among transient events; 9 is drawn first
    ttl_ms        how long after ingest it is worth showing; 0 is for ever. Critical events are never
                  dropped for age: an overlay shows an old one as a replay
    dedupe_ms     window in which equal dedupe keys are one event; 0 is none (critical: by identity only)
    coalesce      the key under which events are merged, as a path template into the payload; "" is never
    retain        "log" (critical), "last" (last value per key, part of every snapshot) or "none"
    payload       the Struct
    meaning       one sentence for the documentation
    """

    category: Category
    priority: int
    ttl_ms: int
    payload: type[Payload]
    meaning: str
    dedupe_ms: int = 0
    coalesce: str = ""
    retain: Literal["log", "last", "none"] = "none"


def _critical(priority: int, payload: type[Payload], meaning: str, ttl_ms: int = 30_000) -> Row:
    return Row(Category.CRITICAL, priority, ttl_ms, payload, meaning, retain="log")


def _normal(priority: int, payload: type[Payload], meaning: str, ttl_ms: int = 10_000, dedupe_ms: int = 250) -> Row:
    return Row(Category.NORMAL, priority, ttl_ms, payload, meaning, dedupe_ms=dedupe_ms)


def _cosmetic(priority: int, payload: type[Payload], meaning: str, coalesce: str, ttl_ms: int = 1_000) -> Row:
    return Row(Category.COSMETIC, priority, ttl_ms, payload, meaning, dedupe_ms=120, coalesce=coalesce)


def _state(priority: int, payload: type[Payload], meaning: str, coalesce: str, retain: bool = True) -> Row:
    kept: Literal["last", "none"] = "last" if retain else "none"
    return Row(Category.STATE, priority, 0, payload, meaning, coalesce=coalesce, retain=kept)


TAXONOMY: Final[dict[str, Row]] = {
    "kill": _critical(9, Kill, "one player killed another"),
    "death": _critical(8, Death, "a player died by no other player: a bomb, a fall, their own hand"),
    "headshot": _critical(9, Headshot, "a kill by a shot to the head, where a source reports it apart from the kill"),
    "revive": _critical(8, Revive, "a medic revived someone"),
    "revive_taken": _critical(9, Revive, "the streamer was revived"),
    "multikill": _critical(9, Multikill, "several kills by one player within a short time (derived from kills)"),
    "alert_start": _critical(9, AlertStart, "an alert began: a contest for a continent, a final, a boss"),
    "alert_end": _critical(9, AlertEnd, "the alert ended, with its outcome", 60_000),
    "round": _critical(7, Round, "a match or a round began or ended"),
    "objective": _critical(8, Objective, "a bomb planted or defused, a flag taken, a facility captured"),
    "chat_delete": _critical(9, ChatDelete, "messages that must disappear from the screen", 0),
    "follow": _critical(6, Follow, "a new follower", 120_000),
    "subscription": _critical(7, Subscription, "a subscription, renewed or given", 120_000),
    "raid": _critical(8, Raid, "another channel brings its viewers", 120_000),
    "cheer": _critical(7, Cheer, "a viewer cheered with bits", 120_000),
    "tip": _critical(8, Tip, "a viewer gave money", 120_000),
    "gift": _critical(8, Gift, "a viewer gave subscriptions to others", 120_000),
    "redemption": _critical(6, Redemption, "a viewer redeemed a reward with the channel's points", 120_000),
    "shoutout": _critical(5, Shoutout, "one channel recommended another", 120_000),
    "stream": _critical(5, Stream, "the stream went online or offline", 120_000),
    "assist": _normal(4, Assist, "a player helped with a kill"),
    "chat": _normal(3, Chat, "a message in a chat"),
    "player_join": _normal(2, Presence, "a player joined"),
    "player_leave": _normal(2, Presence, "a player left"),
    "custom": _normal(5, Custom, "an event of your own"),
    "show": _normal(9, Show, "a command of the operator to a queue of the overlay", 5_000, 120),
    "hit": _cosmetic(5, Hit, "a shot hit someone", "hit:{attacker.id}"),
    "heal": _cosmetic(3, Heal, "a player healed someone", "heal:{player.id}"),
    "streak": _state(5, Streak, "kills of a player since their last death (derived from kills)", "streak:{player.id}"),
    "score": _state(4, Score, "the score of a match", "score"),
    "hype_train": _state(6, HypeTrain, "a hype train begins, moves or ends", "hype_train"),
    "poll": _state(6, Poll, "a poll begins, moves or ends", "poll"),
    "prediction": _state(6, Prediction, "a prediction begins, moves or ends", "prediction"),
    "goal": _state(5, Goal, "a goal of the channel and how far it is", "goal:{goal}"),
    "toggle": _state(6, Toggle, "an element of the overlay is shown or hidden", "toggle:{name}"),
    "scene": _state(6, Scene, "the scene of the layout that overlays show", "scene"),
    "crosshair": _state(6, Crosshair, "the crosshair's look", "crosshair"),
    "player_move": _state(1, PlayerMove, "where a player is", "move:{player.id}", retain=False),
}
