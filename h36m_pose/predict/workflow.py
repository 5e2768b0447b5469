"""From footage to poses: look, find, cut out, predict, place, smooth, judge."""

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

import h36m_pose
from h36m_pose import domain as domains
from h36m_pose import provenance
from h36m_pose.atomic_files import sha256_of
from h36m_pose.camera import Camera
from h36m_pose.errors import InputError
from h36m_pose.predict.domain_words import judged
from h36m_pose.predict.exported import open_network
from h36m_pose.predict.finding import Found, Search, find, shots_with_boxes
from h36m_pose.predict.footage import Footage, Shot, open_footage
from h36m_pose.predict.kept import Kept
from h36m_pose.predict.network import Network
from h36m_pose.predict.poses import Poses
from h36m_pose.predict.smoothing import smoothed
from h36m_pose.predict.survey import Survey, survey
from h36m_pose.predict.viewing import Viewing, place_on_picture, rotations_of, viewing
from h36m_pose.progress import bar
from preprocessing.crop import crop_person, grey_levels, square_around
from preprocessing.masks import Person
from preprocessing.transform import code_digest

BATCH = 256
"""Crops that are held at a time."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What the user asks for besides the pictures.

    Attributes:
        search: how the person is found.
        focal_px: of the camera, if known.
        camera: the camera, or a file with it, if known.
        smooth: "none", "one_euro" or "savitzky_golay".
        silent: show no progress.
    """

    search: Search = dataclasses.field(default_factory=Search)
    focal_px: float | None = None
    camera: Camera | Path | None = None
    smooth: str = "none"
    silent: bool = False


class VideoPredictor:
    """A trained run that takes pictures of any origin; given by `h36m_pose.load`."""

    def __init__(self, run: str | Path, runtime: str = "stablehlo"):
        self.network: Network = open_network(run, runtime)

    def __call__(self, source: str | Path | ndarray, fps: float | None = None, **options: Any) -> Poses:
        """Predicts the poses of one person.

        Args:
            source: a video, a folder of pictures, a picture, or (frames, height, width, 3) uint8 RGB.
            fps: pictures per second of an array or a folder (default: 25).
            options: `person`, `masks`, `background`, `pick` of `Search`, and the fields of `Request`.

        Raises:
            InputError: if the pictures cannot be read, or if nobody is in them.
        """
        names = {field.name for field in dataclasses.fields(Search)}
        files = ("masks", "background", "camera")
        options |= {name: Path(options[name]) for name in files if isinstance(options.get(name), str | os.PathLike)}
        search = Search(**{name: options.pop(name) for name in names & set(options)})
        request = Request(search=search, **{"silent": True, **options})
        return predict_poses(self.network, open_footage(source, fps), request)


def load(run: str | Path, runtime: str = "stablehlo") -> VideoPredictor:
    """See `h36m_pose.load`."""
    return VideoPredictor(run, runtime)


def predict_poses(network: Network, footage: Footage, request: Request, kept: Kept | None = None) -> Poses:
    """Poses of one person in all pictures; memory holds some pictures, never all.

    Args:
        network: the run's.
        footage: the pictures.
        request: what the user asks for.
        kept: of an earlier start with the same `identity_of`, to go on from.

    Raises:
        InputError: if there are no pictures, if nobody is in them, or if an option does not fit.
    """
    seen = survey(footage, request.silent)
    if seen.frames == 0:
        words = f"no frames that can be decoded ({seen.problem or 'it is empty'})"
        raise InputError(footage.name, words, "a video or pictures", "Copy the file again")
    view = viewing(seen.width_px, seen.height_px, request.focal_px, request.camera)
    kept = kept or Kept()
    found = find(footage, seen, request.search, network.parameters.subtraction, request.silent, kept)
    arrays = _predict(network, footage, found, request.silent, kept)
    if not arrays["valid"].any():
        where = f"no silhouette in {seen.frames} frames ({found.words})"
        raise InputError(footage.name, where, "one person, whole and upright", "Give --masks, or look with --person")
    _turn(network, arrays, view)
    joints_px = np.full((seen.frames, 17, 2), np.nan, np.float32)
    valid = arrays["valid"]
    joints_px[valid] = place_on_picture(
        arrays["joints_root_mm"][valid], arrays["silhouette_px"][valid], arrays["box_px"][valid], view.camera
    )
    smooth, filter_facts = smoothed(arrays["joints_root_mm"], footage.fps, request.smooth)
    facts, cut = arrays.pop("facts"), arrays.pop("cut")
    about = _about(network, footage, seen, found, view)
    about |= {"domain": judged(network.domain, network.domain_words, facts, cut, arrays["domain_score"], valid)}
    about |= {"smoothing": filter_facts, "frames_found": int(valid.sum())}
    return Poses(
        **arrays, smoothed_root_mm=smooth, joints_px=joints_px, time_s=seen.times_s, fps=footage.fps, about=about
    )


def identity_of(network: Network, source: Path, search: Search, fps: float) -> dict[str, Any]:
    """What must be the same for a prediction to go on: the pictures' bytes, the network, and how the person is found.

    Args:
        network: the run's.
        source: a video, a picture or a folder of pictures.
        search: how the person is found.
        fps: pictures per second.
    """
    files = {"source": source, "masks": search.masks, "background": search.background}
    return {
        **{name: None if path is None else _digest_of(path) for name, path in files.items()},
        "person": [search.person, search.pick, fps],
        "network": [network.facts["checkpoint_digest"], network.origin, dataclasses.asdict(network.parameters)],
        "code": [h36m_pose.__version__, code_digest()],
    }


