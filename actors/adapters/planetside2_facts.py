"""Facts of PlanetSide 2: the meanings of the numbers in its event stream.

Ids are text, as on the wire. An id that is not listed here is irrelevant to overlays, or its name comes from Census.
"""

from __future__ import annotations

from typing import Final, Literal

FACTIONS: Final = {"1": "VS", "2": "NC", "3": "TR", "4": "NSO"}

CLASSES: Final = ("infiltrator", "light_assault", "medic", "engineer", "heavy", "max")
_LOADOUTS: Final = {
    "NC": "1 3 4 5 6 7", "TR": "8 10 11 12 13 14", "VS": "15 17 18 19 20 21", "NSO": "28 29 30 31 32 45",
}  # fmt: skip
# loadout: (faction, class)
LOADOUTS: Final = {
    loadout: (faction, class_)
    for faction, ids in _LOADOUTS.items()
    for loadout, class_ in zip(ids.split(), CLASSES, strict=True)
}

# Continents. Other zones are tutorials, sanctuaries and arenas.
ZONES: Final = {"2": "Indar", "4": "Hossin", "6": "Amerish", "8": "Esamir", "344": "Oshur"}

VEHICLES: Final = {
    "1": "flash", "2": "sunderer", "3": "lightning", "4": "magrider", "5": "vanguard", "6": "prowler", "7": "scythe",
    "8": "reaver", "9": "mosquito", "10": "liberator", "11": "galaxy", "12": "harasser", "14": "valkyrie", "15": "ant",
    "2007": "colossus", "2033": "javelin", "2136": "dervish", "2137": "chimera", "2142": "corsair",
}  # fmt: skip

# The categories of items that overlays distinguish.
ITEM_CATEGORIES: Final = {
    "2": "knife", "3": "pistol", "4": "shotgun", "5": "smg", "6": "lmg", "7": "assault_rifle", "8": "carbine",
    "11": "sniper_rifle", "12": "scout_rifle", "13": "rocket_launcher", "14": "heavy_weapon", "17": "grenade",
    "18": "explosive", "19": "battle_rifle", "24": "crossbow",
}  # fmt: skip
# A word in the name of an item that is more specific than its category.
ITEM_NAMES: Final = {"spitfire": "spitfire", "mine": "mine", "claymore": "mine", "betty": "mine"}

ALERT_STARTED: Final = ("135", "136")
ALERT_CANCELED: Final = "137"
ALERT_ENDED: Final = "138"

# Ids of experience. That of a kill itself (1, headshot 37, spot 36) is not listed, because the Death reports the kill.
REVIVES: Final = frozenset({"7", "53"})
HEALS: Final = frozenset({"4", "51"})
RESUPPLIES: Final = frozenset({"34", "55", "240", "241"})
ASSISTS: Final[dict[str, Literal["damage", "flash"]]] = {
    "2": "damage", "3": "damage", "371": "damage", "372": "damage", "554": "flash", "555": "flash",
}  # fmt: skip
# Bonuses of a kill, the rarest first. The documentation calls 8 "Kill Streak"; in the game it is for a stopped streak.
MEDALS: Final = {"593": "bounty", "10": "domination", "11": "revenge", "38": "streak_stop", "8": "streak_stop"}
ROADKILL: Final = "26"
SPAWNS: Final[dict[str, Literal["squad", "sunderer", "other"]]] = {
    "56": "squad", "233": "sunderer", "1542": "sunderer", "355": "other", "1988": "other",
}  # fmt: skip
TRANSPORTS: Final = {"30": "", "201": "galaxy", "1543": "galaxy"}
CONSTRUCTIONS: Final = frozenset({"604", "616", "628", "640"})
POINTS: Final = {"15": True, "556": True, "16": False, "272": False, "557": False}  # whether it was defended
BASE: Final = "19"
CONTINENT: Final = "598"

GUNNER_KILLS: Final = frozenset(
    {"146", "148", "149", "150", "154", "155", "314", "373", "515", "681"}
    | {"1466", "1510", "1572", "1597", "1616", "1704", "2074"}
)


