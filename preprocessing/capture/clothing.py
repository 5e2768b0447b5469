"""What people wear: every choice of style about one person's looks, drawn from a seed."""

import colorsys
import dataclasses
import re

import numpy as np
from numpy import ndarray

from preprocessing.capture.anatomy import Person, seeded

TOPS = ("t-shirt", "long sleeves", "polo", "shirt", "hoodie", "jacket")
PATTERNS = ("plain", "stripes", "blocks", "print", "checks")
HAIR = ("bald", "buzz", "short", "bob", "long", "bun", "ponytail", "cap")

Colour = tuple[float, float, float]
"""Red, green and blue of a cloth in white light, 0 to 255."""

_SKIN: tuple[Colour, ...] = (
    (236, 196, 172), (226, 182, 152), (214, 168, 136), (198, 148, 114), (172, 122, 90), (142, 98, 70), (110, 74, 54),
)  # fmt: skip
_HAIR: tuple[Colour, ...] = (
    (30, 24, 22), (46, 34, 28), (74, 52, 36), (104, 74, 48), (150, 114, 72), (186, 152, 104), (106, 58, 38),
)  # fmt: skip
_GREY_HAIR: Colour = (150, 146, 142)
_BOTTOMS: dict[str, tuple[Colour, ...]] = {
    "jeans": ((52, 70, 108), (38, 48, 76), (92, 112, 148), (48, 52, 62)),
    "trousers": ((44, 44, 50), (104, 92, 76), (150, 132, 106), (70, 78, 70), (86, 62, 50), (116, 118, 122)),
    "joggers": ((52, 54, 62), (120, 122, 128), (36, 40, 62), (84, 52, 58)),
    "shorts": ((58, 68, 92), (140, 124, 98), (46, 46, 50), (92, 100, 80), (110, 44, 48)),
}
_SHOES: tuple[tuple[Colour, Colour], ...] = (
    ((46, 46, 52), (226, 226, 222)), ((222, 222, 218), (238, 238, 234)), ((96, 62, 40), (44, 34, 30)),
    ((54, 70, 116), (228, 228, 224)), ((36, 34, 36), (30, 30, 32)), ((142, 50, 48), (230, 228, 220)),
    ((120, 122, 124), (240, 240, 238)), ((60, 92, 78), (220, 216, 206)),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Look:
    """What is fixed about the looks of a release subject, so that nobody takes one of the seven for another."""

    top: str
    pattern: str
    bottom: str
    hair: str
    beard: str = "none"
    glasses: bool = False
    tucked: bool = False


_RELEASE_LOOKS = {
    "S1": _Look("t-shirt", "stripes", "jeans", "ponytail"),
    "S5": _Look("long sleeves", "plain", "trousers", "bob"),
    "S6": _Look("shirt", "checks", "trousers", "short", beard="full", tucked=True),
    "S7": _Look("hoodie", "print", "jeans", "bun"),
    "S8": _Look("t-shirt", "print", "shorts", "short"),
    "S9": _Look("polo", "blocks", "trousers", "buzz", glasses=True),
    "S11": _Look("jacket", "plain", "jeans", "short", beard="stubble"),
}


@dataclasses.dataclass(frozen=True)
class Wardrobe:
    """One person's looks. Colours are `Colour`; lengths are mm for a person of 1.75 m.

    Attributes:
        top: one of `TOPS`.
        pattern: one of `PATTERNS`, of the top.
        top_colour: its main colour.
        second_colour: of stripes, blocks, prints, collars and of the shirt under an open jacket.
        sleeve: where sleeves end: 1 at the elbow, 2 at the wrist.
        hem: how far the top ends below the hip joints; negative above.
        ease: how loosely the top hangs.
        tucked: whether the top ends under the belt.
        bottom: "jeans", "trousers", "joggers" or "shorts".
        bottom_colour: its colour.
        bottom_ease: how loosely it hangs.
        leg: where it ends: 1 at the knee, 2 at the ankle.
        belt_colour: of the belt of a tucked shirt.
        shoe_colour: of the upper.
        sole_colour: of the sole.
        boots: whether the shoes reach over the ankles.
        skin_colour: of the skin.
        hair: one of `HAIR`.
        hair_colour: of hair, brows and beard.
        hair_volume: thickness of the hair.
        beard: "none", "stubble" or "full".
        glasses: whether glasses are worn.
        eye_colour: of the iris.
        seed: of everything that is drawn on the cloth: folds, prints, weave.
    """

    top: str
    pattern: str
    top_colour: Colour
    second_colour: Colour
    sleeve: float
    hem: float
    ease: float
    tucked: bool
    bottom: str
    bottom_colour: Colour
    bottom_ease: float
    leg: float
    belt_colour: Colour
    shoe_colour: Colour
    sole_colour: Colour
    boots: bool
    skin_colour: Colour
    hair: str
    hair_colour: Colour
    hair_volume: float
    beard: str
    glasses: bool
    eye_colour: Colour
    seed: int


def draw_wardrobe(person: Person, seed: int) -> Wardrobe:
    """The looks of a person: always the same for one person and seed.

    Hues of tops step round the colour circle by the golden ratio with the number in the person's name, so that
    neighbours never dress alike.
    """
    random = seeded("wardrobe", seed, person.name)
    digits = re.findall(r"\d+", person.name)
    order = int(digits[-1]) if digits else int(random.integers(1000))
    female = person.sex == "female"
    look = _draw_look(person, order, random)
    look = _RELEASE_LOOKS.get(person.name, look)
    top, bottom = look.top, look.bottom
    hue = (order * 0.6180339887 + 0.137 * seed) % 1.0
    top_colour = _cloth_colour(hue, random)
    shoe, sole = _SHOES[(order * 3 + int(random.integers(len(_SHOES)))) % len(_SHOES)]
    bottoms = _BOTTOMS[bottom]
    return Wardrobe(
        top=top,
        pattern=look.pattern,
        top_colour=top_colour,
        second_colour=_second_colour(top_colour, hue, random),
        sleeve=_sleeve(top, random),
        hem=float(
            {"hoodie": random.uniform(20, 60), "jacket": random.uniform(30, 90)}.get(top, random.uniform(45, 105))
        ),
        ease=float({"hoodie": 14, "jacket": 15, "shirt": 9}.get(top, random.uniform(5, 13))),
        tucked=look.tucked,
        bottom=bottom,
        bottom_colour=_shifted(bottoms[(order + int(random.integers(len(bottoms)))) % len(bottoms)], random, 9),
        bottom_ease=float(random.uniform(3, 6) if female and bottom == "jeans" else random.uniform(5, 14)),
        leg=float(random.uniform(0.72, 1.0) if bottom == "shorts" else 2.0),
        belt_colour=_shifted((58, 42, 34), random, 10),
        shoe_colour=_shifted(shoe, random, 8),
        sole_colour=sole,
        boots=bool(bottom != "shorts" and random.random() < 0.15),
        skin_colour=_skin_colour(random),
        hair=look.hair,
        hair_colour=_hair_colour(person, random),
        hair_volume=float(random.uniform(9, 18) if female else random.uniform(5, 14)),
        beard=look.beard,
        glasses=look.glasses,
        eye_colour=((72, 50, 36), (92, 116, 128), (86, 92, 60))[int(random.choice(3, p=[0.6, 0.25, 0.15]))],
        seed=int(random.integers(1 << 31)),
    )


def other_outfit(person: Person, seed: int, outfit: int) -> Wardrobe:
    """Other clothes and another hair colour for a person: always the same for one number above 0.

    Skin, eyes, glasses, beard and the cut of the hair stay. The top is of another kind than the person's own.
    """
    own = draw_wardrobe(person, seed)
    for attempt in range(100):
        double = dataclasses.replace(person, name=f"{person.name}, attempt {attempt}, outfit {outfit}")
        drawn = draw_wardrobe(double, seed)
        if drawn.top != own.top:
            break
    kept = ("skin_colour", "eye_colour", "glasses", "beard", "hair", "hair_volume")
    return dataclasses.replace(drawn, **{name: getattr(own, name) for name in kept})


def _draw_look(person: Person, order: int, random: np.random.Generator) -> _Look:
    """A style from the street; tops go round with the number in the person's name."""
    top = TOPS[(order + int(random.choice(6, p=[0.42, 0.22, 0.12, 0.1, 0.07, 0.07]))) % 6]
    choices, shares = ["plain", "stripes", "blocks", "print", "checks"], [0.38, 0.2, 0.16, 0.16, 0.1]
    if top == "shirt":
        choices, shares = ["plain", "checks", "stripes"], [0.34, 0.33, 0.33]
    elif top == "hoodie":
        choices, shares = ["plain", "blocks", "print"], [0.4, 0.3, 0.3]
    elif top == "jacket":
        choices, shares = ["plain"], [1.0]
    return _Look(
        top=top,
        pattern=str(random.choice(choices, p=shares)),
        bottom=str(random.choice(["jeans", "trousers", "joggers", "shorts"], p=[0.36, 0.32, 0.14, 0.18])),
        hair=_hair_style(person, random),
        beard="none"
        if person.sex == "female"
        else str(random.choice(["none", "stubble", "full"], p=[0.5, 0.28, 0.22])),
        glasses=bool(random.random() < 0.2),
        tucked=bool(top in ("shirt", "polo") and random.random() < 0.45),
    )


def _sleeve(top: str, random: np.random.Generator) -> float:
    if top in ("t-shirt", "polo"):
        return float(random.uniform(0.5, 0.74))
    if top == "shirt":
        return float(random.choice([0.66, 1.97, 1.97, 1.4]))
    return 1.97 if top != "long sleeves" else float(random.choice([1.95, 1.95, 1.6]))


def _cloth_colour(hue: float, random: np.random.Generator) -> Colour:
    """A dye: strong, pastel, dark or nearly grey."""
    kind = random.choice(4, p=[0.42, 0.2, 0.22, 0.16])
    saturation = random.uniform(*[(0.55, 0.85), (0.2, 0.42), (0.4, 0.75), (0.0, 0.12)][kind])
    value = random.uniform(*[(0.5, 0.78), (0.74, 0.9), (0.2, 0.38), (0.2, 0.92)][kind])
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return 255 * red, 255 * green, 255 * blue


def _second_colour(first: Colour, hue: float, random: np.random.Generator) -> Colour:
    """A colour that stands out from the first: light on dark, dark on light."""
    dark = float(np.dot(first, (0.299, 0.587, 0.114))) < 120
    value = random.uniform(0.7, 0.92) if dark else random.uniform(0.16, 0.4)
    turn = float(random.choice([0.0, 0.08, 0.5, 0.33]))
    red, green, blue = colorsys.hsv_to_rgb((hue + turn) % 1.0, random.uniform(0.0, 0.6), value)
    return 255 * red, 255 * green, 255 * blue


def _shifted(colour: Colour, random: np.random.Generator, spread: float) -> Colour:
    shifted: ndarray = np.clip(np.array(colour) + random.normal(0, spread) + random.normal(0, spread / 3, 3), 12, 244)
    return float(shifted[0]), float(shifted[1]), float(shifted[2])


def _skin_colour(random: np.random.Generator) -> Colour:
    place = random.choice(np.arange(len(_SKIN)), p=[0.16, 0.22, 0.2, 0.15, 0.11, 0.09, 0.07])
    return _shifted(_SKIN[int(place)], random, 3)


def _hair_colour(person: Person, random: np.random.Generator) -> Colour:
    colour = _HAIR[int(random.choice(len(_HAIR), p=[0.2, 0.23, 0.22, 0.16, 0.1, 0.07, 0.02]))]
    grey = np.clip((person.age_years - 45 + random.normal(0, 6)) / 25, 0, 1)
    mixed = (1 - grey) * np.array(colour) + grey * np.array(_GREY_HAIR)
    return _shifted((mixed[0], mixed[1], mixed[2]), random, 4)


def _hair_style(person: Person, random: np.random.Generator) -> str:
    if person.sex == "female":
        return str(
            random.choice(["short", "bob", "long", "bun", "ponytail", "cap"], p=[0.1, 0.24, 0.26, 0.16, 0.19, 0.05])
        )
    bald = 0.05 if person.age_years < 40 else 0.15
    return str(random.choice(["bald", "buzz", "short", "long", "cap"], p=[bald, 0.2, 0.68 - bald, 0.04, 0.08]))
