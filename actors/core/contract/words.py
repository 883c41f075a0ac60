"""The words of the string-event overlays: the parameters of their names, with their values in payloads.

Users of these overlays assigned pictures and sounds to names such as `Kill Medic`, `Gunner Kill Galaxy` or
`Squad Wiper`. Most names are from PlanetSide 2.
"""

from __future__ import annotations

from typing import Final

# name: `loadout` of the victim
CLASSES: Final = {
    "Infil": "infiltrator",
    "Light Assault": "light_assault",
    "Medic": "medic",
    "Engineer": "engineer",
    "Heavy": "heavy",
    "MAX": "max",
}

# In lower case they are the `vehicle` of vehicle_destroyed.
VEHICLES: Final = (
    "Flash",
    "Sunderer",
    "Lightning",
    "Magrider",
    "Vanguard",
    "Prowler",
    "Scythe",
    "Reaver",
    "Mosquito",
    "Liberator",
    "Galaxy",
    "Valkyrie",
    "Harasser",
    "Ant",
    "Colossus",
    "Javelin",
    "Dervish",
    "Chimera",
    "Corsair",
)

# name: `weapon_category` of a kill
WEAPONS: Final = {
    "Nade Kill": "grenade",
    "Knife Kill": "knife",
    "RoadKill": "roadkill",
    "Spitfire Kill": "spitfire",
    "Mine Kill": "mine",
}

# name: `medal` of a kill
MEDALS: Final = {
    "Bounty Kill": "bounty",
    "Domination": "domination",
    "Revenge": "revenge",
    "Killstreak Stop": "streak_stop",
}

# kills: name
MULTIKILL_NAMES: Final = {
    2: "Double Kill",
    3: "Multi Kill",
    4: "Mega Kill",
    5: "Ultra Kill",
    6: "Monster Kill",
    7: "Ludacris Kill",
    9: "Holy Shit",
}
STREAK_NAMES: Final = {12: "Squad Wiper", 24: "Double Squad Wipe", 36: "Squad Lead's Nightmare", 48: "One Man Platoon"}

# name of a support: kind of its streak
SUPPORTS: Final = {"Heal": "heal", "Resupply": "resupply", "Repair": "repair", "Revive Given": "revive"}

# name: `faction` of the player
FACTIONS: Final = ("TR", "NC", "VS", "NSO")
