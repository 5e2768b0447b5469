"""Motion from outside the studio: files of the CMU database (.amc with its .asf), and joints in an .npz.

The bodies keep the motion's own bone lengths; nothing is smoothed. Everything comes out at 50 frames per second.
"""

import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.interpolate import CubicSpline
from scipy.ndimage import label
from scipy.spatial.transform import Rotation, RotationSpline

from h36m_pose.errors import InputError
from preprocessing.capture.anatomy import BoneLengths, Person, draw_person
from preprocessing.capture.bone_frames import bones_of_joints, measure_lengths
from preprocessing.capture.cmu_mocap import Skeleton, place_ends, read_frames, read_skeleton, turn_bones
from preprocessing.capture.motion import HEAD_DIRECTION, NECK_DIRECTION, Motion

FPS = 50.0
_CMU_FPS = 120.0
_AREA_MM = (2000.0, 2500.0)
"""How far from the room's middle a pelvis may be along x and y and still be seen by all cameras."""
_BALL_MM = 24.0
"""Height of the toe base of a standing foot, by which a motion without a floor is put on one."""

_CMU_JOINTS = (
    "root", "rhipjoint", "rfemur", "rtibia", "rfoot", "rtoes", "lhipjoint", "lfemur", "ltibia", "lfoot", "ltoes",
    "root", "lowerback", "thorax", "upperneck", "head",
    "thorax", "lclavicle", "lhumerus", "lradius", "lradius", "lthumb", "lhand", "lhand",
    "thorax", "rclavicle", "rhumerus", "rradius", "rradius", "rthumb", "rhand", "rhand",
)  # fmt: skip
"""The bone whose end stands for each of the 32 joints; the pelvis is moved down to the hips afterwards."""
_PELVIS, _HIPS = [0, 11], [1, 6]


def read_motion(path: str | Path) -> tuple[Person, Motion]:
    """Reads a motion and the person who made it, of unknown sex and average girth.

    Args:
        path: `walk.amc` of the CMU database with its .asf beside it (`walk.asf`, the part of the name before `_`, or
            the folder's only one), or `walk.npz` holding `joints_world_mm` (frames, 32, 3), z up, in mm, and `fps`.
            Joints of an .npz at 50 frames per second come back unchanged. CMU walks are laid along the room's y axis,
            and only the longest stretch inside the recorded area is kept.
    """
    path = Path(path)
    if path.suffix.lower() == ".amc":
        joints = _read_cmu(path)
    elif path.suffix.lower() == ".npz":
        joints = _read_joints(path)
    else:
        raise InputError(path, f"a file called *{path.suffix}", "an .amc or an .npz file", "Give one of these")
    lengths = measure_lengths(joints)
    rotation, origin = bones_of_joints(joints, lengths)
    return _stranger(path.stem, lengths), Motion(joints, rotation, origin, _flat_feet(joints), FPS)


def _stranger(name: str, lengths: BoneLengths) -> Person:
    """Someone known by bone lengths alone; the gait style is a placeholder, for the motion brings its own."""
    trunk = lengths.spine + lengths.chest + NECK_DIRECTION[2] * lengths.neck + HEAD_DIRECTION[2] * lengths.head
    height = float(lengths.leg + lengths.ankle_height + trunk)
    drawn = draw_person(name, 0)
    return Person(name, drawn.sex, height, 1.0, 35, lengths, drawn.gait)


def _read_joints(path: Path) -> Float[ndarray, "frames 32 3"]:
    """The joints of an .npz, checked, at 50 frames per second."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            missing = {"joints_world_mm", "fps"} - set(stored.files)
            if missing:
                found = f"arrays {', '.join(sorted(stored.files)) or 'none'}"
                raise InputError(path, found, "joints_world_mm and fps", f"Add {' and '.join(sorted(missing))}")
            joints, fps = np.asarray(stored["joints_world_mm"]), np.asarray(stored["fps"])
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise InputError(path, f"no readable .npz ({error})", "a NumPy archive", "Write it with numpy.savez") from error
    if joints.ndim != 3 or joints.shape[1:] != (32, 3) or len(joints) < 4:
        raise InputError(
            path, f"joints_world_mm of shape {joints.shape}", "(frames, 32, 3), 4 frames or more", "Store all 32 joints"
        )
    if not (np.issubdtype(joints.dtype, np.number) and np.isfinite(joints).all()):
        raise InputError(
            path, "joints_world_mm with values that are not numbers", "finite mm", "Fill or cut these frames"
        )
    if fps.size != 1 or not np.issubdtype(fps.dtype, np.number) or not 1 <= float(fps.item()) <= 1000:
        raise InputError(path, f"fps = {fps}", "frames per second, 1 to 1000", "Store the motion's frame rate as fps")
    joints = joints.astype(np.float64)
    _check_person(path, joints)
    return _at_studio_rate(joints, float(fps.item()))


def _check_person(path: Path, joints: Float[ndarray, "frames 32 3"]) -> None:
    """Refuses metres, other axes up, and joints in an order that makes no person."""
    tall = float(np.median(np.ptp(joints.reshape(len(joints), -1, 3), axis=1).max(axis=-1)))
    if tall < 20:
        raise InputError(path, f"a person {tall:.2f} units tall", "millimetres", "Multiply metres by 1000")
    if not 700 < tall < 2600:
        raise InputError(path, f"a person {tall:.0f} units tall", "millimetres", "Convert the joints to mm")
    head, hips, ankles = (float(np.median(joints[:, rows, 2])) for rows in ([15], [1, 6], [3, 8]))
    if not head > hips > ankles:
        found = f"z of head {head:.0f}, hips {hips:.0f}, ankles {ankles:.0f} mm"
        raise InputError(path, found, "z up and the joint order of Human3.6M", "Turn the axes or reorder the joints")


def _at_studio_rate(joints: Float[ndarray, "frames 32 3"], fps: float) -> Float[ndarray, "frames 32 3"]:
    """The joints at 50 frames per second, untouched if they are already."""
    if abs(fps - FPS) < 1e-6:
        return joints
    return CubicSpline(np.arange(len(joints)) / fps, joints)(_studio_times(len(joints), fps))


def _studio_times(frames: int, fps: float) -> Float[ndarray, "times"]:
    return np.arange(int((frames - 1) / fps * FPS + 1e-6) + 1) / FPS


def _read_cmu(path: Path) -> Float[ndarray, "frames 32 3"]:
    """A trial of the CMU database in the studio's room at 50 frames per second."""
    asf = _skeleton_beside(path)
    skeleton = read_skeleton(asf)
    names = {bone.name for bone in skeleton.bones}
    absent = sorted(set(_CMU_JOINTS) - names)
    if absent:
        raise InputError(
            asf, f"a skeleton without {', '.join(absent)}", "the bones of the CMU database", "Use its .asf"
        )
    root_mm, turned = turn_bones(skeleton, read_frames(path, skeleton))
    ends = _resampled_ends(skeleton, root_mm, turned)
    ends = ends[..., [2, 0, 1]]  # the file's y is up
    joints = ends[:, [skeleton.index(name) for name in _CMU_JOINTS]]
    # CMU's root lies above the hips. Human3.6M's pelvis, to which all poses are relative, lies midway between them.
    joints[:, _PELVIS] = joints[:, _HIPS].mean(axis=1, keepdims=True)
    joints = _laid_along_y(joints)
    return joints[_longest_inside(joints, path)]


