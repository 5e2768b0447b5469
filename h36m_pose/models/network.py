"""What every network of the project has: convolutions, hidden layers, a standardiser and a head."""

import abc

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from h36m_pose.models.layers import Linear


class Constant(nnx.Variable):
    """A number that belongs to the network and its checkpoint but is not learnt, nor counted as a parameter."""


class Standardiser(nnx.Module):
    """Subtracts a stored mean from each feature and divides by a stored deviation; at first 0 and 1.

    Where hidden layers are carried over to a new task, their features can be large and off centre, and a freshly drawn
    head in front of them gets stuck (`carry_over.standardise_features` sets the two).
    """

    def __init__(self, features: int):
        self.mean = Constant(jnp.zeros(features))
        self.deviation = Constant(jnp.ones(features))

    def __call__(self, features: Float[Array, "batch features"]) -> Float[Array, "batch features"]:
        return (features - self.mean[...][None]) / self.deviation[...][None]


class Network(nnx.Module):
    """From grey crops to numbers. Subclasses set the four parts and say how pictures become features.

    Attributes:
        input_px: side of the square picture it takes.
        convolutions: the part that `carry_over = "convolutions"` takes along to the next task.
        hidden: fully connected layers below the last; `carry_over = "all_but_last"` takes them along too.
        standardiser: two constants per feature in front of the head.
        head: the last layer, always new in a new task.
    """

    input_px: int = 128
    convolutions: nnx.Module
    hidden: nnx.Module
    standardiser: Standardiser
    head: Linear

    @abc.abstractmethod
    def features(
        self, images: Float[Array, "batch input_px input_px 1"], dropout_keys: Key[Array, "batch"] | None = None
    ) -> Float[Array, "batch features"]:
        """What the head sees.

        Args:
            images: grey pictures, 0 to 1.
            dropout_keys: one per example, given in training only.
        """

    def __call__(
        self, images: Float[Array, "batch input_px input_px 1"], dropout_keys: Key[Array, "batch"] | None = None
    ) -> Float[Array, "batch outputs"]:
        """Logits of the grid task or raw numbers of the regression (see `pose_output`)."""
        return self.head(self.seen_by_head(images, dropout_keys))

    def seen_by_head(
        self, images: Float[Array, "batch input_px input_px 1"], dropout_keys: Key[Array, "batch"] | None = None
    ) -> Float[Array, "batch features"]:
        """The features, standardised, in float32 whatever the precision below; see `features`."""
        return self.standardiser(self.features(images, dropout_keys).astype(jnp.float32))
