"""What can be wrong with a picture or its mask, applied to crops at test time; every condition by its name.

A crop is grey, 128x128, and 0 outside of the person's silhouette. Each condition is a pure function of crops and seeds:
the same crop with the same seed always comes out the same, whatever it comes with. Corruptions at several strengths, as
in ImageNet-C (Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions", ICLR 2019); the
kinds are those that a person cut out by background subtraction suffers from.
"""

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray

Crop = UInt8[ndarray, "side side"]
Spoil = Callable[[ndarray, np.random.Generator], ndarray]
"""A crop and a source of chance to a crop; the given one is left as it is."""


@dataclasses.dataclass(frozen=True)
class Condition:
    """One way to spoil crops.

    Attributes:
        name: such as "blur_2".
        words: what it is, with its strength.
        spoil: what it does to one crop.
    """

    name: str
    words: str
    spoil: Spoil

    def apply(
        self, images: UInt8[ndarray, "frames side side"], seed: int, every: int = 1
    ) -> UInt8[ndarray, "frames side side"]:
        """Spoils the crops of a view.

        Args:
            images: crops; not changed.
            seed: of the view; a frame draws from this and its number alone.
            every: how far the frames' numbers are apart.
        """
        return np.stack([self.apply_to(np.asarray(image), seed, every * i) for i, image in enumerate(images)])

    def apply_to(self, image: UInt8[ndarray, "side side"], seed: int, frame: int) -> UInt8[ndarray, "side side"]:
        """Spoils one crop as `apply` does at this place."""
        return self.spoil(image, np.random.default_rng([seed, frame]))


def clean(image: Crop, random: np.random.Generator) -> Crop:
    """The crop as it is."""
    del random
    return image


def noise(image: Crop, random: np.random.Generator, deviation: float) -> Crop:
    """Gaussian noise on the person.

    Args:
        image: a crop.
        random: of the noise.
        deviation: its standard deviation, of a grey range of 1.
    """
    drawn = random.standard_normal(image.shape, np.float32) * (255 * deviation)
    return _on_person(image, image + drawn)


def blur(image: Crop, random: np.random.Generator, sigma_px: float) -> Crop:
    """A Gaussian blur of the whole crop, silhouette and all: out of focus, or a poor codec."""
    del random
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT), np.uint8)


def coarser(image: Crop, random: np.random.Generator, side_px: int) -> Crop:
    """The crop as if the person had been so many pixels high in the picture: down by area, up bilinearly."""
    del random
    small = cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def box_off(image: Crop, random: np.random.Generator, factor: float) -> Crop:
    """The crop as if the box around the person had been so many times as large, about the same middle."""
    del random
    middle = (image.shape[0] - 1) / 2
    matrix = np.array([[factor, 0, middle * (1 - factor)], [0, factor, middle * (1 - factor)]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, image.shape[::-1], flags=how), np.uint8)


def gain(image: Crop, random: np.random.Generator, factor: float) -> Crop:
    """Darker or brighter: grey values times a factor, cut at white."""
    del random
    return _on_person(image, image.astype(np.float32) * factor)


def contrast(image: Crop, random: np.random.Generator, factor: float) -> Crop:
    """Grey values brought nearer to, or further from, the person's mean."""
    del random
    person = image > 0
    mean = image[person].mean() if person.any() else 0.0
    return _on_person(image, mean + (image.astype(np.float32) - mean) * factor)


def half_hidden(image: Crop, random: np.random.Generator, side: str) -> Crop:
    """One half of the person's box is blanked, as by furniture in front: "lower", "upper", "left" or "right"."""
    del random
    hidden = image.copy()
    left, top, width, height = _box_of(image)
    if side in ("lower", "upper"):
        middle = top + height // 2
        hidden[slice(middle, None) if side == "lower" else slice(None, middle)] = 0
    else:
        middle = left + width // 2
        hidden[:, slice(None, middle) if side == "left" else slice(middle, None)] = 0
    return hidden


def rectangle_hidden(image: Crop, random: np.random.Generator, share: float) -> Crop:
    """A rectangle that covers a share of the person's box is blanked, anywhere within it."""
    left, top, width, height = _box_of(image)
    longer = random.uniform(0.75, 1.33)
    wide = round(min(1.0, np.sqrt(share) * longer) * width)
    high = round(min(1.0, np.sqrt(share) / longer) * height)
    x, y = left + random.integers(width - wide + 1), top + random.integers(height - high + 1)
    hidden = image.copy()
    hidden[y : y + high, x : x + wide] = 0
    return hidden


def leak_ring(image: Crop, random: np.random.Generator, width_px: int) -> Crop:
    """Background leaks into the mask: a ring of it around the silhouette."""
    ring = _widened(image > 0, width_px) & (image == 0)
    return np.where(ring, _wall(image.shape[0], random), image)


def leak_blobs(image: Crop, random: np.random.Generator, count: int) -> Crop:
    """Background leaks into the mask: blobs that touch the silhouette, as shadows and moved furniture leave them."""
    blobs = _blobs(image > 0, random, count, (6, 14)) & (image == 0)
    return np.where(blobs, _wall(image.shape[0], random), image)


def rim_lost(image: Crop, random: np.random.Generator, width_px: int) -> Crop:
    """The mask is too tight: a rim of the person is missing."""
    del random
    return np.where(_widened(image == 0, width_px), np.uint8(0), image)


def holes(image: Crop, random: np.random.Generator, count: int) -> Crop:
    """The mask has holes where clothes look like the wall behind: blobs of the person are missing."""
    return np.where(_blobs(image > 0, random, count, (4, 9)), np.uint8(0), image)


