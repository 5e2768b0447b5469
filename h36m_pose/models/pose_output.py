"""What the 51 numbers of a regression network mean, in mm: one rule per word of `finetune.target`."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from h36m_pose import skeleton

TARGETS = ("mean_pose", "metres", "parent_tanh")
"""'mean_pose': deviations from the training mean pose, in units of the training deviation (ours).
'metres': joint positions in metres (Jha 2015). 'parent_tanh': each joint relative to its parent, 1200 mm times tanh
(Li & Chan 2014)."""

PARENT_TANH_MM = 1200.0
POSE_OUTPUTS = skeleton.JOINTS * 3


def pose_statistics(joints_root_mm: Float[np.ndarray, "frames 17 3"]) -> dict[str, np.ndarray]:
    """Mean pose and deviation of the training poses: constants of the network and its checkpoint, in its own frame.

    The deviation is one number per axis, that of all joints but the root together: per joint it would be nought at the
    root.
    """
    mean = joints_root_mm.mean(0, dtype=np.float64)
    apart = np.asarray(joints_root_mm, np.float64) - mean
    deviation = np.sqrt(np.square(apart[:, 1:]).mean((0, 1)))
    return {
        "mean_mm": mean.astype(np.float32),
        "deviation_mm": np.broadcast_to(deviation, mean.shape).astype(np.float32).copy(),
    }


def to_mm(raw: Float[Array, "batch 51"], statistics: dict[str, jax.Array], target: str) -> Float[Array, "batch 17 3"]:
    """Poses in mm, relative to the root, from a network's raw outputs.

    Args:
        raw: the network's.
        statistics: of `pose_statistics`.
        target: a word of `TARGETS`.
    """
    raw = raw.reshape(-1, skeleton.JOINTS, 3)
    if target == "mean_pose":
        return raw * statistics["deviation_mm"][None] + statistics["mean_mm"][None]
    if target == "metres":
        return raw * 1000
    if target == "parent_tanh":
        steps = PARENT_TANH_MM * jnp.tanh(raw)
        joints = [jnp.zeros_like(steps[:, 0])]
        for joint in range(1, skeleton.JOINTS):
            joints.append(joints[skeleton.PARENTS[joint]] + steps[:, joint])
        return jnp.stack(joints, axis=1)
    raise ValueError(f"unknown target {target!r}; one of {', '.join(TARGETS)}")
