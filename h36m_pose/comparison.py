"""Trained runs beside each other: differences with their intervals, what was set differently, curves on one chart."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose import provenance, skeleton
from h36m_pose.atomic_files import replacing, write_json
from h36m_pose.configuration import STAGES, shown
from h36m_pose.errors import InputError
from h36m_pose.predictions_file import PREDICTIONS_FILE, Predictions, read_predictions
from h36m_pose.report.intervals import interval, weights_of
from h36m_pose.summary import METRICS, RESULTS_FILE, read_results
from h36m_pose.training import run_folder

TABLE, NUMBERS, CURVES = "comparison.md", "comparison.json", "curves.png"
_JOINTS_SHOWN = 4
_COLOURS = ("#33658a", "#c8553d", "#6a994e", "#8d6a9f", "#b08900", "#5f6b73")


@dataclasses.dataclass(frozen=True, eq=False)
class TestedRun:
    """A run with its test.

    Attributes:
        name: its folder as given.
        folder: the same.
        results: its `results.json`.
        predictions: its `predictions.npz`.
        settings: of its second stage, flat, as words.
    """

    name: str
    folder: Path
    results: dict[str, Any]
    predictions: Predictions
    settings: dict[str, str]


def read_runs(folders: Sequence[Path]) -> list[TestedRun]:
    """Reads runs that were tested on the same frames.

    Raises:
        InputError: if one was not tested, or on other frames than the first.
    """
    runs = [_read(folder) for folder in folders]
    first = runs[0]
    for run in runs[1:]:
        problem = _other_frames(first.predictions, run.predictions)
        if problem:
            mend = "Evaluate both on the same dataset with the same protocol"
            raise InputError(
                run.folder / PREDICTIONS_FILE, problem, f"the frames that {first.name} was tested on", mend
            )
    return runs


def _read(folder: Path) -> TestedRun:
    results = read_results(folder / RESULTS_FILE)
    predictions = read_predictions(folder / PREDICTIONS_FILE)
    path = folder / "finetune" / run_folder.CONFIG
    settings = run_folder.read_json(path)["settings"] if path.exists() else {}
    return TestedRun(str(folder), folder, results, predictions, _flat(settings))


def _flat(settings: dict[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in settings.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": shown(value)}
    return found


def _other_frames(one: Predictions, other: Predictions) -> str | None:
    if one.spans != other.spans:
        return f"{sum(span.frames for span in other.spans):,} frames of {len(other.spans)} views"
    if not np.allclose(one.target_root_mm, other.target_root_mm, atol=0.1):
        return "the same views with other true poses"
    return None


def compare(runs: Sequence[TestedRun]) -> dict[str, Any]:
    """All numbers of the comparison, as plain values: each run after the first beside the first.

    A difference is run minus first; its interval is over sequences (subject, trial, camera), paired.
    """
    first, *others = runs
    spans = first.predictions.spans
    found: dict[str, Any] = {
        "runs": [run.name for run in runs],
        "protocols": [run.results["protocol"] for run in runs],
        "frames": len(first.predictions.target_root_mm),
        "sequences": len(spans),
        "trials": len({(span.subject, span.trial) for span in spans}),
        "subjects": len({span.subject for span in spans}),
        "metrics": {},
        "joints_mm": {},
        "settings": _differing_settings(runs),
    }
    for key, metric in METRICS.items():
        weights = weights_of(first.results["per_view"], key)
        by_view = [np.array([view[key]["network"] for view in run.results["per_view"].values()]) for run in runs]
        whole = [run.results["metrics"][key]["network"] for run in runs]
        differences = []
        for values, name in zip(by_view[1:], [run.name for run in others], strict=True):
            apart = values - by_view[0]
            mean = float((apart * weights).sum() / weights.sum())
            differences.append({"run": name, "difference": mean, "interval": interval(apart, weights)})
        found["metrics"][key] = {
            "title": metric.title,
            "unit": metric.unit,
            "less_is_better": metric.less_is_better,
            "values": whole,
            "differences": differences,
        }
    for name in skeleton.NAMES:
        found["joints_mm"][name] = [round(run.results["per_joint"][name]["network"], 3) for run in runs]
    return found


def _differing_settings(runs: Sequence[TestedRun]) -> dict[str, list[str]]:
    keys = sorted({key for run in runs for key in run.settings})
    values = {key: [run.settings.get(key, "not there") for run in runs] for key in keys}
    return {key: each for key, each in values.items() if len(set(each)) > 1}


def table(found: dict[str, Any]) -> str:
    """The comparison as Markdown.

    Args:
        found: of `compare`.
    """
    letters = [chr(ord("A") + number) for number in range(len(found["runs"]))]
    lines = ["# Runs compared", ""]
    lines += [f"* **{letter}**: `{name}`" for letter, name in zip(letters, found["runs"], strict=True)]
    lines += ["", *_protocol_lines(letters, found["protocols"]), ""]
    titles = [f"{letter} - A [95 %]" for letter in letters[1:]]
    lines += [f"| | {' | '.join([*letters, *titles])} |", "|---|" + "---:|" * (2 * len(letters) - 1)]
    for metric in found["metrics"].values():
        values = [f"{value:.1f}" for value in metric["values"]]
        apart = [_difference_words(each, metric["less_is_better"]) for each in metric["differences"]]
        lines.append(f"| {metric['title']} ({metric['unit']}) | {' | '.join([*values, *apart])} |")
    lines += ["", _caution(found), ""]
    for number, letter in enumerate(letters[1:], start=1):
        moved = {name: values[number] - values[0] for name, values in found["joints_mm"].items()}
        order = sorted(moved, key=lambda name: -abs(moved[name]))[:_JOINTS_SHOWN]
        words = ", ".join(f"{name} {moved[name]:+.1f}" for name in order)
        lines.append(f"Joints that differ most, {letter} - A, in mm: {words}.")
    lines += ["", "## Settings that differ", ""]
    if not found["settings"]:
        return "\n".join([*lines, "None.", ""])
    lines += [f"| | {' | '.join(letters)} |", "|---|" + "---|" * len(letters)]
    lines += [f"| `{key}` | {' | '.join(values)} |" for key, values in found["settings"].items()]
    return "\n".join([*lines, ""])


def _difference_words(difference: dict[str, Any], less_is_better: bool) -> str:
    words, bounds = f"{difference['difference']:+.2f}", difference["interval"]
    if bounds is None:
        return words
    low, high = bounds
    verdict = ""
    if low > 0 or high < 0:
        verdict = " better" if (high < 0) == less_is_better else " worse"
    return f"{words} [{low:+.2f}, {high:+.2f}]{verdict}"


def _protocol_lines(letters: Sequence[str], protocols: Sequence[str]) -> list[str]:
    if len(set(protocols)) == 1:
        return [f"Protocol: {protocols[0]}."]
    return [f"Protocol of {letter}: {words}.  " for letter, words in zip(letters, protocols, strict=True)]


def _caution(found: dict[str, Any]) -> str:
    subjects = "one subject" if found["subjects"] == 1 else f"{found['subjects']} subjects"
    sequences = f"{found['sequences']} sequences ({found['trials']} trials of {subjects}"
    return (
        f"{found['frames']:,} frames of {sequences}, seen by "
        "several cameras). Intervals are of paired differences, whole sequences drawn with replacement. Cameras that "
        "see the same walk make them too narrow, and they say nothing of other people or other seeds: for those, "
        "train with several seeds."
    )


def draw_curves(runs: Sequence[TestedRun], path: Path, comment: str = "") -> None:
    """Validation error of all runs over the training pictures seen, the first stage's included.

    Args:
        runs: of `read_runs`.
        path: of the picture.
        comment: stored in it.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 4.6), dpi=150, layout="constrained")
    axes = figure.subplots()
    for number, run in enumerate(runs):
        curve = _curve(run.folder)
        letter, colour = chr(ord("A") + number), _COLOURS[number % len(_COLOURS)]
        if len(curve):
            axes.plot(*curve.T, color=colour, linewidth=1.8, marker="o", markersize=3, label=f"{letter}: {run.name}")
            axes.axhline(curve[:, 1].min(), color=colour, linewidth=0.8, linestyle=":")
    axes.set_xlabel("training pictures seen, both stages (thousands)")
    axes.set_ylabel("validation MPJPE (mm)")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.plot([], [], color="black", linewidth=0.8, linestyle=":", label="dotted lines: the lowest of each")
    figure.legend(loc="outside lower left", frameon=False, fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None, "Comment": comment})