def _on_person(image: Crop, values: Float[ndarray, "side side"]) -> Crop:
    """New grey values on the person, 1 to 255: the silhouette stays as it was."""
    return np.where(image > 0, np.clip(np.rint(values), 1, 255).astype(np.uint8), np.uint8(0))


def _box_of(image: Crop) -> tuple[int, int, int, int]:
    """Left, top, width, height of the person; of the whole crop if there is nobody."""
    box = cv2.boundingRect((image > 0).astype(np.uint8))
    left, top, width, height = box if box[2] else (0, 0, image.shape[1], image.shape[0])
    return left, top, width, height


def _widened(mask: Bool[ndarray, "side side"], width_px: int) -> Bool[ndarray, "side side"]:
    """The mask and everything within so many pixels of it."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width_px + 1, 2 * width_px + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


def _blobs(
    person: Bool[ndarray, "side side"], random: np.random.Generator, count: int, radii_px: tuple[int, int]
) -> Bool[ndarray, "side side"]:
    """Ellipses around places drawn from the person's outline."""
    drawn = np.zeros(person.shape, np.uint8)
    rows, columns = np.nonzero(person & _widened(~person, 1))
    for _ in range(count if len(rows) else 0):
        place = int(random.integers(len(rows)))
        axes = random.integers(*radii_px, size=2, endpoint=True).tolist()
        centre = (int(columns[place]), int(rows[place]))
        cv2.ellipse(drawn, centre, axes, float(random.uniform(0, 180)), 0, 360, 1, cv2.FILLED)
    return drawn > 0


def _wall(side: int, random: np.random.Generator) -> Crop:
    """A piece of a room: a grey of its own, uneven at two scales, with an edge across it and fine grain; 1 to 255."""
    wall = np.full((side, side), random.uniform(50, 210), np.float32)
    for cells, strength in ((4, 25.0), (16, 10.0)):
        coarse = random.standard_normal((cells, cells), np.float32) * strength
        wall += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    angle, middle = random.uniform(0, np.pi), random.uniform(0.3, 0.7, 2) * side
    places = np.arange(side)
    beyond = np.cos(angle) * (places[None] - middle[0]) + np.sin(angle) * (places[:, None] - middle[1]) > 0
    wall += random.uniform(-60, 60) * beyond
    wall += random.standard_normal((side, side), np.float32) * 3
    return np.clip(np.rint(wall), 1, 255).astype(np.uint8)


def _with(spoil: Callable[..., ndarray], **strength: float | int | str) -> Spoil:
    return lambda image, random: spoil(image, random, **strength)


def _listed() -> list[Condition]:
    percent = "of the grey range"
    conditions = [Condition("clean", "the crops as they are", clean)]
    for share in (0.02, 0.05, 0.1, 0.2):
        words = f"Gaussian noise on the person, standard deviation {share:.0%} {percent}"
        conditions.append(Condition(f"noise_{share * 100:.0f}", words, _with(noise, deviation=share)))
    for sigma in (1, 2, 4):
        conditions.append(Condition(f"blur_{sigma}", f"Gaussian blur, sigma {sigma} px", _with(blur, sigma_px=sigma)))
    for pixels in (64, 32, 16):
        words = f"reduced to {pixels}x{pixels} pixels and enlarged again"
        conditions.append(Condition(f"coarse_{pixels}", words, _with(coarser, side_px=pixels)))
    for factor in (0.9, 1.05, 1.1, 1.25):
        words = f"the box {abs(factor - 1):.0%} too {'small' if factor < 1 else 'large'}"
        conditions.append(Condition(f"box_{factor * 100:.0f}", words, _with(box_off, factor=factor)))
    for name, factor in (("dark", 0.5), ("very_dark", 0.25), ("bright", 1.6)):
        conditions.append(Condition(name, f"grey values times {factor}, cut at white", _with(gain, factor=factor)))
    for name, factor in (("flat", 0.5), ("harsh", 1.8)):
        words = f"contrast times {factor} about the person's mean"
        conditions.append(Condition(name, words, _with(contrast, factor=factor)))
    for side in ("lower", "upper", "left", "right"):
        words = f"the {side} half of the person's box hidden"
        conditions.append(Condition(f"{side}_half", words, _with(half_hidden, side=side)))
    for share in (0.1, 0.25):
        words = f"a rectangle of {share:.0%} of the person's box hidden, anywhere in it"
        conditions.append(Condition(f"hidden_{share * 100:.0f}", words, _with(rectangle_hidden, share=share)))
    for width in (1, 2, 4, 8):
        words = f"background in the mask: a ring of {width} px"
        conditions.append(Condition(f"ring_{width}", words, _with(leak_ring, width_px=width)))
    for count in (2, 6):
        words = f"background in the mask: {count} blobs of 6 to 14 px radius at the outline"
        conditions.append(Condition(f"blobs_{count}", words, _with(leak_blobs, count=count)))
    for width in (1, 2, 4):
        words = f"a rim of {width} px of the person missing"
        conditions.append(Condition(f"rim_{width}", words, _with(rim_lost, width_px=width)))
    for count in (2, 6):
        words = f"{count} holes of 4 to 9 px radius at the person's outline"
        conditions.append(Condition(f"holes_{count}", words, _with(holes, count=count)))
    return conditions


CONDITIONS: dict[str, Condition] = {condition.name: condition for condition in _listed()}
"""All of them, "clean" first."""
