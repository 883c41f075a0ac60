"""Lines of a game server's log as a table, and hostile lines."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adapters import srcds, srcds_lines
from actors.core.contract.event import Category, RawItem
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput, TooLarge

STAMP = b"L 03/14/2026 - 20:15:09: "
STAMP_MS = 1_773_519_309_000.0
ADA = b'"Ada<7><STEAM_1:0:4242><CT>"'
BO = b'"Bo<9><[U:1:77]><TERRORIST>"'
BOT = b'"Rusty<3><BOT><TERRORIST>"'
ada = {"id": "STEAM_1:0:4242", "name": "Ada", "team": "CT"}
bo = {"id": "[U:1:77]", "name": "Bo", "team": "TERRORIST"}
bot = {"id": "BOT:Rusty", "name": "Rusty", "team": "TERRORIST"}


def read(line):
    """Return [(type, payload)] of a line; it must be critical if that was announced, and only then."""
    events = srcds.normalize(RawItem(5, 1, "srcds", line, 9.0), "log", 2)
    for event in events:
        assert (event.category is Category.CRITICAL) == (srcds.category(line) is Category.CRITICAL)
        msgspec.msgpack.decode(event.payload, type=TAXONOMY[event.type].payload)
    return [(event.type, msgspec.msgpack.decode(event.payload)) for event in events]


LINES = [
    # Combat.
    (
        ADA + b" [10 -20 64] killed " + BO + b' [30 5 64] with "ak47"',
        "kill",
        {"attacker": ada, "victim": bo, "weapon": "ak47"},
    ),
    (
        ADA + b" killed " + BO + b' with "ak47" (headshot)',
        "kill",
        {"attacker": ada, "victim": bo, "weapon": "ak47", "headshot": True},
    ),
    (
        ADA + b" [1 2 3] killed " + BOT + b' [1 2 3] with "awp" (headshot penetrated)',
        "kill",
        {"attacker": ada, "victim": bot, "weapon": "awp", "headshot": True, "penetrated": True},
    ),
    (
        ADA + b" [1 2 3] killed " + BO + b' [1 2 3] with "awp" (throughsmoke noscope)',
        "kill",
        {
            "attacker": ada,
            "victim": bo,
            "weapon": "awp",
            "noscope": True,
            "through_smoke": True,
        },
    ),
    (
        ADA + b" killed " + BO + b' with "scattergun" (customkill "headshot") (attacker_position "1 2 3")',
        "kill",
        {"attacker": ada, "victim": bo, "weapon": "scattergun", "headshot": True},
    ),
    (ADA + b" [1 2 3] killed " + BO + b' [1 2 3] with "world"', "death", {"victim": bo, "cause": "world"}),
    (ADA + b" [1 2 3] killed " + ADA + b' [1 2 3] with "hegrenade"', "death", {"victim": ada, "cause": "hegrenade"}),
    (ADA + b' [1 2 3] committed suicide with "world"', "death", {"victim": ada, "cause": "world"}),
    (BO + b" [1 2 3] was killed by the bomb.", "death", {"victim": bo, "cause": "bomb"}),
    (
        ADA + b" [1 2 3] attacked " + BO + b' [4 5 6] with "ak47" (damage "27") (damage_armor "3") (health "73")'
        b' (armor "96") (hitgroup "left arm")',
        "hit",
        {
            "attacker": ada,
            "victim": bo,
            "weapon": "ak47",
            "damage": 27,
            "damage_armor": 3,
            "health": 73,
            "armor": 96,
            "hitgroup": "left arm",
        },
    ),
    (
        ADA + b" attacked " + BO + b' with "knife" (damage "40") (damage_armor "0") (health "-5") (armor "0")',
        "hit",
        {"attacker": ada, "victim": bo, "weapon": "knife", "damage": 40, "health": -5},
    ),
    (ADA + b" assisted killing " + BO, "assist", {"player": ada, "victim": bo}),
    (ADA + b" flash-assisted killing " + BO, "assist", {"player": ada, "victim": bo, "kind": "flash"}),
    # Chat with any text.
    (ADA + b' say "gg"', "chat", {"user": "Ada", "text": "gg", "user_id": "STEAM_1:0:4242", "channel": "game"}),
    (
        ADA + b' say_team "two "long""',
        "chat",
        {"user": "Ada", "text": 'two "long"', "user_id": "STEAM_1:0:4242", "channel": "game", "team_only": True},
    ),
    (
        ADA + b' say "x<1><BOT><CT>" [1 2 3] killed ' + BO + b' [1 2 3] with "ak47"',
        "chat",
        {
            "user": "Ada",
            "text": 'x<1><BOT><CT>" [1 2 3] killed ' + BO.decode() + ' [1 2 3] with "ak47',
            "user_id": "STEAM_1:0:4242",
            "channel": "game",
        },
    ),
    (
        b'"Console<0><Console><Console>" say "restart in 5"',
        "chat",
        {"user": "Console", "text": "restart in 5", "user_id": "Console:Console", "channel": "game"},
    ),
    (
        ADA + b' say "boo" (dead)',
        "chat",
        {"user": "Ada", "text": "boo", "user_id": "STEAM_1:0:4242", "channel": "game"},
    ),
    # Rounds, scores, objectives.
    (b'World triggered "Match_Start" on "de_somewhere"', "round", {"phase": "match_start"}),
    (b'World triggered "Round_Start"', "round", {"phase": "start"}),
    (b'World triggered "Round_End"', "round", {"phase": "end"}),
    (b"Starting Freeze period", "round", {"phase": "freeze"}),
    (
        b'Team "TERRORIST" triggered "SFUI_Notice_Target_Bombed" (CT "3") (T "14")',
        "round",
        {"phase": "end", "winner": "TERRORIST", "reason": "Target_Bombed", "scores": {"CT": 3, "TERRORIST": 14}},
    ),
    (
        b'World triggered "SFUI_Notice_Round_Draw" (CT "3") (T "14")',
        "round",
        {"phase": "end", "reason": "Round_Draw", "scores": {"CT": 3, "TERRORIST": 14}},
    ),
    (
        b"Game Over: competitive mg_active de_somewhere score 14:16 after 62 min",
        "round",
        {"phase": "match_end", "winner": "TERRORIST", "scores": {"CT": 14, "TERRORIST": 16}},
    ),
    (
        b"Game Over: competitive  de_somewhere score 15:15 after 70 min",
        "round",
        {"phase": "match_end", "scores": {"CT": 15, "TERRORIST": 15}},
    ),
    (b'Team "CT" scored "11" with "5" players', "score", {"scores": {"CT": 11}, "sides": {"CT": "ct"}}),
    (b'Team "Red" scored "11" with "5" players', "score", {"scores": {"Red": 11}}),
    (b'Started map "de_dust2" (CRC "-1072340095")', "score", {"scores": {}, "map_name": "Dust2"}),
    (
        b'MatchStatus: Score: 5:3 on map "workshop/3070/de_old_town" RoundsPlayed: 8',
        "score",
        {
            "scores": {"CT": 5, "TERRORIST": 3},
            "sides": {"CT": "ct", "TERRORIST": "t"},
            "map_name": "Old town",
        },
    ),
    (b'Team playing "CT": Night Harbor', "score", {"scores": {}, "names": {"CT": "Night Harbor"}}),
    (
        b'MatchStatus: Team playing "TERRORIST": killed "by" design',
        "score",
        {"scores": {}, "names": {"TERRORIST": 'killed "by" design'}},
    ),
    (BO + b' triggered "Planted_The_Bomb"', "objective", {"action": "planted", "player": bo}),
    (
        BO + b' triggered "Planted_The_Bomb" at bombsite B',
        "objective",
        {"action": "planted", "player": bo, "target": "B"},
    ),
    (ADA + b' triggered "Begin_Bomb_Defuse_Without_Kit"', "objective", {"action": "defusing", "player": ada}),
    (ADA + b' triggered "Begin_Bomb_Defuse_With_Kit"', "objective", {"action": "defusing", "player": ada}),
    (ADA + b' triggered "Defused_The_Bomb"', "objective", {"action": "defused", "player": ada}),
    # Coming and going.
    (b'"Ada<7><STEAM_1:0:4242><>" entered the game', "player_join", {"player": {"id": ada["id"], "name": "Ada"}}),
    (b'"Ada<7><STEAM_1:0:4242>" switched from team <Unassigned> to <CT>', "player_join", {"player": ada}),
    (ADA + b' disconnected (reason "Disconnect")', "player_leave", {"player": ada}),
]


@pytest.mark.parametrize(("line", "type_", "payload"), LINES, ids=lambda value: None)
def test_a_line_becomes_the_expected_event(line, type_, payload):
    assert read(STAMP + line) == [(type_, payload)]


@pytest.mark.parametrize(("line", "type_", "payload"), LINES[:3], ids=lambda value: None)
@pytest.mark.parametrize(
    "stamp", [b"", b"03/14/2026 - 20:15:09: ", b"03/14/2026 - 20:15:09.250 - ", b"L 03/14/2026 - 20:15:09.250: "]
)
def test_the_form_of_the_time_stamp_does_not_change_the_event(stamp, line, type_, payload):
    assert read(stamp + line) == [(type_, payload)]


@pytest.mark.parametrize(
    "line",
    [
        ADA + b' [1 2 3] killed other "chicken<213>" [4 5 6] with "ak47"',
        ADA + b' purchased "ak47"',
        ADA + b" left buyzone with [ weapon_knife kevlar(100) ]",
        ADA + b" threw flashbang [1 2 3] flashbang entindex 88)",
        ADA + b" blinded for 1.92 by " + BO + b" from flashbang entindex 78 ",
        ADA + b' triggered "Got_The_Bomb"',
        ADA + b' triggered "clantag" (value "gg")',
        ADA + b' connected, address "10.0.0.7:27005"',
        ADA + b" STEAM USERID validated",
        b'"Ada<7><STEAM_1:0:4242>" switched from team <CT> to <Unassigned>',
        b'"mp_freezetime" = "15"',
        b'World triggered "Game_Commencing"',
        b'Team playing "Spectator": killed "by" design',
        b'rcon from "10.0.0.7:5": command "say killed"',
        b"Molotov projectile spawned at 1 2 3, velocity 4 5 6",
    ],
)
def test_an_irrelevant_line_is_ignored_before_it_is_stored(line):
    assert srcds.category(STAMP + line) is None
    assert read(STAMP + line) == []


def test_an_empty_chat_message_is_no_event():
    assert read(STAMP + ADA + b' say " "') == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x killed y", "x killed y"),
        ('the "real" one', 'the "real" one'),
        ("<b>bold</b>", "<b>bold</b>"),
        ("a<1><BOT><CT>", "a<1><BOT><CT>"),
        ('" killed "', '" killed "'),
        ("[1 2 3]", "[1 2 3]"),
        ("雪✳ß", "雪✳ß"),
        ("two\nlines", "two\nlines"),
        ("", "?"),
    ],
)
def test_a_name_may_contain_any_character(name, shown):
    token = f'"{name}<7><STEAM_1:0:4242><CT>"'.encode()
    player = {**ada, "name": shown}
    line = STAMP + token + b" [1 2 3] killed " + token.replace(b":4242", b":1") + b' [4 5 6] with "ak47"'
    assert read(line) == [
        ("kill", {"attacker": player, "victim": {**player, "id": "STEAM_1:0:1"}, "weapon": "ak47"}),
    ]
    assert read(STAMP + token + b' say "hi"')[0][1]["user"] == shown


# Names (Steam allows 32 characters) that try to be a line of another kind or of another player.
FORGED_NAMES = [
    'A<1><>" was killed by the bomb',
    '<1><BOT>" was killed by the bomb',
    'Adm<1><>" say "free skins',
    'A<1><BOT>" entered the game',
    'A<1><BOT>" disconnected',
    'A<1><BOT>" purchased "',
    'A<1><BOT>" killed "B<2><BOT>',
    'A<1><BOT>" assisted killing "B',
    'A<1><BOT>" with "x',
    'A<1><[U:1:4]><CT>" [1 2 3]',
    'Team "CT" scored "9',
    '" triggered "Planted_The_Bomb"',
]


@pytest.mark.parametrize("name", FORGED_NAMES)
def test_a_name_cannot_forge_a_line(name):
    token = f'"{name}<7><STEAM_1:0:4242><CT>"'.encode()
    player = {**ada, "name": name}
    for line, expected in [
        (token + b" [1 2 3] killed " + BO + b' [4 5 6] with "ak47"',
         ("kill", {"attacker": player, "victim": bo, "weapon": "ak47"})),
        (BO + b" [1 2 3] killed " + token + b' [4 5 6] with "ak47"',
         ("kill", {"attacker": bo, "victim": player, "weapon": "ak47"})),
        (BO + b" attacked " + token + b' with "awp" (damage "9") (damage_armor "0") (health "1") (armor "0")',
         ("hit", {"attacker": bo, "victim": player, "weapon": "awp", "damage": 9, "health": 1})),
        (token + b" assisted killing " + BO, ("assist", {"player": player, "victim": bo})),
        (token + b' say "hi"',
         ("chat", {"user": name, "text": "hi", "user_id": ada["id"], "channel": "game"})),
        (token + b" entered the game", ("player_join", {"player": player})),
        (token + b" [1 2 3] was killed by the bomb.", ("death", {"victim": player, "cause": "bomb"})),
        (token + b' [1 2 3] committed suicide with "world"', ("death", {"victim": player, "cause": "world"})),
        (token + b' triggered "Planted_The_Bomb"', ("objective", {"action": "planted", "player": player})),
    ]:  # fmt: skip
        assert read(STAMP + line) == [expected]
    for nothing in (b' purchased "ak47"', b' triggered "Got_The_Bomb"', b" threw hegrenade [1 2 3]"):
        assert shown(STAMP + token + nothing) in ([], ["refused: Cut or malformed"])


def shown(line):
    """Return the events of a line, or a list with the first words of the refusal."""
    try:
        return read(line)
    except BadInput as error:
        return [f"refused: {' '.join(str(error).split()[:3])}"]


CHAT_NAME = 'Adm<1><BOT>" say "x'


@pytest.mark.parametrize(
    "rest",
    [
        b" [1 2 3] killed " + BO + b' [4 5 6] with "ak47"',
        b' say "hi"',
        b' purchased "ak47"',
        b' triggered "Planted_The_Bomb"',
        b' [1 2 3] committed suicide with "world"',
    ],
)
def test_an_ambiguous_line_is_quarantined_and_not_shown(rest):
    line = STAMP + f'"{CHAT_NAME}<7><STEAM_1:0:4242><CT>"'.encode() + rest
    assert srcds.category(line) is Category.CRITICAL
    with pytest.raises(BadInput, match="Ambiguous line"):
        read(line)


@pytest.mark.parametrize(
    "line",
    [
        # A name and a message, a team message, a kill: together they look like a kill by another player.
        b'"Ada<1><[U:1:5]>" killed "<7><[U:1:9199]><CT>" say "Bo<9><[U:1:77]><T>" with "awp"',
        b'"Ada<1><[U:1:5]>" killed "<7><[U:1:42]><CT>" say_team "<9><[U:1:77]><T>" with "awp"',
        b'"Ada<1><[U:1:5]>" killed "<7><[U:1:42]><CT>" killed "Bo<9><[U:1:77]><T>" with "awp"',
        b'"A<1><BOT>" assisted killing "<7><[U:1:9]><T>" say "Bo<9><BOT>"',
        # The first end is followed by no verb.
        b'"A<1><BOT>"B<2><BOT>" killed "<7><BOT><>" say "<9><BOT>" with "a"',
    ],
)
def test_a_name_and_a_message_together_forge_no_event(line):
    assert shown(STAMP + line) == ["refused: Ambiguous line: a"]


@pytest.mark.parametrize("account", ["STEAM_1:0:7", "76561197960265735", "BOT"])
def test_a_bracket_in_a_name_hides_no_account(account):
    player = f'"x<1><STEAM_1:0:77><CT>" [<7><{account}><CT>"'.encode()
    name = 'x<1><STEAM_1:0:77><CT>" ['
    [(type_, chat)] = read(STAMP + player + b' say "] killed "Bo<9><STEAM_1:0:78><T>" with "awp"')
    assert (type_, chat["user"]) == ("chat", name)
    [(type_, kill)] = read(STAMP + player + b' [1 2 3] killed "Bo<9><STEAM_1:0:78><T>" [4 5 6] with "awp"')
    assert (type_, kill["attacker"]["name"]) == ("kill", name)


QUOTES = [
    'x<1><BOT><CT>" [1 2 3] killed "y<2><BOT><T>" [1 2 3] with "ak47',
    'x<1><BOT><CT>" say "hi',
    'x<1><BOT><CT>" triggered "Planted_The_Bomb',
    'x<1><BOT><CT>" committed suicide with "world',
    '" killed "x" with "ak47',
    'World triggered "Match_Start"',
]


@pytest.mark.parametrize("text", QUOTES)
@pytest.mark.parametrize("who", [ADA, b'"A<7><STEAM_1:0:10000011><CT>"', b'"A<17><[U:1:123456789]><CT>"', BO])
def test_a_chat_message_cannot_forge_a_line(text, who):
    found = shown(STAMP + who + b' say "' + text.encode() + b'"')
    if found != ["refused: Ambiguous line: a"] or who != BO:  # short numbers leave room for a doubt
        [(type_, payload)] = found
        assert (type_, payload["text"]) == ("chat", text)


@pytest.mark.parametrize(
    ("account", "known"),
    [
        ("BOT", True), ("Console", True), ("STEAM_1:0:4242", True), ("STEAM_ID_PENDING", True), ("[U:1:42]", True),
        ("[A:1:42:7]", True), ("76561190000000001", True), ("", False), ("Bot", False), ("U:1:42", False),
        ("[U:1:]", False), ("7656119", False), ("STEAM_", False),
    ],
)  # fmt: skip
def test_a_player_has_an_account_of_a_known_form(account, known):
    line = STAMP + f'"Ada<7><{account}><CT>" entered the game'.encode()
    assert (srcds.category(line) is Category.NORMAL) == known


def test_invalid_utf8_is_replaced_and_long_text_is_cut():
    line = STAMP + b'"' + b"\xff" * 90 + b'<7><BOT><CT>" say "' + b"\xfe" * 900 + b'"'
    [(_, payload)] = read(line)
    assert payload["user"] == "\ufffd" * 64
    assert len(payload["text"]) == 500


@pytest.mark.parametrize(
    ("line", "lane"),
    [
        (ADA + b" [1 2 3] killed " + BO[:12], Category.CRITICAL),
        (ADA + b" [1 2 3] killed " + BO + b' [1 2 3] with "ak4', Category.CRITICAL),
        (ADA + b" [1 2 3] killed " + BO + b' [1 2 3] with "ak47" (heads', Category.CRITICAL),
        (ADA, Category.CRITICAL),
        (ADA + b" [1 2", Category.CRITICAL),
        (ADA + b" [1 2 3] kil", Category.CRITICAL),
        (ADA + b' triggered "Planted_Th', Category.CRITICAL),
        (b'World triggered "Round_St', Category.CRITICAL),
        (b'Team "CT" triggered "SFUI_No', Category.CRITICAL),
        (b"Game Over: competitive mg_act", Category.CRITICAL),
        (b'Team "CT" scored "1', Category.STATE),
        (ADA + b' say "hel', Category.NORMAL),
        (ADA + b" attacked " + BO + b' with "ak47" (damage "2', Category.COSMETIC),
    ],
)
def test_a_cut_line_is_rejected_in_the_lane_of_its_possible_event(line, lane):
    assert srcds.category(STAMP + line) == lane
    with pytest.raises(BadInput, match=r"(?i)cut"):
        read(STAMP + line)


@pytest.mark.parametrize(
    ("line", "critical"),
    [
        (ADA + b" [1 2 3] killed " + BO + b' [1 2 3] with "ak47" (ricochet "2")', True),
        (ADA + b" killed " + BO + b' with "ak47" (damage "27") (health "0") (armor "0") (hitgroup "head")', True),
        (ADA + b' [1 2 3] committed suicide with "world" (fall "9")', True),
        (b'World triggered "Round_Start" (map "de_x")', True),
        (b'Team "CT" triggered "SFUI_Notice_CTs_Win" (CT "1") (T "0")', True),
        (b'Game Over: competitive mg_active de_x score 13:7 after 30 min (mode "x")', True),
        (b'Starting Freeze period (round "2")', True),
        (ADA + b' disconnected (reason "Kicked")', False),
    ],
)
def test_a_line_whose_name_looks_like_a_hit_keeps_its_lane(line, critical):
    forged = line.replace(b'"Ada<', b'"A attacked "B<').replace(b"de_x", b'de attacked "x')
    for body in (line, forged, STAMP + forged):
        assert (srcds.category(body) is Category.CRITICAL) == critical


def test_a_date_that_does_not_exist_is_rejected():
    with pytest.raises(BadInput, match="99/99/2026"):
        read(b"L 99/99/2026 - 20:15:09: Starting Freeze period")


def test_the_stamp_is_read_as_utc_and_to_the_millisecond():
    def ts(stamp):
        return srcds.normalize(RawItem(1, 1, "srcds", stamp + b"Starting Freeze period", 9.0), "log", 1)[0].ts_source_ms

    assert ts(STAMP) == STAMP_MS
    assert ts(b"03/14/2026 - 20:15:09.123 - ") == STAMP_MS + 123
    assert ts(b"") is None


def test_the_id_of_an_event_has_the_number_of_its_line():
    def event(line):
        return srcds.normalize(RawItem(5, 1, "srcds", STAMP + line, 9.0), "log", 2)[0]

    kill, assist, score = (
        event(LINES[0][0]),
        event(ADA + b" assisted killing " + BO),
        event(b'Team "CT" scored "1" with "5" players'),
    )
    assert (kill.id, kill.dedupe_key, kill.coalesce_key) == ("log/5.0", None, None)
    assert (assist.id, score.id) == ("log/g2/5.0", "log/g2/5.0")
    assert (score.dedupe_key, score.coalesce_key) == (None, "score:CT")
    assert (kill.source, kill.ts_ingest_ms) == ("srcds", 9.0)


def test_each_team_has_its_own_score_state():
    keys = {
        srcds.normalize(RawItem(1, 1, "srcds", f'Team "{team}" scored "1" with "5" players'.encode(), 9.0), "log", 1)[
            0
        ].coalesce_key
        for team in ("CT", "TERRORIST")
    }
    assert keys == {"score:CT", "score:TERRORIST"}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'Team playing "CT": Night Harbor', "score:name:CT"),
        (b'Started map "de_nuke" (CRC "1")', "score:map"),
        (b'MatchStatus: Score: 0:0 on map "de_nuke" RoundsPlayed: -1', "score"),
    ],
)
def test_each_part_of_the_score_has_its_own_state(line, key):
    [event] = srcds.normalize(RawItem(1, 1, "srcds", line, 9.0), "log", 1)
    assert event.coalesce_key == key


def test_a_body_is_split_into_its_lines():
    assert srcds.split(b"a\r\nb\n\n\0c\0\r\r  \nd") == [b"a", b"b", b"c", b"d"]
    assert srcds.split(b"") == []
    assert srcds.split(b"\xff\xfe\n") == [b"\xff\xfe"]
    assert srcds.split(b"x" * 5_000) == [b"x" * srcds_lines.MAX_LINE_BYTES]
    assert srcds.split(b"a\nb\n", 2) == [b"a", b"b"]
    with pytest.raises(TooLarge):
        srcds.split(b"a\nb\nc", 2)


PIECES = st.sampled_from(
    [STAMP, ADA, BO, BOT, b" [1 2 3]", b" killed ", b" say ", b" attacked ", b" assisted killing ", b' with "ak47"']
    + [b' attacked "', b'")', b'") (health "5")']
    + [b' "', b"<1><BOT><CT>", b" (headshot)", b"World triggered ", b'Team "CT"', b' scored "1"', b"Game Over: "]
    + [line for line, _, _ in LINES]
)


@pytest.mark.parametrize(
    "begin", [b'World triggered "Match_Start" on "de_x"', b"Starting Freeze period", b"Game Over: x score 1:2 after 3 "]
)
def test_a_line_of_the_world_that_ends_like_a_hit_is_no_event(begin):
    hit = next(line for line, type_, _ in LINES if type_ == "hit")
    with pytest.raises(BadInput):
        read(STAMP + begin + hit)


@settings(deadline=None)
@given(st.lists(PIECES | st.binary(max_size=12), max_size=9).map(b"".join), st.integers(0, 400))
def test_lines_raise_only_bad_input(line, cut):
    for body in (line, line[:cut], STAMP + line):
        try:
            events = read(body)
        except BadInput:
            continue
        assert len(events) <= 1
        assert srcds.category(body) is not None or not events


@settings(deadline=None)
@given(st.text(max_size=127).filter(lambda text: text.strip() and "\0" not in text))
def test_a_chat_message_always_becomes_chat(text):
    line = STAMP + ADA + b' say "' + text.encode("utf-8", "replace") + b'"'
    [(type_, payload)] = read(line)
    assert (type_, payload["user"]) == ("chat", "Ada")
