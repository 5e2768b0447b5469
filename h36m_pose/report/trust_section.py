"""What the trust check finds in the test sequences, and whether its flags are right, which the true poses tell."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import trust
from h36m_pose.data import crop_frame
from h36m_pose.prediction import load_run
from h36m_pose.report.errors import frame_errors
from h36m_pose.report.material import Material
from h36m_pose.report.section import Section, table, text

MIRRORED_AT_MOST = 4000
"""Frames of the test set up to which the mirrored pictures are predicted too."""

_WORDS_OF_PLACES = 3


def check_sequences(material: Material) -> dict[str, trust.TrustResult]:
    """The check of every tested sequence, by the view's name."""
    assert material.predictions is not None
    mirrored, averaged = _mirrored(material), _averaged(material)
    return {
        view.name: trust.check(
            material.predictions.predicted_root_mm[frames], view.fps, mirrored.get(view.name), averaged
        )
        for view, _, frames in material.tested_views()
    }


def _averaged(material: Material) -> bool:
    """Whether the test's predictions are means of each picture's and its mirror image's."""
    asked = material.results["identity"].get("mirror_average")  # by `evaluate --mirror-average`, else as it was trained
    if asked is not None or "finetune" not in material.stages:
        return asked == "yes"
    return bool(material.stages["finetune"].config["settings"]["finetune"]["mirror_average"])


def _mirrored(material: Material) -> dict[str, Float[ndarray, "frames 17 3"]]:
    """What the network says of the mirrored pictures, mirrored back, by view; nothing if there is no network."""
    stage = material.stages.get("finetune")
    assert material.predictions is not None
    if stage is None or not stage.finished or len(material.predictions.predicted_root_mm) > MIRRORED_AT_MOST:
        return {}
    predictor = load_run(material.run_dir, mirror_average=False)
    found = {}
    for view, _, _ in material.tested_views():
        poses = trust.mirror_back(predictor.observe(view.images[:, :, ::-1])[0])
        if predictor.config["data"]["frame"] == "crop":
            poses = crop_frame.turn_back(poses, crop_frame.crop_rotations(view))
        found[view.name] = poses
    return found


def trust_section(material: Material, checks: Mapping[str, trust.TrustResult]) -> Section:
    """The checks in a table: what each means, how often it flags, and how much flagged frames err.

    Args:
        material: with dataset and predictions.
        checks: of `check_sequences`.
    """
    errors = frame_errors(material)
    flagged = np.concatenate([checks[view.name].any_flag for view, _, _ in material.tested_views()])
    rows = [
        _row(each, checks, errors)
        for each in trust.CHECKS
        if all(each.code in result.values for result in checks.values())
    ]
    head = ("check", "frames flagged", "limit", "median", "worst", "error of worst tenth", "usually because")
    body = (
        "<p>Where no true pose is known, as in your own videos, these checks tell which frames are hard to believe: "
        "bones that change their length, joints bent the wrong way, poses that shake, or that change when the picture "
        "is mirrored. "
        f"{_how_right(errors, flagged)} The player marks flagged frames on its time line.</p>"
        + table("Checks that need no true pose, over all test sequences", head, rows, (1, 2, 3, 4, 5))
        + '<p class="remark">Median and worst are in the unit of the limit. Error of worst tenth: how far those 10 % '
        "of frames are off that come nearest to being flagged, or are. Where "
        f"it is well above the mean of {errors.mean():.0f} mm, the check tells good frames from bad. "
        f"{text(_where(checks))}</p>"
    )
    return Section("trust", "Can it be trusted without the truth?", body)


def _row(check: trust.Check, checks: Mapping[str, trust.TrustResult], errors: ndarray) -> tuple[str, ...]:
    values = np.concatenate([result.values[check.code] for result in checks.values()])
    flags = np.concatenate([result.flagged[check.code] for result in checks.values()])
    known = values[np.isfinite(values)]
    # Only "frozen" has a limit from below.
    worst, sign = (np.min, "under") if check.code == "frozen" else (np.max, "over")
    order = np.argsort(values if check.code == "frozen" else -values, kind="stable")  # not a number comes last
    tenth = order[: max(1, len(known) // 10)]
    return (
        f'{text(check.code.replace("_", " "))}<span class="meaning">{text(check.words)}</span>',
        f"{flags.sum()} ({flags.mean() * 100:.1f} %)",
        f"{sign} {check.limit:g} {text(check.unit)}",
        f"{np.median(known):.1f}" if len(known) else "",
        f"{worst(known):.1f}" if len(known) else "",
        f"{errors[tenth].mean():.0f} mm" if len(known) else "",
        text(check.hint),
    )


def _how_right(errors: ndarray, flagged: ndarray) -> str:
    """Whether flagged frames really err more."""
    percent = f"{flagged.mean() * 100:.1f}\N{NO-BREAK SPACE}%"
    share = f"{flagged.sum():,} of these {len(flagged):,} test frames ({percent}) are flagged"
    if not flagged.any() or flagged.all():
        return f"{share}."
    return (
        f"{share}. Here the truth is known, so the flags can be tested themselves: flagged frames are off by "
        f"<strong>{errors[flagged].mean():.0f} mm</strong> on average, the others by "
        f"<strong>{errors[~flagged].mean():.0f} mm</strong>. A frame without a flag may still be wrong."
    )


def _where(checks: Mapping[str, trust.TrustResult]) -> str:
    """The sequences with most flagged frames, and where in them."""
    most = sorted(checks, key=lambda name: -int(checks[name].any_flag.sum()))[:_WORDS_OF_PLACES]
    places = [f"{name}, {trust.spans_in_words(checks[name].any_flag)}" for name in most if checks[name].any_flag.any()]
    return f"Most flags: {'; '.join(places)}." if places else "No frame is flagged."


def flags_for_player(result: trust.TrustResult, frames: slice) -> tuple[list[str], ndarray]:
    """What is wrong in words, and for each frame one bit per check that flags it, in their order."""
    by_code = {check.code: check.words for check in trust.CHECKS}
    bits = np.zeros(frames.stop - frames.start, np.uint16)
    for place, flags in enumerate(result.flagged.values()):
        bits |= (flags[frames].astype(np.uint16) << place).astype(np.uint16)
    return [by_code[code] for code in result.flagged], bits
