"""Generate files from the table of tokens, for `python -m tools.docs`.

web_overlay/themes/tokens.json ──▶ web_overlay/css/tokens.css  the defaults, in the layer `tokens`
                               ╰─▶ docs/tokens.md              for authors of themes and of custom CSS
"""

from __future__ import annotations

import json
from typing import Any, Final

from actors import program

TABLE: Final = program.ROOT / "web_overlay" / "themes" / "tokens.json"

_CSS_HEAD = """/* Generated from themes/tokens.json by `python -m tools.docs`; a test fails when it is stale.

   Every colour, font, size, duration and shape of the overlay, with its default (the theme `broadcast`). A theme sets
   the same properties in the layer `theme`; custom CSS of OBS has no layer and overrides all of them.
   1rem is 100 px of a 1920 × 1080 stage. */
@layer reset, tokens, base, widgets, theme;

@layer tokens {
  :root {
"""

_PAGE_HEAD = """# Tokens

Generated from `web_overlay/themes/tokens.json` by `python -m tools.docs`; a test fails when it is stale.

A theme sets a token by its name (`"accent": "#ff8800"`, [themes.md](themes.md)). Custom CSS of OBS sets the custom
property `--fw-NAME` (`:root { --fw-accent: #ff8800; }`). 1rem is 100 px of a 1920 × 1080 stage. `.24rem` is therefore
24 px, the smallest size that is legible in a 480p stream on a phone.
"""


def load() -> dict[str, Any]:
    """Return the table of tokens."""
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def sheet(table: dict[str, Any]) -> str:
    """Return css/tokens.css."""
    lines = []
    for group in table["groups"]:
        lines.append(f"    /* {group['title'].lower()} */")
        lines += [
            f"    --fw-{name}: {token['default']}; /* {token['about']} */" for name, token in group["tokens"].items()
        ]
        lines.append("")
    return _CSS_HEAD + "\n".join(lines[:-1]) + "\n  }\n}\n"


def page(table: dict[str, Any]) -> str:
    """Return docs/tokens.md."""
    parts = [_PAGE_HEAD]
    for group in table["groups"]:
        parts += [f"\n## {group['title']}\n", "| token | type | default | meaning |", "| --- | --- | --- | --- |"]
        for name, token in group["tokens"].items():
            parts.append(
                f"| `{name}` | {_allowed(token)} | `{token['default']}` | {token['about'].replace('|', '/')} |"
            )
    return "\n".join(parts) + "\n"


def _allowed(token: dict[str, Any]) -> str:
    if "values" in token:
        return " or ".join(f"`{value}`" for value in token["values"])
    if "min" not in token:
        return str(token["type"])
    unit = {"length": "rem", "duration": " ms"}.get(token["type"], "")
    return f"{token['type']}, {token['min']:g} to {token['max']:g}{unit}"


def files() -> dict[str, str]:
    """Return every generated file by its path in the project."""
    table = load()
    return {"web_overlay/css/tokens.css": sheet(table), "docs/tokens.md": page(table)}
