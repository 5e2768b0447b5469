"""Facts about the release beyond its folders: actions, their names per subject, known faults, published samplings.

Where a fact comes from stands beside it; code is named by repository and path, threads by repository and number.
"""

import dataclasses
import difflib
import re
from typing import Protocol

from h36m_pose.errors import InputError

ACTIONS = (
    "Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting",
    "SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether",
)  # fmt: skip
"""In the order of the field's tables. `Photo` and `WalkDog` are the spellings of all subjects but S1."""

SPELLINGS = {**{action.lower(): action for action in ACTIONS}, "takingphoto": "TakingPhoto", "walkingdog": "WalkingDog"}
"""The words that file names begin with, by their lower-case form."""

_CANONICAL = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}
"""S1's two words of its own (facebookresearch/VideoPose3D data/prepare_data_h36m.py renames them just so)."""

WITHHELD_SUBJECTS = ("S2", "S3", "S4", "S10")
"""Their videos can be downloaded, but their poses are kept for the release's own test server."""

_TRIALS = {
    "S1": {
        "Eating": ("Eating 2", "Eating"), "Sitting": ("Sitting 1", "Sitting 2"),
        "SittingDown": ("SittingDown 2", "SittingDown"), "Photo": ("TakingPhoto 1", "TakingPhoto"),
        "WalkDog": ("WalkingDog 1", "WalkingDog"),
    },
    "S5": {
        "Directions": ("Directions 1", "Directions 2"), "Discussion": ("Discussion 2", "Discussion 3"),
        "Greeting": ("Greeting 1", "Greeting 2"), "SittingDown": ("SittingDown", "SittingDown 1"),
        "Photo": ("Photo", "Photo 2"), "Waiting": ("Waiting 1", "Waiting 2"),
    },
    "S6": {
        "Eating": ("Eating 1", "Eating 2"), "Posing": ("Posing 2", "Posing"), "Sitting": ("Sitting 1", "Sitting 2"),
        "Photo": ("Photo", "Photo 1"), "Waiting": ("Waiting 3", "Waiting"),
    },
    "S7": {
        "Phoning": ("Phoning 2", "Phoning"), "SittingDown": ("SittingDown", "SittingDown 1"),
        "Photo": ("Photo", "Photo 1"), "Waiting": ("Waiting 1", "Waiting 2"), "Walking": ("Walking 1", "Walking 2"),
    },
    "S8": {
        "SittingDown": ("SittingDown", "SittingDown 1"), "WalkTogether": ("WalkTogether 1", "WalkTogether 2"),
    },
    "S9": {
        "Discussion": ("Discussion 1", "Discussion 2"), "SittingDown": ("SittingDown", "SittingDown 1"),
    },
    "S11": {
        "Discussion": ("Discussion 1", "Discussion 2"), "Greeting": ("Greeting 2", "Greeting"),
        "Phoning": ("Phoning 3", "Phoning 2"), "SittingDown": ("SittingDown", "SittingDown 1"),
        "Smoking": ("Smoking 2", "Smoking"),
    },
}  # fmt: skip
"""The trials that are not called `Action 1` and `Action`. Every subject has two trials of each action, which stand in
the order of the subactions. Vegetebird/MHFormer issue 92 lists all names, and anibali/h36m-fetch issue 26 all files."""


def trials_of(subject: str, action: str) -> tuple[str, str]:
    """The two trials of an action, as the release calls them; `subject` is one of those whose poses are public."""
    return _TRIALS[subject].get(action, (f"{action} 1", action))


def canonical_action(trial: str) -> str:
    """The action of a trial: "WalkDog" for S1's "WalkingDog 1"."""
    word = trial.split(" ")[0]
    return _CANONICAL.get(word, word)


def parse_actions(words: str) -> tuple[str, ...]:
    """Reads the value of `--actions`: names between commas, in any case and order, or "all".

    Returns:
        Names out of `ACTIONS`, in its order, each once.

    Raises:
        InputError: if there is no name, or one that the release does not have.
    """
    names = [word.strip() for word in words.split(",") if word.strip()]
    if [name.lower() for name in names] == ["all"]:
        return ACTIONS
    chosen = set()
    for name in names:
        spelling = SPELLINGS.get(name.lower())
        if spelling is None:
            near = difflib.get_close_matches(name.lower(), SPELLINGS, n=1)
            mend = f"Did you mean {canonical_action(SPELLINGS[near[0]])}?" if near else "Choose among these"
            raise InputError("--actions", repr(name), f"all, or some of {', '.join(ACTIONS)}", mend)
        chosen.add(canonical_action(spelling))
    if not chosen:
        raise InputError("--actions", "no name", f"all, or some of {', '.join(ACTIONS)}", "Choose among these")
    return tuple(action for action in ACTIONS if action in chosen)


