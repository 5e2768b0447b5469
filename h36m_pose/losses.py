"""What the two stages of training minimise. Both are means over the whole batch."""

import jax.numpy as jnp
import optax
from jax import Array
from jaxtyping import Bool, Float, Num


def grid_cross_entropy(
    logits: Float[Array, "batch outputs"],
    labels: Bool[Array, "batch joints cells"] | Num[Array, "batch joints cells"],
    smoothing: float = 0.0,
    positive_weight: float = 1.0,
) -> Float[Array, ""]:
    """Sigmoid cross-entropy of the grid task in nats, the mean over frames, joints and cells.

    The original report sums over the 1700 outputs of a frame: that sum is 1700 times this mean. Untrained logits of
    zero give log 2.

    Args:
        logits: joint-major, as many per frame as there are labels.
        labels: of `grid.cell_labels`.
        smoothing: labels become `smoothing / 2` and `1 - smoothing / 2` (Szegedy et al. 2016, section 7, for two
            classes).
        positive_weight: how many times a label of 1 counts: few cells hold a joint.
    """
    flat = labels.reshape(len(labels), -1).astype(logits.dtype)
    soft = flat * (1 - smoothing) + smoothing / 2
    losses = optax.sigmoid_binary_cross_entropy(logits, soft)
    return (losses * (1 + (positive_weight - 1) * flat)).mean()


def mpjpe_loss(
    predicted_mm: Float[Array, "batch joints 3"],
    target_mm: Float[Array, "batch joints 3"],
) -> Float[Array, ""]:
    """MPJPE in mm, with the gradient 0 where a joint is predicted exactly.

    The root is such a joint, always, and the plain norm has no gradient there: it would fill the network with NaN.
    """
    return safe_norm(predicted_mm - target_mm).mean()


def safe_norm(vectors: Float[Array, "*batch 3"]) -> Float[Array, "*batch"]:
    """Lengths of vectors, with the gradient 0 at the zero vector."""
    squared = jnp.sum(vectors**2, axis=-1)
    away = squared > 0
    # The inner choice keeps the square root's infinite slope at 0 out of the backward pass.
    return jnp.where(away, jnp.sqrt(jnp.where(away, squared, 1.0)), 0.0)
