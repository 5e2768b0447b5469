"""Who is filmed, in which trials, for how long: presets as plain data, and the seeds of everyone in them."""

import dataclasses
import zlib
from collections.abc import Sequence

from h36m_pose.errors import InputError
from preprocessing.capture.anatomy import seeded
from preprocessing.capture.paths import PATHS
from preprocessing.catalog import CAMERAS, FIRST_CROWD_NUMBER, FRAMES_PER_SECOND, RELEASE_SUBJECTS, WALKING_POSES


@dataclasses.dataclass(frozen=True)
class Trial:
    """One take of one subject, filmed by the four cameras at once.

    Attributes:
        name: as in the release's file names: "Walking 1".
        frames: how many frames have poses.
        fps: of poses and pictures.
        path: one of `paths.PATHS`.
        seed: of the walk.
        tails: per camera, in the order of `CAMERAS`, how many pictures the video holds after the last pose.
        decoy: whether it is another action, there only because the release has such files beside the Walking ones.
    """

    name: str
    frames: int
    fps: int
    path: str
    seed: int
    tails: tuple[int, int, int, int]
    decoy: bool = False


@dataclasses.dataclass(frozen=True)
class Role:
    """One subject and all trials of it."""

    subject: str
    trials: tuple[Trial, ...]

    @property
    def frames(self) -> int:
        """Frames with poses over all trials and cameras, decoys included."""
        return len(CAMERAS) * sum(trial.frames for trial in self.trials)


@dataclasses.dataclass(frozen=True)
class Preset:
    """The size of a capture.

    Attributes:
        frames: release subjects and the frames of each of their two Walking trials, per camera.
        crowd: how many random bodies there are by default.
        crowd_frames: frames of a crowd body's one trial, per camera.
        crowd_fps: their rate. At 50 Hz neighbours are near duplicates, and variety is what counts.
        decoy_frames: of S1's `WalkingDog`, per camera.
    """

    frames: dict[str, int]
    crowd: int
    crowd_frames: int
    crowd_fps: int
    decoy_frames: int


_TRAINING_SUBJECTS = ("S1", "S5", "S6", "S7", "S8")
PRESETS = {
    "demo": Preset(dict.fromkeys(_TRAINING_SUBJECTS, 29) | {"S9": 29, "S11": 125}, 40, 16, 10, 3),
    "full": Preset(dict.fromkeys(_TRAINING_SUBJECTS, 250) | {"S9": 250, "S11": 400}, 160, 20, 10, 25),
    "quick": Preset(dict.fromkeys(_TRAINING_SUBJECTS, 5) | {"S9": 5, "S11": 10}, 4, 3, 10, 2),
    "tiny": Preset({"S1": 7, "S9": 5, "S11": 6}, 2, 3, 10, 2),
}
"""`demo`: 4,952 frames, for trying everything within minutes. `full`: 28,000, for results. `quick`: 380, to see that
everything runs, with all subjects; nothing can be learnt from so few. `tiny`: three subjects, for tests."""

MOST_CROWD = 2000


def cast(preset: str, seed: int, crowd: int | None = None, subjects: Sequence[str] = ()) -> tuple[Role, ...]:
    """Everyone who is filmed, the release's subjects first.

    Args:
        preset: a name from `PRESETS`.
        seed: of the whole capture. Each trial's own seed depends on this, the subject and the trial alone, so that a
            larger crowd leaves everyone else as they were.
        crowd: how many random bodies instead of the preset's number; 0 leaves the release's subjects alone.
        subjects: those of the release's to take, and no crowd unless its number is given; all if left out. They walk
            as they do in everybody's company.

    Raises:
        InputError: if there is no such preset or subject, or the crowd's size is out of bounds.
    """
    if preset not in PRESETS:
        raise InputError("--preset", repr(preset), " or ".join(PRESETS), "Choose one of these")
    size = PRESETS[preset]
    unknown = [subject for subject in subjects if subject not in size.frames]
    if unknown:
        raise InputError("--subjects", ", ".join(unknown), f"some of {', '.join(size.frames)}", "Choose some of these")
    bodies = (0 if subjects else size.crowd) if crowd is None else crowd
    if not 0 <= bodies <= MOST_CROWD:
        raise InputError("--crowd", str(crowd), f"a number from 0 to {MOST_CROWD}", "Choose one of these")
    release = [
        _release_role(subject, size, seed) for subject in RELEASE_SUBJECTS if subject in (subjects or size.frames)
    ]
    return (*release, *(_crowd_role(f"S{FIRST_CROWD_NUMBER + 1 + body}", size, seed) for body in range(bodies)))


def one_walk(subject: str, frames: int, seed: int) -> Role:
    """The role of a subject who is driven by an outside motion of so many frames: one trial, `Walking 1`."""
    return Role(subject, (_trial(subject, "Walking 1", frames, FRAMES_PER_SECOND, "", seed),))


def trial_seed(seed: int, subject: str, trial: str) -> int:
    """A seed of the trial's own, from 0 to 2**32 - 1."""
    return zlib.crc32(f"{seed}/{subject}/{trial}".encode())


def _release_role(subject: str, size: Preset, seed: int) -> Role:
    paths = seeded("paths", seed, subject).permutation(PATHS)
    frames = size.frames[subject]
    trials = [
        _trial(subject, name, frames, FRAMES_PER_SECOND, str(path), seed)
        for name, path in zip(WALKING_POSES[subject], paths, strict=False)
    ]
    if subject == "S1":
        decoy = _trial(subject, "WalkingDog", size.decoy_frames, FRAMES_PER_SECOND, str(paths[-1]), seed)
        trials.append(dataclasses.replace(decoy, decoy=True))
    return Role(subject, tuple(trials))


def _crowd_role(subject: str, size: Preset, seed: int) -> Role:
    path = str(seeded("path", seed, subject).choice(PATHS))
    trial = _trial(subject, "Walking 1", size.crowd_frames, size.crowd_fps, path, seed)
    # A longer tail would be a tenth of the work: these trials are short.
    return Role(subject, (dataclasses.replace(trial, tails=(1, 1, 1, 1)),))


def _trial(subject: str, name: str, frames: int, fps: int, path: str, seed: int) -> Trial:
    """A trial with its own seed. As in the release, the second and the third camera run on a little longer."""
    generator = seeded("tails", seed, subject, name)
    longer = int(generator.integers(2, 5))
    return Trial(name, frames, fps, path, trial_seed(seed, subject, name), (1, longer, longer, 1))