class NamedView(Protocol):
    """What a fault is looked up by."""

    @property
    def subject(self) -> str: ...

    @property
    def trial(self) -> str: ...

    @property
    def camera_id(self) -> str: ...


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault of the release itself, which every copy of it has.

    Attributes:
        subject: "S9".
        trial: "Greeting".
        camera_id: None if all cameras are concerned.
        kind: "broken video" or "world shifted 200 mm".
        words: what is wrong and what follows from it.
        source: who found it.
    """

    subject: str
    trial: str
    camera_id: str | None
    kind: str
    words: str
    source: str


_SHIFTED = (
    "all poses, 2D ones too, lie 200 mm beside the person, along the world's x axis: root-relative joints are right, "
    "but joints in the picture and the boxes made from them are not"
)
_SHIFT_SOURCE = (
    "isarandi/posepile src/posepile/ds/h36m/main.py; karfly/learnable-triangulation-pytorch mvn/datasets/human36m.py; "
    "Vegetebird/MHFormer issue 92; mks0601/3DMPPE_POSENET_RELEASE issue 40"
)

KNOWN_FAULTS = (
    Fault(
        "S11", "Directions", "54138969", "broken video", "the video of this camera was released broken",
        "una-dinosauria/3d-pose-baseline issue 34; anibali/h36m-fetch process_all.py; not with every decoder: "
        "isarandi/posepile src/posepile/ds/h36m/main.py",
    ),
    *(
        Fault("S9", trial, None, "world shifted 200 mm", _SHIFTED, _SHIFT_SOURCE)
        for trial in ("Greeting", "SittingDown 1", "Waiting 1")
    ),
)  # fmt: skip
"""Views with such a fault are left out unless they are asked for. A broken video cannot be used, or not by everybody.
Shifted poses are of one piece: the 2D ones are projections of the 3D ones, so no check between the files finds them.
Silhouettes stay on the person, and the joints' places in the crop, which the grid labels are made of, would be wrong by
up to a tenth of it. Whoever needs the full test set of the field's tables, which have these frames, takes them along:
the root-relative joints are right."""


def faults_of(view: NamedView) -> tuple[Fault, ...]:
    """The known faults of a view."""
    return tuple(
        fault
        for fault in KNOWN_FAULTS
        if (fault.subject, fault.trial) == (view.subject, view.trial) and fault.camera_id in (None, view.camera_id)
    )


SHORT_POSES = {
    ("S9", "Greeting"): (1447, 2899),
    ("S9", "Phoning"): (3319, 3465),
    ("S9", "SittingDown 1"): (1554, 2788),
    ("S9", "Waiting 1"): (1612, 3390),
    ("S9", "Walking"): (1612, 3115),
}
"""Trials whose poses end long before their videos do: poses, and frames of the shortest video. It is no damage
(facebookresearch/VideoPose3D issue 215; JimmySuen/integral-human-pose issue 31)."""

SAMPLINGS = {
    "martinez": 1,  # every frame: una-dinosauria/3d-pose-baseline src/data_utils.py
    "videopose3d": 1,  # every frame: facebookresearch/VideoPose3D data/prepare_data_h36m.py
    "motion-prediction": 2,  # 25 fps: una-dinosauria/human-motion-prediction src/data_utils.py
    "spin": 5,  # training and test: nkolot/SPIN datasets/preprocess/h36m.py and h36m_train.py
    "mmpose": 5,  # 10 fps: open-mmlab/mmpose tools/dataset/preprocess_h36m.py
    "c2f-vol": 5,  # its 109,867 test images are all fifth frames: geopavlakos/c2f-vol-train
    "posenet-train": 5,  # mks0601/3DMPPE_POSENET_RELEASE data/Human36M/Human36M.py
    "posenet-test": 64,  # the same; the test of Sun et al., Compositional Human Pose Regression, ICCV 2017
}
"""Published samplings: which step from one frame that is used to the next, beginning with the first."""

_MOST_EVERY = 10_000


def parse_every(words: str) -> int:
    """Reads the value of `--every`: a step in frames, or the name of a published sampling.

    Raises:
        InputError: if it is neither.
    """
    name = words.strip().lower()
    if re.fullmatch(r"[0-9]{1,9}", name):
        if 1 <= int(name) <= _MOST_EVERY:
            return int(name)
    elif name in SAMPLINGS:
        return SAMPLINGS[name]
    near = difflib.get_close_matches(name, SAMPLINGS, n=1)
    expected = f"1 to {_MOST_EVERY} or one of {', '.join(SAMPLINGS)}"
    mend = f"Did you mean {near[0]}?" if near else "Choose 1 for every frame, 5 for every fifth"
    raise InputError("--every", repr(words), expected, mend)
