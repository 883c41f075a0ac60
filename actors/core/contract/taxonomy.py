"""The taxonomy: every type of event with its row, from the modules of types/.

To add a type, add a Struct and a row to one of these modules (row.py describes the effects).
"""

from __future__ import annotations

from typing import Final

from actors.core.contract.row import Row
from actors.core.contract.types import chat, combat, community, crowd, desk, match, stage, support

TAXONOMY: Final[dict[str, Row]] = {
    **combat.TYPES,
    **support.TYPES,
    **match.TYPES,
    **chat.TYPES,
    **community.TYPES,
    **crowd.TYPES,
    **stage.TYPES,
    **desk.TYPES,
}