def _skeleton_beside(path: Path) -> Path:
    """The .asf that belongs to an .amc: of the same stem, of its part before `_`, or the folder's only one."""
    if not path.is_file():
        raise InputError(path, "no such file", "an .amc file", "Check the path")
    for stem in (path.stem, path.stem.split("_")[0]):
        if (path.parent / f"{stem}.asf").is_file():
            return path.parent / f"{stem}.asf"
    others = sorted(path.parent.glob("*.asf"))
    if len(others) == 1:
        return others[0]
    found = f"{len(others)} .asf files beside it, none of its name"
    raise InputError(path, found, f"its skeleton {path.stem.split('_')[0]}.asf", "Put the skeleton beside the motion")


def _resampled_ends(
    skeleton: Skeleton, root_mm: Float[ndarray, "frames 3"], turned: list[Rotation]
) -> Float[ndarray, "times bones 3"]:
    """The bones' ends at 50 frames per second: rotations are interpolated, so that no bone changes its length."""
    recorded = np.arange(len(root_mm)) / _CMU_FPS
    wanted = _studio_times(len(root_mm), _CMU_FPS)
    return place_ends(
        skeleton, CubicSpline(recorded, root_mm)(wanted), [RotationSpline(recorded, turn)(wanted) for turn in turned]
    )


def _laid_along_y(joints: Float[ndarray, "frames 32 3"]) -> Float[ndarray, "frames 32 3"]:
    """Puts the feet on the floor, the middle of the path at the origin, and its longer extent along y."""
    floor = joints - np.array([0, 0, np.percentile(joints[:, [4, 9], 2], 4) - _BALL_MM])
    path = floor[:, 0, :2] - floor[:, 0, :2].mean(axis=0)
    _, _, axes = np.linalg.svd(path, full_matrices=False)
    along = axes[0] * np.sign(axes[0] @ (path[-1] - path[0]) or 1.0)
    turned = floor @ np.array([[along[1], along[0], 0], [-along[0], along[1], 0], [0, 0, 1]])
    low, high = turned[:, 0, :2].min(axis=0), turned[:, 0, :2].max(axis=0)
    return turned - np.append((low + high) / 2, 0)


def _longest_inside(joints: Float[ndarray, "frames 32 3"], path: Path) -> slice:
    """The longest stretch of frames with the pelvis inside the recorded area."""
    stretches, count = label((np.abs(joints[:, 0, :2]) < _AREA_MM).all(axis=-1))
    sizes = np.bincount(stretches, minlength=count + 1)[1:]
    if count == 0 or sizes.max() < 4:
        raise InputError(
            path, f"{sizes.max(initial=0)} frames inside the room", "4 or more", "Use a walk of at least 0.1 s"
        )
    inside = np.flatnonzero(stretches == 1 + int(sizes.argmax()))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _flat_feet(joints: Float[ndarray, "frames 32 3"]) -> Bool[ndarray, "frames 2"]:
    """Whether ankle and toe base of the left and the right foot rest near their lowest level."""
    flat = []
    for ankle, ball in ((8, 9), (3, 4)):
        speed = np.linalg.norm(np.gradient(joints[:, [ankle, ball]], axis=0), axis=-1).max(axis=-1) * FPS
        low = joints[:, [ankle, ball], 2] < np.percentile(joints[:, [ankle, ball], 2], 5, axis=0) + 15
        flat.append((speed < 150) & low.all(axis=-1))
    return np.stack(flat, axis=-1)
