"""What spoilt pictures cost, as `h36m-pose robustness` measured it."""

import base64
import json
import math
from collections.abc import Mapping
from typing import Any

from h36m_pose.errors import InputError
from h36m_pose.report.charts import Bar, Line, bar_chart, line_chart
from h36m_pose.report.material import Material
from h36m_pose.report.section import Section, missing, table, text

ROBUSTNESS_FILE, PICTURE_FILE = "robustness.json", "robustness.png"
_TITLE = "What would spoil a picture"
_CLEAN = "clean"

_PICTURE = {
    "noise": ("noise, {} % of the grey range", "left"),
    "blur": ("blur, sigma {} px", "right"),
    "coarse": ("coarser, {} pixels a side", "main"),
}
_MASK = {
    "ring": ("background let in: a ring of {} px", "right"),
    "blobs": ("background let in: {} blobs", "left"),
    "rim": ("of the person cut off: a rim of {} px", "main"),
    "holes": ("of the person cut out: {} holes", "second"),
}
"""Kinds that come in several strengths: the legend's words and the line's colour, by the name's beginning."""

_BARS = {
    "box_90": "box 10 % too small",
    "box_105": "box 5 % too large",
    "box_110": "box 10 % too large",
    "box_125": "box 25 % too large",
    "lower_half": "lower half hidden",
    "upper_half": "upper half hidden",
    "left_half": "left half hidden",
    "right_half": "right half hidden",
    "hidden_10": "a tenth hidden",
    "hidden_25": "a quarter hidden",
    "dark": "half as bright",
    "very_dark": "a quarter as bright",
    "bright": "1.6 times as bright",
    "flat": "half the contrast",
    "harsh": "1.8 times contrast",
}


def robustness_section(material: Material) -> Section:
    """Charts of the error over each kind's strength, all numbers and pictures in folds; a remark without the file.

    Raises:
        InputError: if the file is not what `h36m-pose robustness` writes.
    """
    path, command = material.run_dir / ROBUSTNESS_FILE, f"h36m-pose robustness {material.run_dir}"
    if not path.is_file():
        why = "How much noise, blur, hidden halves or a wrong mask would cost has not been measured."
        return missing("robustness", _TITLE, why, command)
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        conditions = {name: dict(values) for name, values in results["conditions"].items()}
        frames, weights = int(results["frames"]), results["identity"]["weights"]
        errors = {name: float(values["mpjpe"]) for name, values in conditions.items()}
        if not all(0 < error < math.inf for error in errors.values()):
            raise ValueError("errors that are none")
        body = _charts(errors) + _folds(material, conditions, errors)
    except (AttributeError, KeyError, TypeError, ValueError):
        expected = "what h36m-pose robustness writes"
        raise InputError(path, "other contents", expected, f"Remove it and run: {command}") from None
    if weights != material.results["identity"].get("weights"):
        return missing("robustness", _TITLE, "It was measured with other weights than those tested here.", command)
    costly = max(errors, key=lambda name: errors[name])
    opening = (
        f"<p>Here {frames:,} test pictures are spoilt on purpose, in each way anew, before the network sees them. "
        f"As they are, the mean error is <strong>{errors[_CLEAN]:.1f}\N{NO-BREAK SPACE}mm</strong>; worst is "
        f"<strong>{errors[costly]:.1f}\N{NO-BREAK SPACE}mm</strong>, with {text(conditions[costly]['words'])}. The "
        "mask is what tells person from background in the camera's picture; that of your own videos will seldom be as "
        "good as the true silhouettes.</p>"
    )
    return Section("robustness", _TITLE, opening + body)


def _charts(errors: Mapping[str, float]) -> str:
    top = 1.05 * max(errors.values())
    charts = [
        line_chart(title, lines, "step of strength; 0 is the picture as it is", "mm", top=top)
        for title, kinds in (("Spoilt picture", _PICTURE), ("Wrong mask", _MASK))
        if (lines := _lines(kinds, errors))
    ]
    bars = [Bar(words, errors[name]) for name, words in _BARS.items() if name in errors]
    if bars:
        charts.append(bar_chart("Parts hidden, other light", [Bar("as it is", errors[_CLEAN]), *bars], "mm"))
    return f'<div class="charts many">{"".join(charts)}</div>'


def _lines(kinds: Mapping[str, tuple[str, str]], errors: Mapping[str, float]) -> list[Line]:
    """A line for each kind that was measured, from the clean picture on through its strengths, in their order."""
    lines = []
    for kind, (words, colour) in kinds.items():
        strengths = {name.removeprefix(f"{kind}_"): error for name, error in errors.items() if name.startswith(kind)}
        if strengths:
            values = [errors[_CLEAN], *strengths.values()]
            label = words.format(", ".join(strengths))
            lines.append(Line(label, range(len(values)), values, colour, dots=True))
    return lines


def _folds(material: Material, conditions: Mapping[str, Mapping[str, Any]], errors: Mapping[str, float]) -> str:
    """All numbers, and the picture of all kinds."""
    rows = [
        (
            text(conditions[name]["words"]),
            f"{error:.1f}",
            f"{float(conditions[name]['pa_mpjpe']):.1f}",
            f"{error - errors[_CLEAN]:+.1f}",
            f"{error / errors[_CLEAN]:.2f}",
        )
        for name, error in sorted(errors.items(), key=lambda item: -item[1])
    ]
    head = ("what is done to the picture", "MPJPE", "PA-MPJPE", "cost", "times the clean error")
    numbers = table("Mean errors in mm, the costliest first", head, rows, (1, 2, 3, 4))
    folds = f"<details><summary>All {len(rows)} kinds in numbers</summary>{numbers}</details>"
    picture = material.run_dir / PICTURE_FILE
    if picture.is_file():
        encoded = base64.b64encode(picture.read_bytes()).decode("ascii")
        folds += (
            '<details><summary>What each looks like</summary><div class="scroll" tabindex="0" role="region" '
            f'aria-label="What each looks like"><img class="sheet" src="data:image/png;base64,{encoded}" '
            'alt="One test picture, spoilt in each way, with the mean error over the test pictures"></div></details>'
        )
    return folds
