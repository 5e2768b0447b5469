"""What a trained network says of each frame on its own: predicted poses and features, kept on disk for temporal work.

On the bodies it was trained on, a network hardly errs, and a temporal head that learnt from such predictions would not
learn to smooth. So the training views are observed several times with their crops varied as in training and more, once
each frame on its own and once slowly along the view: the predictions then jitter and drift as on a body never seen.
"""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import provenance
from h36m_pose.atomic_files import replacing
from h36m_pose.data import crop_frame
from h36m_pose.data.augmentation import Augmentation, Move, draw_move, move_images, vary_light
from h36m_pose.data.dataset import View
from h36m_pose.prediction import Predictor
from h36m_pose.progress import bar

STRENGTHS = (0.0, 1.5)
"""How much the crops of each pass over the training views vary, as a multiple of the training's own augmentation."""

FRAMES_PER_DRAW = (1, 12)
"""A pass draws a variation for every so many-th frame and glides from one to the next."""

_BATCH = 64


@dataclasses.dataclass(frozen=True, eq=False)
class Observed:
    """One view as the frozen network sees it, in as many passes as it was observed.

    Attributes:
        view: whose frames they are.
        poses_root_mm: predictions, turned back to the camera's frame.
        features: what the network's head saw.
    """

    view: View
    poses_root_mm: Float[ndarray, "passes frames 17 3"]
    features: Float[ndarray, "passes frames features"]


def observe(
    predictor: Predictor,
    views: Sequence[View],
    cache: Path,
    strengths: Sequence[float] = (0.0,),
    seed: int = 0,
    record: provenance.Record | None = None,
) -> list[Observed]:
    """Poses and features of views, from the cache if it is there.

    Args:
        predictor: the frozen network.
        views: whole views.
        cache: an .npz file, named after the network and the role of the views; written if it is missing.
        strengths: of the passes, see `STRENGTHS`; each but 0 is made with every one of `FRAMES_PER_DRAW`.
        seed: of the variations.
        record: where the network comes from, kept with them.
    """
    passes = [(strength, step) for strength in strengths for step in (FRAMES_PER_DRAW if strength else (1,))]
    if not cache.exists():
        arrays: dict[str, Any] = {}
        with bar(sum(view.frames for view in views) * len(passes), cache.stem, " frame") as progress:
            for number, view in enumerate(views):
                key = jax.random.fold_in(jax.random.key(seed), number)
                seen = []
                for place, (strength, step) in enumerate(passes):
                    seen.append(_observe_once(predictor, view, strength, step, jax.random.fold_in(key, place)))
                    progress.update(view.frames)
                arrays[f"poses_{number}"] = np.stack([poses for poses, _ in seen])
                arrays[f"features_{number}"] = np.stack([features for _, features in seen]).astype(np.float16)
        with replacing(cache) as temporary:
            arrays[provenance.KEY] = np.array(json.dumps(record or provenance.record()))
            np.savez(temporary, **arrays)
    with np.load(cache, allow_pickle=False) as stored:
        return [
            Observed(view, stored[f"poses_{number}"], stored[f"features_{number}"].astype(np.float32))
            for number, view in enumerate(views)
        ]


def _observe_once(
    predictor: Predictor, view: View, strength: float, step: int, key: jax.Array
) -> tuple[Float[ndarray, "frames 17 3"], Float[ndarray, "frames features"]]:
    """One pass over a view; the poses are turned as if the crops had not been."""
    if not strength:
        poses, features = predictor.observe(view.images)
    else:
        options = _stronger(predictor.config["augmentation"], strength)
        parts = list(_varied(view.images, options, step, key))
        poses, features = predictor.observe(np.concatenate([images for images, _ in parts]))
        turns = np.concatenate([turns for _, turns in parts])
        poses = crop_frame.turn_back(poses, _about_axis(turns))
    if predictor.config["data"]["frame"] == "crop":
        poses = crop_frame.turn_back(poses, crop_frame.crop_rotations(view))
    return poses, features


def _stronger(settings: dict[str, float], strength: float) -> Augmentation:
    """The training's augmentation, so many times as strong, without what would change the pose, and rectangles."""
    left_out = dict.fromkeys(("mirror", "stretch", "erase_px"), 0.0)
    return Augmentation(**{name: strength * value for name, value in settings.items()} | left_out)


def _varied(images: ndarray, options: Augmentation, step: int, key: jax.Array) -> Iterator[tuple[ndarray, ndarray]]:
    """Batches of varied crops (uint8) of a view in order, and by how much each was turned (radians)."""
    frames = len(images)
    knots = np.arange(0, frames + step, step)
    move_key, light_key = jax.random.split(key)
    drawn = draw_move(jax.random.split(move_key, len(knots)), options)
    places = np.arange(frames)
    move = Move(
        jnp.asarray(_between(places, knots, np.asarray(drawn.linear))),
        jnp.asarray(_between(places, knots, np.asarray(drawn.shift_px))),
        jnp.zeros(frames, bool),
        jnp.asarray(_between(places, knots, np.asarray(drawn.turn))),
        jnp.ones(frames),
    )
    light_keys = jax.random.split(light_key, len(knots))[places // step]
    for start in range(0, frames, _BATCH):
        some = slice(start, start + _BATCH)
        crops = _vary(jnp.asarray(images[some]), Move(*(part[some] for part in move)), light_keys[some], options)
        yield np.asarray(crops), np.asarray(move.turn[some])


@jax.jit(static_argnames=("options",))
def _vary(images: jax.Array, move: Move, keys: jax.Array, options: Augmentation) -> jax.Array:
    lit = vary_light(move_images(images, move) / 255, keys, options)
    return jnp.round(lit * 255).astype(jnp.uint8)


def _between(places: ndarray, knots: ndarray, values: ndarray) -> ndarray:
    """Linear interpolation of arrays that are given at knots."""
    flat = values.reshape(len(knots), -1)
    columns = [np.interp(places, knots, column) for column in flat.T]
    return np.stack(columns, -1).reshape(len(places), *values.shape[1:]).astype(np.float32)


def _about_axis(turns: Float[ndarray, "frames"]) -> Float[ndarray, "frames 3 3"]:
    """Rotations about the optical axis, as `augmentation.move_joints_root_mm` turns poses."""
    matrices = np.zeros((len(turns), 3, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = np.cos(turns)
    matrices[:, 1, 0] = np.sin(turns)
    matrices[:, 0, 1] = -np.sin(turns)
    matrices[:, 2, 2] = 1.0
    return matrices
