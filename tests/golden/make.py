"""Write the golden frames that do not exist yet: NAME.msgpack as it goes over the wire, NAME.json as it must be read.

For a type of event that no frame contains yet, the frame type_NAME has the example of its row.

A golden frame is never edited, only added, because overlays for an old version are still in use.

    .venv/bin/python -m tests.golden.make
"""

import json
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Raw

from actors.core.contract.event import Category, Event
from actors.core.contract.frame import Frame, json_frame
from actors.core.contract.payload import Player
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.contract.types.chat import Chat, Fragment, Reply
from actors.core.contract.types.combat import Hit, Kill
from actors.core.contract.types.community import Follow
from actors.core.contract.types.match import Round
from actors.core.contract.types.stage import Custom

FOLDER = Path(__file__).parent
TICK_MS = 1_763_690_000_016.625
ADA = Player("ada", "Ada", "CT")
BO = Player("bo", "Bo")


def event(type_, payload, **fields):
    row = TAXONOMY[type_]
    carried = {
        "id": f"golden/g1/{type_}.0",
        "type": type_,
        "category": row.category,
        "priority": row.priority,
        "ts_ingest_ms": TICK_MS - 9.5,
        "ttl_ms": row.ttl_ms,
        "source": "golden",
        "payload": Raw(msgspec.msgpack.encode(payload)),
    }
    return Event(**{**carried, **fields})


def frame(events, *, top=57, **fields):
    positions = [event.position for event in events if event.position]
    bounds = {"first": positions[0], "last": positions[-1]} if positions else {}
    carried = {"gen": 3, "epoch": "9f86d081", "seq": 12, "tick_ts_ms": TICK_MS, "top": top, "events": events}
    return Frame(**{**carried, **bounds, **fields})


def every_type():
    critical = [name for name, row in TAXONOMY.items() if row.category is Category.CRITICAL]
    others = [name for name in TAXONOMY if name not in critical]
    logged = [event(name, TAXONOMY[name].example, position=41 + n) for n, name in enumerate(critical)]
    return frame(logged + [event(name, TAXONOMY[name].example) for name in others], top=40 + len(logged))


def every_field():
    return frame(
        [
            event(
                "kill",
                Kill(ADA, BO, "ak47", True, True),
                ts_source_ms=TICK_MS - 30.125,
                ts_normalized_ms=TICK_MS - 8.0,
                ts_queued_ms=TICK_MS - 7.75,
                dedupe_key="match-7/kill-31",
                position=57,
            ),
            event("hit", Hit(ADA, BO), dedupe_key="hit:0a", coalesce_key="hit:ada", count=2),
        ]
    )


def counts():
    return frame(
        [
            event("hit", Hit(ADA, BO, "ak47", 27), coalesce_key="hit:ada", count=12),
            event("hit", Hit(BO, ADA, "awp", 90), coalesce_key="hit:bo", count=70_000),
        ]
    )


def numbers():
    whole = [0, 1, -1, -32, -33, 127, 128, -128, -129, 255, 256, 32_767, -32_769, 65_535, 65_536, 2**31, -(2**31) - 1]
    # Powers of two are exact as doubles too, which is all that JavaScript has.
    whole += [2**32 - 1, 2**32, 2**53 - 1, 1 - 2**53, 2**53, 2**60, -(2**60), 2**63, -(2**63)]
    floats = [0.5, -0.125, 0.1, 1e300, 5e-324, 1_763_690_000_016.625]
    return frame([event("custom", Custom("numbers", {"whole": whole, "floats": floats}), position=2**40)], top=2**40)


def shapes():
    data = {
        "nothing": None,
        "yes": True,
        "no": False,
        "empty": ["", [], {}],
        "text": ["a" * length for length in (31, 32, 255, 256, 400)],
        "list": [list(range(15)), list(range(16))],
        "object": [{f"k{n}": n for n in range(size)} for size in (15, 16)],
        "deep": [[[[{"a": [{"b": []}]}]]]],
    }
    return frame([event("custom", Custom("shapes", data))])


def text():
    lines = [
        "ёжик, żółw, 雪兎, ok ✳",
        "🎉👩🏽‍🚀🏳️‍🌈",
        "e\u0301 \u202eright to left\u202c \u200bzero width",
        "\u2028\u2029 \t \n \r\n \u0000 \u007f",
        '"quoted" <b>&amp;</b> </script> \\ `${x}`',
        "\U0010ffff\ue000\ufffd",
    ]
    return frame([event("chat", Chat("雪兎", line), id=f"golden/g1/{n}.0") for n, line in enumerate(lines)])


def many():
    return frame([event("follow", Follow(f"viewer {n}"), id=f"golden/{n}.0", position=n) for n in range(1, 21)], top=20)


COMMUNITY = ["tip", "gift", "redemption", "shoutout", "stream", "show", "hype_train", "poll", "prediction", "goal"]


def community():
    whole = Chat(
        "ottoline",
        "@Ada Kappa Cheer100",
        badges=["moderator/1", "subscriber/12"],
        badge_images=["twitch-badge/3267646d-33f0-4b17-b3df-f923a41db1d0", ""],
        fragments=[
            Fragment("mention", "@Ada"),
            Fragment("text", " "),
            Fragment("emote", "Kappa", "twitch/25"),
            Fragment("cheer", "Cheer100", "twitch-cheer/cheer-100"),
        ],
        reply_to=Reply("Ada", "what a round", "m-81"),
        action=True,
        highlight=True,
        first=True,
    )
    critical = [name for name in COMMUNITY if TAXONOMY[name].category is Category.CRITICAL]
    logged = [event(name, TAXONOMY[name].example, position=1 + n) for n, name in enumerate(critical)]
    others = [event(name, TAXONOMY[name].example) for name in COMMUNITY if name not in critical]
    return frame([*logged, event("chat", whole), *others], top=len(logged))


GOLDEN = {
    "every_type": every_type,
    "every_field": every_field,
    "empty": lambda: frame([]),
    "empty_replay": lambda: frame([], seq=0, replay=True, first=41, last=57),
    "replay": lambda: frame([event("round", Round("start"), position=56)], seq=0, replay=True, first=41, last=57),
    "counts": counts,
    "numbers": numbers,
    "shapes": shapes,
    "text": text,
    "many": many,
    "community": community,
    "scene": lambda: frame([event("scene", TAXONOMY["scene"].example)]),
}


def type_frame(name):
    position = 1 if TAXONOMY[name].category is Category.CRITICAL else 0
    return frame([event(name, TAXONOMY[name].example, position=position)], top=position)


def covered():
    """Return the types that the golden frames hold."""
    frames = [msgspec.msgpack.decode(path.read_bytes(), type=Frame) for path in FOLDER.glob("*.msgpack")]
    return {event.type for frame in frames for event in frame.events}


def main():
    write(GOLDEN)
    write({f"type_{name}": partial(type_frame, name) for name in TAXONOMY if name not in covered()})


def write(frames):
    for name, make in frames.items():
        packed, readable = FOLDER / f"{name}.msgpack", FOLDER / f"{name}.json"
        if packed.exists():
            continue
        packed.write_bytes(msgspec.msgpack.encode(make()))
        readable.write_text(json.dumps(json_frame(make()), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(f"{packed.name} {packed.stat().st_size} bytes")


if __name__ == "__main__":
    main()
