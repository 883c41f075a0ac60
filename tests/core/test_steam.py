"""Steam libraries and the file of the game, as tables."""

import pytest

from actors.core.sources import steam

NEW = r"""
"libraryfolders"
{
    "0" { "path"  "/home/ada/.local/share/Steam"  "label" "" "apps" { "730" "36012345678" } }
    "1" { "path"  "D:\\Games\\Steam \"Two\"" }
}
"""
OLD = '"LibraryFolders" { "TimeNextStatsReport" "1561" "1" "/mnt/games" "2" "E:\\\\Lib" }'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NEW, ["/home/ada/.local/share/Steam", '/mnt/d/Games/Steam "Two"']),
        (OLD, ["/mnt/games", "/mnt/e/Lib"]),
        ('"path" "/a" "path" "/a"', ["/a"]),
        ("", []),
        ('"path" "broken', []),
    ],
)
def test_game_folders_are_read_from_the_steam_libraries(text, expected):
    assert steam.libraries(text) == expected


def test_the_file_has_the_address_and_the_token():
    text = steam.gsi_file("http://127.0.0.1:7701/gsi/cs2", "t0ken")
    assert '"uri" "http://127.0.0.1:7701/gsi/cs2"' in text
    assert '"token" "t0ken"' in text
    assert text.count("{") == text.count("}") == 3