def _digest_of(path: Path) -> str:
    """SHA-256 of a file, or of the files right in a folder."""
    if not path.is_dir():
        return sha256_of(path)
    files = sorted(file for file in path.iterdir() if file.is_file())
    return hashlib.sha256("".join(f"{sha256_of(file)} {file.name}\n" for file in files).encode()).hexdigest()


def _no_arrays(frames: int) -> dict[str, ndarray]:
    """What `_predict` fills in."""
    return {
        "joints_root_mm": np.full((frames, 17, 3), np.nan, np.float32),
        "mirrored_root_mm": np.full((frames, 17, 3), np.nan, np.float32),
        "box_px": np.full((frames, 3), np.nan, np.float32),
        "silhouette_px": np.full((frames, 4), np.nan, np.float32),
        "domain_score": np.full(frames, np.nan, np.float32),
        "facts": np.full((frames, len(domains.FACTS)), np.nan, np.float32),
        "cut": np.zeros(frames, bool),
        "valid": np.zeros(frames, bool),
    }


def _predict(network: Network, footage: Footage, found: Found, silent: bool, kept: Kept) -> dict[str, ndarray]:
    """One pass over the pictures: silhouettes, crops, poses in the network's axes, and facts about the crops."""
    frames = len(found.boxes)
    arrays = _no_arrays(frames)
    done, before = kept.restored("predict")
    for name, rows in before.items():
        arrays[name][:done] = rows
    waiting: list[tuple[int, ndarray]] = []
    with found.opened() as silhouettes, bar(frames, "predict", " frame", done, silent) as progress:
        for shot, box in shots_with_boxes(footage, found):
            if shot.index < done:
                continue
            person = None if box is None else silhouettes.silhouette(shot, box)
            if person is not None:
                waiting.append((shot.index, _cut(network, shot, person, arrays)))
            if len(waiting) == BATCH or kept.due(shot.index):
                _predict_batch(network, waiting, arrays)
            progress.update()
            if kept.due(shot.index):
                part = slice(done, shot.index + 1)
                kept.keep("predict", shot.index + 1, {name: array[part] for name, array in arrays.items()})
                done = shot.index + 1
        _predict_batch(network, waiting, arrays)
    return arrays


def _cut(network: Network, shot: Shot, person: Person, arrays: dict[str, ndarray]) -> ndarray:
    """The crop of somebody, and what is noted of it."""
    height, width = shot.picture.luma.shape
    square = square_around(person[1], network.parameters.margin)
    crop = crop_person(shot.picture.luma, grey_levels(shot.picture.full_range), *person, square)
    arrays["box_px"][shot.index], arrays["silhouette_px"][shot.index] = square, person[1]
    arrays["cut"][shot.index] = _cut_off(person, width, height)
    arrays["facts"][shot.index] = domains.crop_facts(crop, person[1][3])
    return crop


def _predict_batch(network: Network, waiting: list[tuple[int, ndarray]], arrays: dict[str, ndarray]) -> None:
    """Predicts the crops that wait, and forgets them."""
    if not waiting:
        return
    frames = [frame for frame, _ in waiting]
    poses, twins, features = network.predict(np.stack([crop for _, crop in waiting]))
    arrays["joints_root_mm"][frames], arrays["mirrored_root_mm"][frames] = poses, twins
    if network.domain:
        arrays["domain_score"][frames] = network.domain.scores(features)
    arrays["valid"][frames] = True
    waiting.clear()


def _cut_off(person: Person, width_px: int, height_px: int) -> bool:
    """Whether a silhouette ends at the picture's edge."""
    left, top, width, height = person[1]
    return left <= 1 or top <= 1 or left + width >= width_px - 1 or top + height >= height_px - 1


def _turn(network: Network, arrays: dict[str, ndarray], view: Viewing) -> None:
    """Turns the poses of a network that predicts in the crops' axes into the camera's."""
    if not network.in_crop_frame:
        return
    from h36m_pose.data.crop_frame import turn_back

    valid = arrays["valid"]
    rotations = rotations_of(arrays["box_px"][valid], view.camera)
    for name in ("joints_root_mm", "mirrored_root_mm"):
        arrays[name][valid] = turn_back(arrays[name][valid], rotations)


def _about(network: Network, footage: Footage, seen: Survey, found: Found, view: Viewing) -> dict[str, Any]:
    camera: dict[str, Any] = {"words": view.words, "assumed": view.assumed}
    camera |= {name: view.camera.as_json()[name] for name in ("focal_px", "principal_px", "radial", "tangential")}
    if not network.in_crop_frame:
        camera["words"] += "; for drawing only, as this network predicts in the camera's axes"
    return {
        "made_by": f"h36m-pose {h36m_pose.__version__} predict",
        "source": footage.name,
        "frames": seen.frames,
        "width_px": seen.width_px,
        "height_px": seen.height_px,
        "fps": footage.fps,
        "problem": seen.problem,
        "coordinates": (
            "millimetres relative to the pelvis, in the camera's axes: x right, y down, z away from the camera; where "
            "the person stands is not predicted"
        ),
        "person": {"way": found.way, "silhouettes": found.words, "why": found.why, "others": found.others},
        "camera": camera,
        **network.about(),
        provenance.KEY: provenance.record(**network.whence),
    }
