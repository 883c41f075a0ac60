"""Emotes: addresses, and removal from a full cache."""

import re

import pytest

from actors.core.emotes import PROVIDERS, address, surplus

NEW = "emotesv2_" + "0a" * 16


@pytest.mark.parametrize(
    ("provider", "id_", "url"),
    [
        ("twitch", "25", "https://static-cdn.jtvnw.net/emoticons/v2/25/default/dark/2.0"),
        ("twitch", NEW, f"https://static-cdn.jtvnw.net/emoticons/v2/{NEW}/default/dark/2.0"),
        ("7tv", "01F6MZGCNG000255K4X1K7NTHR", "https://cdn.7tv.app/emote/01F6MZGCNG000255K4X1K7NTHR/2x.webp"),
        ("bttv", "5f" * 12, f"https://cdn.betterttv.net/emote/{'5f' * 12}/2x"),
        ("ffz", "28136", "https://cdn.frankerfacez.com/emote/28136/2"),
        ("twitch", "../25", None),
        ("twitch", "25\n", None),
        ("twitch", "", None),
        ("twitch", "emotesv2_xyz", None),
        ("twitch", "٢٥", None),
        ("ffz", "28136/../../x", None),
        ("unknown", "25", None),
    ],
)  # fmt: skip
def test_only_an_id_of_a_known_provider_has_an_address(provider, id_, url):
    assert address(provider, id_) == url


def test_a_mirror_replaces_every_host():
    assert address("ffz", "1", "http://127.0.0.1:9/") == "http://127.0.0.1:9/cdn.frankerfacez.com/emote/1/2"


def test_the_image_of_an_event_can_name_every_provider():
    for name in PROVIDERS:
        assert re.fullmatch(r"[a-z0-9-]{1,16}", name)


def test_the_least_recently_used_pictures_are_removed_and_no_more_than_needed():
    files = [(3.0, 40, "new"), (1.0, 40, "old"), (2.0, 40, "middle")]
    assert surplus(files, 120) == []
    assert surplus(files, 100) == ["old"]
    assert surplus(files, 40) == ["old", "middle", "new"]
