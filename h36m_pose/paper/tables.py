"""The tables of a paper: metrics beside the baselines, joints, subjects and cameras, with intervals over sequences."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.comparison import compare
from h36m_pose.metrics import joint_errors
from h36m_pose.paper.latex import DAGGER, between, code, count, escape, listed, row, signed, table
from h36m_pose.paper.tested_runs import PaperRun
from h36m_pose.report.intervals import DRAWS, FEWEST, interval, of_metric
from h36m_pose.summary import METRICS

SHOWN = ("mpjpe", "pa_mpjpe", "n_mpjpe", "mpjve", "pck3d", "auc3d")
_RULE = r"\midrule"
_AGREE = 0.05
"""Baselines that differ by less are printed alike."""

Bounds = tuple[float, float] | None


@dataclasses.dataclass(frozen=True)
class Mark:
    """How a value is set among those of the other runs: `best` in bold, or `close` to the best, with a dagger."""

    best: bool = False
    close: bool = False

    def on(self, words: str) -> str:
        """The value, marked."""
        return rf"\textbf{{{words}}}" if self.best else f"{words}{DAGGER}" if self.close else words


def marks(values: Sequence[float], less_is_better: bool, differences: Callable[[int], list[Bounds]]) -> list[Mark]:
    """Which run is the best, if all the others are surely worse; else which of them may not be.

    Args:
        values: of each run.
        less_is_better: which is the best.
        differences: the interval of every other run's paired difference to the run of a number, in their order.
    """
    if len(values) == 1:
        return [Mark()]
    best = int(np.argmin(values) if less_is_better else np.argmax(values))
    bounds = differences(best)
    if any(each is None for each in bounds):
        return [Mark()] * len(values)
    close = [includes_zero(each) for each in bounds]
    close.insert(best, False)
    return [Mark(number == best and not any(close), each) for number, each in enumerate(close)]


def includes_zero(bounds: Bounds) -> bool:
    """Whether an interval of a difference leaves open which of two is better."""
    return bounds is not None and bounds[0] <= 0 <= bounds[1]


def letters(runs: Sequence[PaperRun]) -> list[str]:
    """What each run is called where its name has no room: A, B, ..., or nothing for a single one."""
    return [chr(ord("A") + number) for number in range(len(runs))] if len(runs) > 1 else [""]


def key_to_letters(runs: Sequence[PaperRun]) -> str:
    """Which letter is which run, as a sentence."""
    if len(runs) == 1:
        return ""
    pairs = [f"{letter}: {code(run.name)}" for letter, run in zip(letters(runs), runs, strict=True)]
    return f" {', '.join(pairs)}."


def results_table(runs: Sequence[PaperRun]) -> str:
    """`table.tex`: all metrics of the runs beside the baselines."""
    if len(runs) == 1:
        return _one_run(runs[0])
    heads = [escape(METRICS[key].title) for key in SHOWN]
    units = [escape(METRICS[key].unit) for key in SHOWN]
    found = [compare([runs[0].tested, *(run.tested for run in runs[1:])])["metrics"][key] for key in SHOWN]
    set_as = [_metric_marks(runs, key) for key in SHOWN]
    lines = [row(["", *heads]), row(["", *units]), _RULE, *_baseline_rows(runs), _RULE]
    for number, (letter, run) in enumerate(zip(letters(runs), runs, strict=True)):
        values = [run.results["metrics"][key]["network"] for key in SHOWN]
        cells = [each[number].on(f"{value:.1f}") for each, value in zip(set_as, values, strict=True)]
        lines += [row([f"{letter} {code(run.name)}", *cells])]
        lines += _small_row([between(of_metric(run.results["per_view"], key)) for key in SHOWN])
    lines.append(_RULE)
    for number, letter in enumerate(letters(runs)[1:]):
        apart = [metric["differences"][number] for metric in found]
        cells = [signed(each["difference"]) + DAGGER * includes_zero(each["interval"]) for each in apart]
        lines += [row([f"{letter} $-$ A", *cells])]
        lines += _small_row([between(each["interval"], 2, sign=True) for each in apart])
    caption = (
        f"Results on {escape(_capture(runs))}: {count(_frames(runs), 'frame')} of "
        f"{count(len(runs[0].predictions.spans), 'sequence')}. {_interval_words(runs)} {_mark_words(runs)} "
        f"Below, paired differences to A. {_protocols(runs)}"
    )
    return table("l" + "r" * len(SHOWN), lines, caption, "tab:results", wide=True, tight=True)


def _one_run(run: PaperRun) -> str:
    lines = [row(["", r"\multicolumn{2}{r}{network [95\,\%]}", "mean pose", "zero pose"]), _RULE]
    for key in SHOWN:
        values = run.results["metrics"][key]
        bounds = between(of_metric(run.results["per_view"], key))
        numbers = [f"{values['network']:.1f}", bounds, f"{values['mean_pose']:.1f}", f"{values['zero_pose']:.1f}"]
        lines.append(row([f"{escape(METRICS[key].title)} ({escape(METRICS[key].unit)})", *numbers]))
    caption = (
        f"Results on {escape(_capture([run]))}: {count(_frames([run]), 'frame')} of "
        f"{count(len(run.predictions.spans), 'sequence')}, beside two predictions that look at no picture: the mean "
        f"pose of the training subjects, and all joints on the pelvis. {_interval_words([run])} {_protocols([run])}"
    )
    return table("lr@{ }lrr", lines, caption, "tab:results", tight=True)


def _metric_marks(runs: Sequence[PaperRun], key: str) -> list[Mark]:
    def differences(best: int) -> list[Bounds]:
        others = [run.tested for number, run in enumerate(runs) if number != best]
        found = compare([runs[best].tested, *others])["metrics"][key]["differences"]
        return [each["interval"] for each in found]

    values = [run.results["metrics"][key]["network"] for run in runs]
    return marks(values, METRICS[key].less_is_better, differences)


def _baseline_rows(runs: Sequence[PaperRun]) -> list[str]:
    """The mean pose, once if all runs have the same, and the zero pose."""

    def values(run: PaperRun, who: str) -> list[float]:
        return [run.results["metrics"][key][who] for key in SHOWN]

    means = [values(run, "mean_pose") for run in runs]
    same = all(np.allclose(each, means[0], atol=_AGREE) for each in means)
    titles = ["mean pose"] if same else [f"mean pose of {letter}'s training" for letter in letters(runs)]
    found = [*zip(titles, means, strict=False), ("zero pose", values(runs[0], "zero_pose"))]
    return [row([title, *(f"{value:.1f}" for value in numbers)]) for title, numbers in found]


def _small_row(cells: Sequence[str]) -> list[str]:
    if not any(cells):
        return []
    return [row(["", *(rf"{{\scriptsize {cell}}}" for cell in cells)])]


def joints_table(runs: Sequence[PaperRun]) -> str:
    """`joints.tex`: the error of each joint but the pelvis, which is 0 by definition."""
    errors = [by_sequence(run) for run in runs]
    weights = np.array([span.frames for span in runs[0].predictions.spans], float)
    heads = ["network", r"[95\,\%]"] if len(runs) == 1 else letters(runs)
    lines = [row(["joint", *heads, "mean pose"]), _RULE]
    for joint, name in list(enumerate(skeleton.NAMES))[1:]:
        own = [each[:, joint] for each in errors]
        values = [run.results["per_joint"][name]["network"] for run in runs]
        cells = _marked(values, own, weights)
        if len(runs) == 1:
            cells.append(between(interval(own[0], weights)))
        lines.append(row([name, *cells, f"{runs[0].results['per_joint'][name]['mean_pose']:.1f}"]))
    whole = [f"{run.results['metrics']['mpjpe']['network']:.1f}" for run in runs]
    if len(runs) == 1:
        whole.append(between(of_metric(runs[0].results["per_view"], "mpjpe")))
    mean = runs[0].results["metrics"]["mpjpe"]["mean_pose"]
    lines += [_RULE, row(["all, with the pelvis", *whole, f"{mean:.1f}"])]
    caption = (
        f"Mean error of each joint in mm on {escape(_capture(runs))}, relative to the pelvis. {_interval_words(runs)}"
        f"{' ' + _mark_words(runs) if len(runs) > 1 else ''}{key_to_letters(runs)}{_whose_mean(runs)}"
    )
    return table("lr@{ }lr" if len(runs) == 1 else "l" + "r" * (len(runs) + 1), lines, caption, "tab:joints")


def _marked(values: Sequence[float], own: Sequence[ndarray], weights: ndarray) -> list[str]:
    def differences(best: int) -> list[Bounds]:
        return [interval(each - own[best], weights) for number, each in enumerate(own) if number != best]

    found = marks(values, True, differences)
    return [mark.on(f"{value:.1f}") for mark, value in zip(found, values, strict=True)]


def by_sequence(run: PaperRun) -> ndarray:
    """(sequences, joints): the mean errors in mm."""
    errors = joint_errors(run.predictions.predicted_root_mm, run.predictions.target_root_mm)
    return np.stack([errors[frames].mean(0) for _, frames in run.predictions.by_view()])


def groups_table(runs: Sequence[PaperRun]) -> str | None:
    """`groups.tex`: the error by test subject and by camera; None if the results do not have them."""
    kinds = [("subject", "per_subject"), ("camera", "per_camera")]
    if not all(run.results.get(key) for run in runs for _, key in kinds):
        return None
    heads = ["MPJPE"] if len(runs) == 1 else letters(runs)
    lines = [row(["", "frames", *heads, "mean pose"])]
    for title, key in kinds:
        lines.append(_RULE)
        for name, group in runs[0].results[key].items():
            values = [f"{run.results[key][name]['mpjpe']['network']:.1f}" for run in runs]
            mean = f"{group['mpjpe']['mean_pose']:.1f}"
            lines.append(row([f"{title} {escape(name)}", count(group["frames"]), *values, mean]))
    caption = (
        f"MPJPE in mm by test subject and by camera on {escape(_capture(runs))}.{key_to_letters(runs)}"
        f"{_whose_mean(runs)}"
    )
    return table("lr" + "r" * (len(runs) + 1), lines, caption, "tab:groups")


def _whose_mean(runs: Sequence[PaperRun]) -> str:
    return "" if len(runs) == 1 else " The mean pose is that of A's training subjects."


def _capture(runs: Sequence[PaperRun]) -> str:
    return listed(list(dict.fromkeys(run.capture_words for run in runs)))


def _frames(runs: Sequence[PaperRun]) -> int:
    return int(runs[0].results["frames"])


def _interval_words(runs: Sequence[PaperRun]) -> str:
    number = len(runs[0].predictions.spans)
    if number < FEWEST:
        return f"With {count(number, 'sequence')} there are no intervals."
    return (
        rf"In brackets 95\,\% intervals: {count(DRAWS, 'draw')} with replacement of whole sequences (a trial seen by "
        "one camera); they do not cover other people or another training."
    )


def _mark_words(runs: Sequence[PaperRun]) -> str:
    if len(runs[0].predictions.spans) < FEWEST:
        return "Nothing is marked as the best."
    return (
        rf"Bold: the best, where the 95\,\% intervals of the paired differences to all other runs exclude zero; "
        f"{DAGGER}: the interval of the difference to the best, or of the difference itself, holds zero."
    )


def _protocols(runs: Sequence[PaperRun]) -> str:
    words: list[Any] = list(dict.fromkeys(run.results["protocol"] for run in runs))
    if len(words) == 1:
        return f"Protocol: {escape(words[0])}."
    own = zip(letters(runs), runs, strict=True)
    return " ".join(f"Protocol of {letter}: {escape(run.results['protocol'])}." for letter, run in own)
