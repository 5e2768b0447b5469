"""Single frames worth a look: the worst and the most ordinary, predicted and true joints on the network's input."""

import dataclasses

import numpy as np
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.data.dataset import CROP_PX, View, frame_to_crop
from h36m_pose.metrics import joint_errors
from h36m_pose.rendering.skeleton_drawing import Viewpoint
from h36m_pose.rendering.walking_clip import WalkingClip, make_clip, poses_of
from h36m_pose.report.errors import frame_errors
from h36m_pose.report.material import Material
from h36m_pose.report.pictures import png_uri
from h36m_pose.report.section import Section, text

HOW_MANY = 4
_SIDE_VIEW = 128
_APART_FRAMES = 25


@dataclasses.dataclass(frozen=True)
class Frame:
    """One tested frame.

    Attributes:
        view: that it belongs to.
        number: in the view.
        error_mm: mean over the joints.
        place: number among all predicted frames.
    """

    view: View
    number: int
    error_mm: float
    place: int

    @property
    def words(self) -> str:
        """What it is called."""
        return f"{self.view.name}, frame {self.number}"


def worst_frames(material: Material, count: int = HOW_MANY) -> list[Frame]:
    """The frames with the largest errors, no two of the same moment of a view."""
    errors = frame_errors(material)
    return _apart(material, np.argsort(-errors, kind="stable"), errors, count)


def median_frames(material: Material, count: int = HOW_MANY) -> list[Frame]:
    """The frames whose errors are nearest to the median, no two of the same moment of a view."""
    errors = frame_errors(material)
    return _apart(material, np.argsort(np.abs(errors - np.median(errors)), kind="stable"), errors, count)


def _apart(material: Material, order: ndarray, errors: ndarray, count: int) -> list[Frame]:
    tested = material.tested_views()
    starts = np.array([frames.start for _, _, frames in tested])
    chosen: list[Frame] = []
    for place in order.tolist():
        owner = int(np.searchsorted(starts, place, side="right")) - 1
        view, number = tested[owner][0], place - int(starts[owner])
        if any(each.view is view and abs(each.number - number) < _APART_FRAMES for each in chosen):
            continue
        chosen.append(Frame(view, number, float(errors[place]), place))
        if len(chosen) == count:
            break
    return chosen


def frames_section(material: Material) -> Section:
    """The worst and the median frames, each with its three pictures."""
    errors = frame_errors(material)
    share = 100 * np.mean(errors > 2 * np.median(errors))
    parts = [
        f"<p>Half of all frames err by less than {np.median(errors):.0f}\N{NO-BREAK SPACE}mm, "
        f"{share:.1f}\N{NO-BREAK SPACE}% by more than twice that. "
        "Each frame has three pictures. Left: the network's input with the joints it <em>predicted</em>. Middle: with "
        "the <em>true</em> joints. Right: both figures at a right angle to the camera's sight, the camera being "
        "to the left: there errors in depth show.</p>"
        '<ul class="legend"><li><span class="key left"></span>left side of the body</li>'
        '<li><span class="key right"></span>right side</li>'
        '<li><span class="key truth"></span>true pose, in the right picture</li></ul>'
    ]
    for title, chosen in (("Worst", worst_frames(material)), ("Most ordinary", median_frames(material))):
        parts.append(f'<h3>{title} frames</h3><div class="cards">')
        parts.extend(_card(material, frame) for frame in chosen)
        parts.append("</div>")
    return Section("frames", "Worst and most ordinary frames", "".join(parts))


def clip_of(material: Material, frame: Frame) -> WalkingClip:
    """A clip of one frame."""
    assert material.predictions is not None
    return make_clip(frame.view, *poses_of(material.predictions, frame.view), frame.number, 1)


def _card(material: Material, frame: Frame) -> str:
    assert material.predictions is not None
    clip = clip_of(material, frame)
    uri = png_uri(clip.inputs[0])
    predicted_px = frame_to_crop(clip.overlay_px, clip.box_px)[0]
    true_px = np.asarray(frame.view.joints_px[frame.number], np.float64)
    per_joint = joint_errors(
        material.predictions.predicted_root_mm[frame.place, None],
        material.predictions.target_root_mm[frame.place, None],
    )[0]
    worst = [f"{skeleton.NAMES[joint]} {per_joint[joint]:.0f} mm" for joint in np.argsort(-per_joint)[:3]]
    words = f"{frame.words}: {frame.error_mm:.0f} mm off on average; farthest off: {', '.join(worst)}"
    pictures = (
        _on_crop(uri, predicted_px, f"Input with predicted joints. {words}")
        + _on_crop(uri, true_px, "The same input with the true joints")
        + _from_side(clip)
    )
    return (
        f'<figure class="card"><div class="three">{pictures}</div><figcaption><strong>{frame.error_mm:.0f} mm</strong> '
        f"{text(frame.words)}<br>farthest off: {text(', '.join(worst))}</figcaption></figure>"
    )


def _on_crop(uri: str, joints_px: ndarray, words: str) -> str:
    return (
        f'<svg class="crop" viewBox="-0.5 -0.5 {CROP_PX} {CROP_PX}" role="img" aria-label="{text(words)}">'
        f'<image href="{uri}" x="-0.5" y="-0.5" width="{CROP_PX}" height="{CROP_PX}"/>{_bones(joints_px, "")}</svg>'
    )


def _from_side(clip: WalkingClip) -> str:
    """Both figures seen at a right angle to the camera's sight, the camera to the left."""
    sight = Viewpoint(clip.sight.azimuth + np.pi / 2, np.deg2rad(4.0))
    drawn = []
    both = np.concatenate([clip.target_mm[0], clip.predicted_mm[0]])
    seen = sight.project(both)[:, :2] * [1, -1]
    low, high = seen.min(0), seen.max(0)
    scale = (_SIDE_VIEW - 14) / max(float((high - low).max()), 1.0)
    placed = (seen - (low + high) / 2) * scale + _SIDE_VIEW / 2
    for joints, kind in ((placed[: skeleton.JOINTS], "truth"), (placed[skeleton.JOINTS :], "")):
        drawn.append(_bones(joints, kind))
    return (
        f'<svg class="side" viewBox="0 0 {_SIDE_VIEW} {_SIDE_VIEW}" role="img" '
        f'aria-label="Predicted and true figure from the side">{"".join(drawn)}</svg>'
    )


def _bones(joints: ndarray, kind: str) -> str:
    """A figure as lines; those of kind "truth" are grey."""
    lines = []
    for parent, joint in skeleton.BONES:
        (x1, y1), (x2, y2) = joints[parent], joints[joint]
        colour = kind or skeleton.side_of(joint)
        lines.append(f'<line class="bone {colour}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    return "".join(lines)
