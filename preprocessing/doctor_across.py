"""What only shows beside other views: the skeleton of somebody else, cameras that changed places."""

import collections
from collections.abc import Sequence

import numpy as np

from preprocessing.catalog import is_crowd
from preprocessing.doctor_findings import BROKEN, WRONG, ViewReport
from preprocessing.doctor_poses import BONES_MM
from preprocessing.view import REFUSED_PX

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
    if report.bones_mm is None:
        return
    beside_world = report.world_bones_mm is not None and _apart(report.bones_mm, report.world_bones_mm) > BONES_MM
    beside_picture = report.projection_px is not None and report.projection_px > REFUSED_PX
    if report.projection_px is not None and not beside_picture:
        return
    twins = {
        other.subject
        for other in reports
        if other.subject != report.subject
        and other.bones_mm is not None
        and _apart(report.bones_mm, other.bones_mm) < SAME_BONES_MM
    }
    if not twins and not beside_world:
        return
    words = f"same bone lengths as {min(twins)}" if twins else "other bone lengths than D3_Positions"
    report.findings = [finding for finding in report.findings if finding.kind not in ("projection", "world")]
    report.add(
        "universal skeleton",
        BROKEN,
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
        if apart > BONES_MM and not view.has("bones change"):
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
