"""Which of the predicted frames cannot be right: `h36m_pose.trust` asked about poses of a video."""

from typing import Any

import numpy as np

from h36m_pose import trust
from h36m_pose.predict.poses import Poses


def checked(poses: Poses) -> dict[str, Any]:
    """What the trust check says, as plain values: "words" (lines for people), "flagged_frames", and each check."""
    result = trust.check(poses.joints_root_mm, poses.fps, poses.mirrored_root_mm, poses.about["mirror_average"])
    frames = np.flatnonzero(result.any_flag).tolist()
    return {**result.to_json(), "words": "\n".join(result.lines()), "flagged_frames": frames}
