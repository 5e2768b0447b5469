"""A small network that predicts the pose of one frame from a window of frames that a frozen network has seen."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.models.layers import Linear
from h36m_pose.temporal.windows import frames_before

_UNIT_MM = 100.0


class TemporalHead(nnx.Module):
    """The frozen network's pose of the target frame, plus what the rest of its window says.

    Two parts are added to it, both nothing at first: a linear filter over time, one per joint and axis, whose weights
    sum to 1 whatever is learnt; and a correction by two hidden layers, which see how pose and features run through the
    window, as their lowest cosines, relative to the filtered pose. They see nothing that jitters.

    Args:
        window: odd number of frames.
        kind: a word of `windows.KINDS`.
        features: how many features of each frame there are; 0 for poses alone.
        hidden: units of each hidden layer.
        cosines: at most so many lowest frequencies are seen of the pose,
        feature_cosines: and of each feature.
        rngs: where the initial weights come from.
    """

    def __init__(
        self, window: int, kind: str, *, features: int, hidden: int, cosines: int, feature_cosines: int, rngs: nnx.Rngs
    ):
        self.window, self.target = window, frames_before(window, kind)
        self.weights = nnx.Param(jnp.zeros((window, skeleton.JOINTS, 3)))
        self.cosines, self.feature_cosines = min(cosines, window), min(feature_cosines, window)
        inputs = (self.cosines + 1) * skeleton.JOINTS * 3 + self.feature_cosines * features
        self.first = Linear(inputs, hidden, rngs=rngs)
        self.second = Linear(hidden, hidden, rngs=rngs)
        self.last = Linear(hidden, skeleton.JOINTS * 3, rngs=rngs, draw=_nothing)

    def __call__(
        self,
        poses_mm: Float[Array, "batch padded 17 3"],
        features: Float[Array, "batch padded features"],
    ) -> Float[Array, "batch frames 17 3"]:
        """Poses in mm of the frames whose windows lie within the given ones: `window - 1` fewer."""
        batch, frames = poses_mm.shape[0], poses_mm.shape[1] - self.window + 1
        places = np.arange(frames)[:, None] + np.arange(self.window)
        windows = poses_mm[:, places] / _UNIT_MM
        own = windows[:, :, self.target]
        filtered = own + jnp.einsum("btwjc,wjc->btjc", windows - own[:, :, None], self.weights[...])
        basis = lowest_cosines(self.window, self.cosines)
        course = jnp.einsum("btwjc,wd->btdjc", windows - filtered[:, :, None], basis)
        seen = jnp.concatenate([filtered[:, :, None], course], axis=2).reshape(batch * frames, -1)
        if features.shape[-1]:
            basis = lowest_cosines(self.window, self.feature_cosines)
            course = jnp.einsum("btwf,wd->btdf", features[:, places], basis)
            seen = jnp.concatenate([seen, course.reshape(batch * frames, -1)], axis=-1)
        correction = self.last(jax.nn.silu(self.second(jax.nn.silu(self.first(seen)))))
        poses = (filtered + correction.reshape(filtered.shape)) * _UNIT_MM
        return poses - poses[:, :, skeleton.ROOT, None]


def _nothing(generator: np.random.Generator, shape: tuple[int, ...]) -> ndarray:
    """Kernels of a layer that says nothing at first."""
    del generator
    return np.zeros(shape, np.float32)


def lowest_cosines(window: int, count: int) -> Float[ndarray, "window count"]:
    """The first vectors of the cosine transform (DCT-II), scaled so that they see a constant as itself."""
    phases = np.pi * np.outer(np.arange(window) + 0.5, np.arange(count)) / window
    return (np.cos(phases) / window).astype(np.float32)
