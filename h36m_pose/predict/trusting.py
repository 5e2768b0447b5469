"""Which of the predicted frames cannot be right: `h36m_pose.trust` asked about poses of a video."""

from typing import Any

import numpy as np

from h36m_pose import trust
from h36m_pose.predict.poses import Poses


def checked(poses: Poses) -> dict[str, Any]:
    """What the trust check says, as plain values: "words" (lines for people), "flagged_frames", and each check."""
    mirrored = poses.mirrored_root_mm
    if poses.about["mirror_average"]:
        # The pose is already half the mirrored picture's: twice as far from that one is the picture's own.
        mirrored = poses.joints_root_mm - 2 * (poses.joints_root_mm - mirrored)
    result = trust.check(poses.joints_root_mm, poses.fps, mirrored)
    frames = np.flatnonzero(result.any_flag).tolist()
    return {**result.to_json(), "words": "\n".join(result.lines()), "flagged_frames": frames}
