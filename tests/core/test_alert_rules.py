"""The user's rules for alerts: valid rules, and errors of invalid ones."""

import pytest

from actors.core.alerts import MAX_RULES, parse


def test_a_rule_has_defaults():
    [rule], problems = parse({"alert": [{"type": "cheer"}]})
    assert (rule.from_, rule.text, rule.files, rule.duration_ms, rule.volume, problems) == (0, "", [], 0, 1, [])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"type": "chear"}, "Invalid enum value 'chear'"),
        ({}, "missing required field `type`"),
        ({"type": "tip", "from": -1}, "`$.from`"),
        ({"type": "tip", "volume": 2}, "`$.volume`"),
        ({"type": "tip", "form": 5}, "unknown field `form`"),
        ({"type": "tip", "sound": "../tip.mp3"}, "sound: got '../tip.mp3', expected a file of overlays/media/"),
        ({"type": "tip", "sound": "tip.png"}, "sound: got 'tip.png'"),
        ({"type": "tip", "image": ".png"}, "image: got '.png'"),
        ({"type": "tip", "image": "a.svg"}, "image: got 'a.svg'"),
        ({"type": "tip", "video": "a\\b.mp4"}, "video: got"),
        ({"type": "tip", "image": "stream:1.png"}, "image: got"),
        ({"type": "streak", "from": 12, "sound": "s.mp3"}, "streak: got 's.mp3', expected only from and text"),
        ({"type": "tip", "currency": "eur"}, "`$.currency`"),
        ({"type": "cheer", "currency": "EUR"}, "currency: got 'EUR' of a cheer"),
        ("tip", "Expected `object`, got `str`"),
    ],
)
def test_an_invalid_rule_is_ignored_with_a_reason_and_the_other_rules_are_used(entry, problem):
    rules, problems = parse({"alert": [{"type": "raid"}, entry, {"type": "follow", "image": "Größe 1.webp"}]})
    assert [rule.type for rule in rules] == ["raid", "follow"]
    assert len(problems) == 1
    assert problems[0].startswith("alerts.toml: alert 2: ")
    assert problem in problems[0]


def test_a_file_without_a_list_of_alerts_is_refused():
    assert parse({"alert": {"type": "tip"}}) == ([], ["alerts.toml: got [alert], expected [[alert]]"])
    assert parse({"alrt": []}) == ([], ["alerts.toml: got `alrt`, expected only [[alert]]"])


def test_the_number_of_rules_is_bounded():
    rules, problems = parse({"alert": [{"type": "tip"}] * (MAX_RULES + 1)})
    assert len(rules) == MAX_RULES
    assert len(problems) == 1
