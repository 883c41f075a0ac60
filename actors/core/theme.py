"""The rules of a theme: the bounds of its tokens, and the legibility of its text on a stream.

web_overlay/themes/tokens.json ──▶ types and bounds, which js/core/theme.mjs also checks
theme.json                     ──▶ contrast of text and its background, over the darkest and the brightest video

By default OBS blends transparency in linear light (Blending Method: SRGB Off changes that); browsers blend in gamma.
Text on a panel must be legible in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from actors.core.nearest import nearest

CONTRAST: Final = 4.5  # WCAG 2.2, 1.4.3
PANEL_ALPHA: Final = 0.85  # text on a more transparent panel is not legible in OBS
# js/core/color.mjs raises the colours of chat names until they are legible on a panel of this luminance.
DARK: Final = 0.045
LINE: Final = 1.2  # em: a line of Barlow Condensed and of Inter, with all accents
MAX_BYTES: Final = 65_536  # of a theme.json: an overlay waits for it, and names every unknown field
MOST_TOKENS: Final = 500  # each unknown one is compared with all known ones
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
FIELDS: Final = {"name": str, "version": int, "description": str, "tokens": dict}

# The backgrounds of each text or icon.
ON_PANEL: Final = ("panel", "panel-head", "panel-own")
PAIRS: Final[Mapping[str, tuple[str, ...]]] = {
    "ink": ON_PANEL, "ink-soft": ON_PANEL, "accent": ON_PANEL, "good": ("panel",), "bad": ("panel",),
    "team-": ("panel", "panel-own"), "other-": ("panel", "panel-own"), "tone-": ("panel",),
}  # fmt: skip
LIT: Final = ("accent", "good", "bad", "tone-")  # the backgrounds of `ink-on-accent`

Table = Mapping[str, Any]
Color = tuple[float, float, float, float]


def tokens_of(table: Table) -> dict[str, dict[str, Any]]:
    """Return every token of the table by its name."""
    return {name: token for group in table["groups"] for name, token in group["tokens"].items()}


def faults(theme: object, table: Table) -> list[str]:
    """Return the faults of a theme, one line each; [] if it has none."""
    if not isinstance(theme, dict):
        return ["expected an object with name, version, description and tokens"]
    found = [f"{field}: unknown field, expected {', '.join(FIELDS)}" for field in theme.keys() - FIELDS.keys()]
    for field, kind in FIELDS.items():
        if type(theme.get(field)) is not kind:
            found.append(f"{field}: got {str(theme.get(field))[:40]}, expected {kind.__name__}")
    if isinstance(theme.get("name"), str) and not NAME.fullmatch(theme["name"]):
        found.append(f"name: got {theme['name'][:40]}, expected up to 32 of a-z 0-9 _ -")
    if not found and len(theme["tokens"]) > MOST_TOKENS:
        found.append(f"tokens: got {len(theme['tokens'])}, expected at most {MOST_TOKENS}")
    if found:
        return sorted(found)
    tokens = tokens_of(table)
    for name, value in theme["tokens"].items():
        problem = _unknown(name, tokens) if name not in tokens else _fault(str(value), tokens[name], table)
        found += [f"{name[:40]}: {problem}"] if problem else []
    if found:
        return found
    values = {name: token["default"] for name, token in tokens.items()} | {
        name: str(value) for name, value in theme["tokens"].items()
    }
    return [*_heights(values), *_panels(values), *_contrasts(values)]


def _unknown(name: str, tokens: Mapping[str, object]) -> str:
    near = nearest(name, tokens, cutoff=0.0)[0]
    return f"unknown token; the nearest is {near}"


def _fault(value: str, token: Mapping[str, Any], table: Table) -> str:
    kind, got = table["types"][token["type"]], f"got {value[:40]}"
    if "values" in token and value not in token["values"]:
        return f"{got}, expected {' or '.join(token['values'])}"
    if not re.fullmatch(kind["pattern"], value, re.ASCII):
        return f"{got}, expected {kind['expected']}"
    if "min" in token and not token["min"] <= number(value) <= token["max"]:
        return f"{got}, expected {token['min']} to {token['max']}"
    return ""


def number(value: str) -> float:
    """Return the number of a length, a duration or a number."""
    return float(value.removesuffix("rem").removesuffix("ms"))


def _heights(values: Mapping[str, str]) -> Iterator[str]:
    row, frame, size = (number(values[name]) for name in ("row", "frame-width", "size-row"))
    needed = size * LINE + 2 * frame
    if row < needed:
        yield f"row: got {row:g}rem, expected {needed:.2f}rem or more for text of {size:g}rem"


def _panels(values: Mapping[str, str]) -> Iterator[str]:
    alpha, ring = color(values["panel"])[3], values["text-outline"] == "ring"
    if alpha < PANEL_ALPHA and not ring:
        yield f"panel: {alpha:.2f} opaque, expected {PANEL_ALPHA} or more, or text-outline: ring"
    behind = "outline" if ring else "panel"
    brightest = max(map(luminance, seen(color(values[behind]))))
    if brightest > DARK:
        yield (
            f"{behind}: a luminance of {brightest:.3f} over white video, expected {DARK} or less: colors of "
            "chat names are raised for a dark panel"
        )


def _contrasts(values: Mapping[str, str]) -> Iterator[str]:
    ring = values["text-outline"] == "ring"
    for start, backs in PAIRS.items():
        for name in _family(start, values):
            for back in ("outline",) if ring else backs:
                yield from _pair(name, back, values)
    if not ring:
        for start in LIT:
            for back in _family(start, values):
                yield from _pair("ink-on-accent", back, values)


def _family(start: str, values: Mapping[str, str]) -> list[str]:
    """Return the names of colours that begin so, or the one name."""
    return (
        [name for name in values if name.startswith(start) and values[name].startswith("#")]
        if start[-1] == "-"
        else [start]
    )


def _pair(front: str, back: str, values: Mapping[str, str]) -> Iterator[str]:
    ink = color(values[front])[:3]
    worst = min(contrast(ink, behind) for behind in seen(color(values[back])))
    if worst < CONTRAST:
        yield f"{front} on {back}: a contrast of {worst:.1f}:1 over some video, expected {CONTRAST}:1 or more"


def color(value: str) -> Color:
    """Return red, green, blue and alpha of `#rrggbb` or `#rrggbbaa`, 0 to 1 each."""
    red, green, blue, alpha = (int(f"{value[1:]}ff"[at : at + 2], 16) / 255 for at in (0, 2, 4, 6))
    return red, green, blue, alpha


def seen(back: Color) -> list[tuple[float, float, float]]:
    """Return the visible colours of `back`: over black and over white video, blended in gamma and in linear light."""
    looks = []
    for video in (0.0, 1.0):
        red, green, blue, alpha = back
        mixed = [channel * alpha + video * (1 - alpha) for channel in (red, green, blue)]
        looks.append((mixed[0], mixed[1], mixed[2]))
        light = [_gamma(_linear(channel) * alpha + video * (1 - alpha)) for channel in (red, green, blue)]
        looks.append((light[0], light[1], light[2]))
    return looks


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Return the contrast of two colours (WCAG 2.2), 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(rgb: tuple[float, float, float]) -> float:
    """Return the relative luminance of a colour (WCAG 2.2), 0 to 1."""
    red, green, blue = map(_linear, rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _gamma(light: float) -> float:
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
