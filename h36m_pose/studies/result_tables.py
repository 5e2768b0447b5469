"""Tables whose lines are not rows of a study but what was tested of each: conditions of pictures, ways of smoothing."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from h36m_pose.studies.row_results import Result
from h36m_pose.studies.study import Study


def mean_and_spread(values: Sequence[float], digits: int = 1) -> str:
    """ "23.4 ± 0.6": the mean and the standard deviation between values; the value alone if there is but one."""
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def conditions_table(study: Study, found: dict[str, list[Result]]) -> list[str]:
    """A line per condition, a column of MPJPE per row; the costliest for the first row on top, after clean pictures.

    Args:
        study: whose rows these are.
        found: the results of each row by seed; none is empty.
    """
    lines = [
        "| MPJPE (mm) | " + " | ".join(study.rows[name].words for name in found) + " |",
        "|---|" + "---:|" * len(found),
    ]
    first = next(iter(found.values()))
    for condition in sorted(first[0]["conditions"], key=lambda name: _cost(first, name)):
        words = first[0]["conditions"][condition]["words"]
        columns = [
            mean_and_spread([result["conditions"][condition]["mpjpe"] for result in results])
            if all(condition in result["conditions"] for result in results)
            else "-"
            for results in found.values()
        ]
        lines.append(f"| {words} | " + " | ".join(columns) + " |")
    return lines


def _cost(results: Sequence[Result], condition: str) -> tuple[bool, float]:
    error = statistics.mean(result["conditions"][condition]["mpjpe"] for result in results)
    return condition != "clean", -error


_VARIANT_COLUMNS = {
    "mpjpe": ("MPJPE (mm)", 1),
    "pa_mpjpe": ("PA-MPJPE (mm)", 1),
    "mpjve": ("MPJVE (mm/frame)", 2),
    "constancy": ("constancy (%)", 2),
    "lag_frames": ("lag (frames)", 2),
    "delay_frames": ("delay (frames)", 0),
}


def variants_table(study: Study, found: dict[str, list[Result]]) -> list[str]:
    """A line per way of smoothing, for each row.

    Args:
        study: whose rows these are.
        found: the results of each row by seed; none is empty.
    """
    titles = [title for title, _ in _VARIANT_COLUMNS.values()]
    lines = ["| predictions | " + " | ".join(titles) + " | seeds |", "|---|" + "---:|" * (len(titles) + 1)]
    for name, results in found.items():
        prefix = f"{study.rows[name].words}: " if len(found) > 1 else ""
        for variant in results[0]["variants"]:
            have = [result["variants"][variant] for result in results if variant in result["variants"]]
            columns = [_column(have, key, digits) for key, (_, digits) in _VARIANT_COLUMNS.items()]
            lines.append(f"| {prefix}{variant.replace('_', ' ')} | " + " | ".join(columns) + f" | {len(have)} |")
    return lines


def _column(variants: Sequence[dict[str, Any]], key: str, digits: int) -> str:
    values = [variant[key] for variant in variants if variant[key] is not None]
    return mean_and_spread(values, digits) if values else "-"


def costs_table(study: Study, found: dict[str, list[Result]]) -> list[str]:
    """A line per row: its error beside what it is ordinarily, seen by the same cameras.

    Args:
        study: whose rows these are; those that name no other as `against` are left out.
        found: the results of each row, borrowed ones included, by seed; none is empty.
    """
    lines = ["| new to the network | MPJPE (mm) | ordinarily (mm) | cost (mm) | seeds |", "|---|" + "---:|" * 4]
    for name, row in study.rows.items():
        if not row.against:
            continue
        ordinary = {result["seed"]: _by_camera(result) for result in found.get(row.against, ())}
        pairs = [
            (here, ordinary[result["seed"]], result["seed"])
            for result in found.get(name, ())
            for here in [_by_camera(result)]
            if set(here) <= set(ordinary.get(result["seed"], {}))
        ]
        if not pairs:
            lines.append(f"| {row.words} | not run yet | | | |")
            continue
        errors = [statistics.mean(here.values()) for here, _, _ in pairs]
        usual = [statistics.mean(there[camera] for camera in here) for here, there, _ in pairs]
        costs = [error - other for error, other in zip(errors, usual, strict=True)]
        numbers = [mean_and_spread(values) for values in (errors, usual, costs)]
        lines.append(f"| {row.words} | " + " | ".join(numbers) + f" | {', '.join(str(seed) for *_, seed in pairs)} |")
    return lines


def _by_camera(result: Result) -> dict[str, float]:
    return result["test"]["mpjpe_by_camera"]


TABLES: dict[str, Callable[[Study, dict[str, list[Result]]], list[str]]] = {
    "conditions": conditions_table,
    "costs": costs_table,
    "variants": variants_table,
}
"""How the rows of a study are shown, by `Study.layout`, where it is not "rows"."""