def _by_id(table: dict[str, str]) -> dict[str, str]:
    return {id_: name for name, ids in table.items() for id_ in ids.split()}


# Experience of a repair: the vehicle. "" is no vehicle.
REPAIRS: Final = _by_id({
    "max": "6 142", "flash": "31 28", "galaxy": "91 132 1806 1809", "liberator": "92 133", "lightning": "93 134",
    "magrider": "94 135", "mosquito": "95 136", "prowler": "96 137", "reaver": "97 138", "scythe": "98 139",
    "sunderer": "99 140 1740 1743 2153 2156", "vanguard": "100 141", "harasser": "303 302",
    "valkyrie": "503 505 1871 1873", "ant": "653 656", "colossus": "1451 1452", "javelin": "1482 1481",
    "chimera": "1571 1562", "dervish": "1638 1639", "corsair": "1991 1994", "turret": "88 89 129 130 581 584",
    "": "87 90 131 276 358 359 438 439 605 606 617 618 629 630 641 642 1375 1378 1545 1549",
})  # fmt: skip

# The vehicle that the streamer's gunner destroyed: "X Kill by Y Gunner", and the driver's share of it.
GUNNER_VEHICLES: Final = _by_id({
    "flash": "159 181 190 200 211 222 315 374 520 676 1459 1505 1573 1598 1617 1699 2061",
    "sunderer": "160 182 191 202 212 223 316 386 521 688 1473 1517 1579 1599 1618 1710 2089",
    "lightning": "203 224 380 1600 1619 1735",
    "magrider": "162 193 204 214 225 325 381 529 679 1464 1508 1574 1601 1620 1702 2068",
    "vanguard": "163 184 205 215 226 318 387 523 690 1460 1519 1580 1602 1621 1712 2095",
    "prowler": "164 185 195 216 227 319 383 524 682 1467 1511 1576 1603 1622 1705 2077",
    "scythe": "165 196 207 217 228 326 385 530 686 1471 1515 1578 1604 1623 1694 2085",
    "reaver": "166 186 208 218 229 320 384 525 685 1470 1514 1577 1605 1624 1708 2082",
    "mosquito": "167 187 197 219 230 321 382 526 680 1465 1509 1575 1606 1625 1703 2071",
    "liberator": "209 231 379 1607 1626",
    "galaxy": "169 189 199 210 221 232 323 378 528 677 1462 1506 1581 1608 1627 1700 2064",
    "harasser": "311 313 324 388 575 678 1463 1507 1582 1701",
    "valkyrie": "509 510 511 512 513 514 516 533 576 689 1474 1518 1585 1612 1631 1711 2092",
    "ant": "657 658 659 660 661 662 666 667 671 1461 1503 1587 1695",
    "colossus": "1475 1504",
    "javelin": "1486 1487 1488 1489 1490 1491 1494 1500 1501 1614 1633 2067",
    "dervish": "1640 1641 1642 1643 1644 1648 1654 1656 1689 1690 1691 1692 1693 1697 1698 2058",
    "chimera": "1558 1559 1732 1733 1734",
    "corsair": "1995 1996 1997 1998 1999 2003 2009 2011 2046 2047 2048 2049 2050 2051 2055",
})  # fmt: skip

# Events without a dedupe key: two equal ones are two events.
TICKS: Final = HEALS | RESUPPLIES | REPAIRS.keys() | SPAWNS.keys() | TRANSPORTS.keys()
# The driver receives up to two kinds of experience for the same kill.
GUNNERS: Final = GUNNER_KILLS | GUNNER_VEHICLES.keys()

_PLAYER_DIGITS: Final = 17  # ids of players have 19 digits, those of objects on the map 11


def is_player(id_: str) -> bool:
    """Whether an id is that of a player, not of an object or "0"."""
    return len(id_) >= _PLAYER_DIGITS


def zone_of(zone_id: str) -> str:
    """Return the id of the kind of a zone; the upper half of the number is the instance."""
    return str(int(zone_id[:18]) & 0xFFFF) if zone_id.isascii() and zone_id.isdigit() else ""
