"""Colours: what is written can be read, in the light and in the dark (WCAG 2.2, AA)."""

import re

import pytest

from ripieno.ui.assets import FOLDER

CSS = (FOLDER / "css" / "base.css").read_text()
TEXT, PART = 4.5, 3.0
"""The least contrast of a text, and of what a control is seen by."""

PAIRS = [
    *(("text", ground, TEXT) for ground in ("ground", "surface", "raised", "sunken")),
    *(("muted", ground, TEXT) for ground in ("ground", "surface", "raised", "sunken")),
    *(("accent", ground, TEXT) for ground in ("ground", "surface", "accent-soft", "sunken")),
    ("accent-strong", "surface", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    *((tone, f"{tone}-soft", TEXT) for tone in ("good", "busy", "warn", "bad")),
    *((tone, "surface", TEXT) for tone in ("good", "busy", "warn", "bad")),
    *((tone, "ground", TEXT) for tone in ("good", "busy", "warn", "bad")),
    ("muted", "idle-soft", TEXT),
    *(("text", f"{tone}-soft", TEXT) for tone in ("good", "busy", "warn", "bad", "idle")),
    *(("line-strong", ground, PART) for ground in ("ground", "surface")),
    ("accent", "ground", PART),
]


def colours(position: int) -> dict[str, tuple[float, ...]]:
    """The colours by name: 0 in the light, 1 in the dark."""
    found = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", CSS)
    return {
        name: tuple(int(both[position][at : at + 2], 16) / 255 for at in (1, 3, 5))
        for name, *both in found
    }


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_colours_stand_out(theme: str, front: str, ground: str, least: float) -> None:
    known = colours(["light", "dark"].index(theme))
    lights = sorted((luminance(known[front]), luminance(known[ground])))
    contrast = (lights[1] + 0.05) / (lights[0] + 0.05)
    assert contrast >= least, f"{front} on {ground} in the {theme}: {contrast:.2f}"
