"""What only shows beside other views: the skeleton of somebody else, cameras that changed places."""

import collections
from collections.abc import Sequence

import numpy as np

from preprocessing.catalog import is_crowd, subject_number
from preprocessing.doctor_findings import BROKEN, WRONG, ViewReport
from preprocessing.doctor_poses import BONES_MM
from preprocessing.view import EXPLAINED_PX, REFUSED_PX

SAME_BONES_MM = 0.5
"""Two subjects never have bones that are so much alike."""

APART_MM = 1000.0
"""A camera is moved by some decimetres between two subjects; two cameras are metres apart."""

LEAST_VIEWS = 3
"""So many views it takes to tell which one is wrong."""


def compare(reports: Sequence[ViewReport]) -> None:
    """Adds the findings that take several views to see."""
    for report in reports:
        _look_for_universal(report, reports)
    subjects = collections.defaultdict(list)
    for report in reports:
        subjects[report.subject].append(report)
    for views in subjects.values():
        _look_for_other_subjects(views)
    _look_for_swapped_cameras([report for report in reports if not is_crowd(report.subject)])


def _look_for_universal(report: ViewReport, reports: Sequence[ViewReport]) -> None:
    """D3_Positions_mono_universal have one skeleton for all subjects: not that of D3_Positions, nor of the picture."""
    if report.bones_mm is None or any(map(report.has, ("bones change", "bones asymmetric", "swapped poses"))):
        return
    beside_picture = report.projection_px is None or report.projection_px > EXPLAINED_PX
    world = report.world_bones_mm
    beside_world = world is not None and _apart(report.bones_mm, world) > BONES_MM
    twins = sorted(
        {
            other.subject
            for other in reports
            if other.subject != report.subject
            and other.bones_mm is not None
            and _apart(report.bones_mm, other.bones_mm) < SAME_BONES_MM
        },
        key=subject_number,
    )
    if not (beside_world and (twins or beside_picture)) and not (world is None and twins and beside_picture):
        return
    words = f"the bone lengths are those of {twins[0]}" if twins else "the bone lengths are not those of D3_Positions"
    consequences = [finding for finding in report.findings if finding.kind in ("projection", "world")]
    refused = any(finding.severity == BROKEN for finding in consequences)
    report.findings = [finding for finding in report.findings if finding not in consequences]
    report.add(
        "universal skeleton",
        BROKEN if refused else WRONG,
        f"D3_Positions_mono_universal in the place of D3_Positions_mono: {words}",
        "Unpack Poses/D3_Positions_mono instead: the universal ones do not fit the pictures",
    )


def _look_for_other_subjects(views: Sequence[ViewReport]) -> None:
    """The bones of a subject are the same in all of its views."""
    measured = [(view, view.bones_mm) for view in views if view.bones_mm and not view.has("universal skeleton")]
    if len(measured) < LEAST_VIEWS:
        return
    usual = tuple(np.median([bones for _, bones in measured], axis=0).tolist())
    for view, bones in measured:
        apart = _apart(bones, usual)
        if apart > BONES_MM and not (view.has("bones change") or view.has("bones asymmetric")):
            words = f"bone lengths {apart:.0f} mm off those in {view.subject}'s other views"
            view.add("other subject", WRONG, words, "Check whose poses these are, and unpack them again")


def _look_for_swapped_cameras(views: Sequence[ViewReport]) -> None:
    """By where the poses place each camera: that hardly changes from subject to subject."""
    centres = collections.defaultdict(list)
    placed = [(view, np.array(view.camera_centre_mm)) for view in views if view.camera_centre_mm and _clear(view)]
    for view, centre in placed:
        centres[view.camera_id].append(centre)
    usual = {camera_id: np.median(found, axis=0) for camera_id, found in centres.items() if len(found) >= LEAST_VIEWS}
    for view, centre in placed:
        if view.camera_id not in usual or np.linalg.norm(centre - usual[view.camera_id]) < APART_MM:
            continue
        nearest = min(usual, key=lambda camera_id: float(np.linalg.norm(usual[camera_id] - centre)))
        if nearest != view.camera_id and np.linalg.norm(usual[nearest] - centre) < APART_MM:
            words = f"poses of camera {nearest}, by where they place it"
            view.add("swapped cameras", WRONG, words, "Check which camera's files these are, and unpack them again")


def _clear(view: ViewReport) -> bool:
    """Whether a view's camera could be fitted, and nothing was said yet of its place."""
    explained = view.projection_px is not None and view.projection_px <= REFUSED_PX
    return explained and not view.has("swapped cameras")


def _apart(one: Sequence[float], other: Sequence[float]) -> float:
    return float(np.abs(np.subtract(one, other)).max())
