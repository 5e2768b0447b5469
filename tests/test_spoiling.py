"""Training pictures spoilt at random: blurred, with wrong masks, half hidden; and none of it unless asked for."""

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy import ndarray

from h36m_pose import configuration
from h36m_pose.data import augmentation, spoiling
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.spoiling import spoil

COUNT, SIDE = 48, 128
spoil_jitted = jax.jit(spoil, static_argnums=(2, 3, 4))


@pytest.fixture(scope="module")
def images() -> ndarray:
    """Textured ellipses of several places and shapes."""
    rng = np.random.default_rng(0)
    drawn = np.zeros((COUNT, SIDE, SIDE), np.float32)
    for image in drawn:
        mask = np.zeros((SIDE, SIDE), np.uint8)
        cv2.ellipse(mask, rng.integers(54, 74, 2).tolist(), rng.integers(15, 42, 2).tolist(), 0, 0, 360, 1, -1)
        image[:] = mask * rng.uniform(0.1, 1, (SIDE, SIDE))
    return drawn


def keys(seed: int = 0) -> jax.Array:
    return jax.random.split(jax.random.key(seed), COUNT)


def test_half_of_the_pictures_are_blurred_as_by_a_gaussian(images: ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = np.asarray(spoil_jitted(images, keys(), 4.0, 0.0, 0.0))
    changed = np.abs(spoilt - images).max((1, 2)) > 1e-5
    assert 0.25 * COUNT < changed.sum() < 0.75 * COUNT
    np.testing.assert_allclose(spoilt[~changed], images[~changed], atol=1e-6)
    monkeypatch.setattr(spoiling.jax.random, "uniform", lambda key, shape: jnp.array([0.75, 0.1]))
    ours = np.asarray(spoiling._blurred(jnp.asarray(images[0]), jax.random.key(0), 4.0))
    theirs = cv2.GaussianBlur(images[0], (31, 31), 3.01, borderType=cv2.BORDER_CONSTANT)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_masks_are_too_wide_too_tight_or_right(images: ndarray) -> None:
    spoilt = np.asarray(spoil_jitted(images, keys(1), 0.0, 6.0, 0.0))
    person = images > 0
    kinds = {"leaks": 0, "loses": 0, "neither": 0}
    for image, before, there in zip(spoilt, images, person, strict=True):
        square = np.ones((13, 13), np.uint8)
        near, inside = cv2.dilate(there.astype(np.uint8), square), cv2.erode(there.astype(np.uint8), square)
        assert not image[near == 0].any()
        np.testing.assert_array_equal(image[inside > 0], before[inside > 0])
        more, fewer = (image[~there] > 0).any(), (image[there] == 0).any()
        kinds["leaks" if more else "loses" if fewer else "neither"] += 1
        assert not (more and fewer)
        if more:
            np.testing.assert_array_equal(image[there], before[there])
        elif fewer:
            kept = there & (image > 0)
            np.testing.assert_array_equal(image[kept], before[kept])
        else:
            np.testing.assert_array_equal(image, before)
    assert kinds["leaks"] > 5 and kinds["loses"] > 5 and kinds["neither"] > 14


def test_halves_are_hidden_from_any_side(images: ndarray) -> None:
    spoilt = np.asarray(spoil_jitted(images, keys(2), 0.0, 0.0, 0.5))
    sides = {"left": 0, "right": 0, "top": 0, "bottom": 0}
    for image, before in zip(spoilt, images, strict=True):
        gone = (before > 0) & (image == 0)
        np.testing.assert_array_equal(image[~gone], before[~gone])
        if not gone.any():
            continue
        left, top, width, height = cv2.boundingRect((before > 0).astype(np.uint8))
        x, y, wide, high = cv2.boundingRect((image > 0).astype(np.uint8))
        losses = {"left": x - left, "right": left + width - x - wide, "top": y - top, "bottom": top + height - y - high}
        side = max(losses, key=lambda name: losses[name])
        share = losses[side] / (width if side in ("left", "right") else height)
        assert 0.27 < share < 0.63
        sides[side] += 1
    assert min(sides.values()) > 1 and 0.3 * COUNT < sum(sides.values()) < 0.7 * COUNT


def test_nothing_is_drawn_or_changed_unless_asked_for(images: ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = images.astype(np.uint8), np.zeros((COUNT, 17, 2), np.float32), np.zeros((COUNT, 17, 3), np.float32)

    def program(**more: float) -> str:
        options = Augmentation(shift_px=5.0, mirror=0.5, gain=0.3, noise=0.02, erase_px=20.0, **more)
        return str(jax.make_jaxpr(lambda *given: augmentation.augment(*given, options))(*batch, keys()))

    whole = program(halves=0.3)
    monkeypatch.setattr(augmentation, "spoil", lambda lit, *_: lit)
    all_else = program(halves=0.3)
    monkeypatch.setattr(augmentation, "spoil", lambda *_: pytest.fail("spoilt"))
    assert program() == all_else != whole
    for name in ("demo", "default", "jha_2015", "li_chan_2014"):
        options = configuration.load_experiment(name).augmentation
        assert options.blur_px == options.leak_px == options.halves == 0.0
    robust = Augmentation(**configuration.load_experiment("robust").augmentation)
    assert min(robust.blur_px, robust.leak_px, robust.halves, robust.erase_px) > 0


def test_each_picture_has_its_own_key_wherever_it_stands(images: ndarray) -> None:
    whole = np.asarray(spoil_jitted(images, keys(), 3.0, 5.0, 0.5))
    reversed_order = np.asarray(spoil_jitted(images[::-1], keys()[::-1], 3.0, 5.0, 0.5))
    np.testing.assert_allclose(whole, reversed_order[::-1], atol=1e-5)
    assert np.isfinite(whole).all() and whole.min() >= 0 and whole.max() <= 1 + 1e-5
    nobody = np.asarray(spoil_jitted(np.zeros_like(images), keys(), 3.0, 5.0, 0.5))
    assert not nobody.any()