def _curve(folder: Path) -> ndarray:
    """(validations, 2): thousands of pictures seen, MPJPE in mm."""
    seen, points = 0, []
    for stage in STAGES:
        path = folder / stage
        if not (path / run_folder.CONFIG).exists():
            continue
        batch = run_folder.read_json(path / run_folder.CONFIG)["settings"][stage]["batch_size"]
        rows = run_folder.read_metrics(path / run_folder.METRICS)
        if stage == "finetune":
            chosen = [row for row in rows if row["split"] == "validation" and "mpjpe_mm" in row]
            points = [[(seen + row["step"] * batch) / 1000, row["mpjpe_mm"]] for row in chosen]
        seen += max((row["step"] for row in rows), default=0) * batch
    return np.array(points).reshape(-1, 2)


def write_comparison(runs: Sequence[TestedRun], out: Path) -> str:
    """Writes table, numbers and chart into a folder; returns the table."""
    found = compare(runs)
    out.mkdir(parents=True, exist_ok=True)
    record = provenance.record(runs=[{"run": run.name, **provenance.of_results(run.results)} for run in runs])
    draw_curves(runs, out / CURVES, provenance.one_line(record))
    write_json(out / NUMBERS, json.loads(provenance.one_line(record, **found)))
    text = table(found)
    comment = provenance.in_html(record)
    with replacing(out / TABLE) as temporary:
        temporary.write_text(f"{text}\n![Learning curves]({CURVES})\n\n{comment}\n", encoding="utf-8")
    return text
