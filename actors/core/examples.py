"""One example of every type: for the documentation, for `emit`, and for whoever tries an overlay."""

from __future__ import annotations

from typing import Final

from actors.core.taxonomy import (
    AlertEnd,
    AlertStart,
    Assist,
    Chat,
    ChatDelete,
    Cheer,
    Crosshair,
    Custom,
    Death,
    Follow,
    Headshot,
    Heal,
    Hit,
    Kill,
    Multikill,
    Objective,
    Payload,
    Player,
    PlayerMove,
    Presence,
    Raid,
    Revive,
    Round,
    Score,
    Streak,
    Subscription,
    Toggle,
)

_ADA: Final = Player("ada", "Ada", "CT")
_BO: Final = Player("bo", "Bo", "TERRORIST")

EXAMPLES: Final[dict[str, Payload]] = {
    "kill": Kill(_ADA, _BO, "ak47", headshot=True),
    "death": Death(_BO, "bomb"),
    "headshot": Headshot(_ADA, _BO, "ak47"),
    "revive": Revive(_ADA, _BO),
    "revive_taken": Revive(_ADA, _BO),
    "multikill": Multikill(_ADA, 3, 4_200),
    "alert_start": AlertStart("indar-7", "Indar conquest", "90 minutes"),
    "alert_end": AlertEnd("indar-7", "win", "Indar conquest"),
    "round": Round("end", "CT", "Bomb_Defused", {"CT": 9, "TERRORIST": 10}),
    "objective": Objective("planted", _BO, "B"),
    "chat_delete": ChatDelete("ada_live", "m-81"),
    "follow": Follow("ottoline"),
    "subscription": Subscription("ottoline", "1000", 7, text="seven already"),
    "raid": Raid("kettlehead", 412),
    "cheer": Cheer("ottoline", 300, "for the comeback"),
    "assist": Assist(_ADA, _BO, "flash"),
    "chat": Chat("ottoline", "gg", "v7", "m-82", "ada_live", "#e06c75", ["subscriber"]),
    "player_join": Presence(_ADA),
    "player_leave": Presence(_ADA),
    "custom": Custom("poll", {"question": "Who wins?", "yes": 61, "no": 39}),
    "hit": Hit(_ADA, _BO, "ak47", 27, 3, 73, 96, "chest"),
    "heal": Heal(_ADA, 100),
    "streak": Streak(_ADA, 5),
    "score": Score({"CT": 9, "TERRORIST": 10}, {"CT": "Copper Foxes", "TERRORIST": "Night Harbor"}),
    "toggle": Toggle("scoreboard", True),
    "crosshair": Crosshair(True, "dot", "#50fa7b"),
    "player_move": PlayerMove(_ADA, 311.5, -40.0, 12.0, 90.0),
}
