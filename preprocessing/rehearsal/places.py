"""Which views the faults are put on: drawn from a seed, no view twice, and spread over the subjects."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from h36m_pose.errors import InputError
from preprocessing.catalog import ViewFiles, is_crowd
from preprocessing.poses import read_positions
from preprocessing.rehearsal.faults import PAIR, SUBJECT, TRIAL, Fault

PAIRS = (("55011271", "58860488"), ("54138969", "60457274"))
"""Cameras whose pictures have the same size: what is exchanged between them, only its content tells."""

NEEDED = ("S1", "S9", "S11")
"""Subjects that are not taken away as a whole: whose bones are the universal skeleton, and those for test."""

LEAST_TRIALS = 3
"""Where a camera stands must be known from so many trials before a swapped one stands out."""

Place = tuple[ViewFiles, ...]


def choose(faults: Sequence[Fault], views: Sequence[ViewFiles], seed: int) -> dict[str, Place]:
    """Gives every fault views of its own.

    Args:
        faults: to be placed.
        views: of the capture, sorted; the crowd's are taken only if there are no others.
        seed: of the choice, which does not depend on the order of `faults`.

    Returns:
        By the fault's name, one view, or those of a pair, a trial or a subject.

    Raises:
        InputError: if the capture is too small for all of them.
    """
    views = [view for view in views if not is_crowd(view.subject)] or list(views)
    frames = {_trial(view): len(read_positions(view.poses_2d, 2)) for view in views if "poses_2d" not in view.missing}
    candidates = {fault.name: _candidates(fault, views, frames) for fault in faults}
    taken: defaultdict[str, int] = defaultdict(int)  # how many faults a view, a trial and a subject have
    chosen: dict[str, Place] = {}
    witnesses: set[str] = set()
    for fault in sorted(faults, key=lambda fault: (len(candidates[fault.name]), fault.spares_poses, fault.name)):
        barred = taken.keys() | (set() if fault.spares_poses else witnesses)
        places = [place for place in candidates[fault.name] if not barred & {view.name for view in place}]
        if not places:
            full = "a view for each fault" if candidates[fault.name] else _wanted(fault)
            mend = "Leave some faults out, or spoil a larger capture"
            raise InputError("--faults", f"no place for {fault.name} in this capture", full, mend)
        random.Random(f"{seed} {fault.name}").shuffle(places)
        best = min(places, key=lambda place: (taken.get(place[0].subject, 0), taken.get(_trial(place[0]), 0)))
        if fault.scope == PAIR:
            witnesses |= {view.name for view in best[2:]}
            best = best[:2]
        for key in (best[0].subject, _trial(best[0]), *(view.name for view in best)):
            taken[key] += 1
        chosen[fault.name] = best
    return {fault.name: chosen[fault.name] for fault in faults}


def _candidates(fault: Fault, views: Sequence[ViewFiles], frames: Mapping[str, int]) -> list[Place]:
    fit = [
        view
        for view in views
        if frames.get(_trial(view), 0) >= fault.least_frames and not set(fault.kinds) & set(view.missing)
    ]
    if fault.name == "universal_skeleton":
        fit = [view for view in fit if view.subject != "S1"] if any(view.subject == "S1" for view in views) else []
    if fault.scope == PAIR:
        pairs = [pair for pair in _pairs(fit) if not fault.apart or _apart(pair)]
        return _with_witnesses(pairs) if fault.name == "swapped_cameras" else pairs
    if fault.scope in (TRIAL, SUBJECT):
        groups: defaultdict[str, list[ViewFiles]] = defaultdict(list)
        for view in views:
            groups[_trial(view) if fault.scope == TRIAL else view.subject].append(view)
        whole = [tuple(group) for group in groups.values() if all(view in fit for view in group)]
        return whole if fault.scope == TRIAL else [group for group in whole if group[0].subject not in NEEDED]
    return [(view,) for view in fit]


def _pairs(views: Sequence[ViewFiles]) -> list[Place]:
    by_name = {view.name: view for view in views}
    pairs: list[Place] = []
    for view in views:
        for one, other in PAIRS:
            partner = by_name.get(f"{_trial(view)}.{other}")
            if view.camera_id == one and partner:
                pairs.append((view, partner))
    return pairs


def _with_witnesses(pairs: Sequence[Place]) -> list[Place]:
    """Each pair with the same cameras of other trials, which stay as they are: by them a swapped one stands out."""
    places = []
    for first, _ in PAIRS:
        alike = [pair for pair in pairs if pair[0].camera_id == first]
        if len(alike) >= LEAST_TRIALS:
            for number in range(len(alike)):
                turned = alike[number:] + alike[:number]
                places.append(tuple(view for pair in turned[:LEAST_TRIALS] for view in pair))
    return places


def _apart(pair: Place) -> bool:
    """Whether the person's places in two pictures lie further from each other than the person is wide."""
    one, other = (read_positions(view.poses_2d, 2) for view in pair)
    widths = [float(np.median(np.ptp(joints[..., 0], axis=1))) for joints in (one, other)]
    return float(np.median(np.linalg.norm(one.mean(axis=1) - other.mean(axis=1), axis=-1))) > max(widths)


def _trial(view: ViewFiles) -> str:
    return f"{view.subject} {view.trial}"


def _wanted(fault: Fault) -> str:
    """What a capture must have for a fault."""
    if fault.name == "universal_skeleton":
        return "S1 and another subject"
    if fault.name == "swapped_cameras":
        return f"{LEAST_TRIALS} trials or more"
    if fault.scope == SUBJECT:
        return f"a subject other than {', '.join(NEEDED)}"
    if fault.apart:
        return "a trial in which two cameras have the person elsewhere in the picture"
    frames = f" with {fault.least_frames} poses or more" if fault.least_frames > 1 else ""
    return f"a {fault.scope}{' of cameras' if fault.scope == PAIR else ''}{frames} that has all its files"
