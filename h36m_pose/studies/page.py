"""The page of all results, made from the rows' JSON files alone."""

import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import replacing
from h36m_pose.studies import charts, result_tables
from h36m_pose.studies.row_results import Result, read_result
from h36m_pose.studies.study import Study

_INTRODUCTION = """\
# Results

Written by `h36m-pose experiments` from the JSON files in the folder `{folder}`. Each holds the commands, settings,
curves, versions, commit, machine and wall time of one row with one seed. `make experiments` runs every row, from
nothing if need be, into a page of your own, `runs/experiments/results.md`, and tells each figure beside the one of
`docs/results.md`.

{words}

Numbers are means over seeds ± the standard deviation between seeds, where there are two or more. The standard deviation
does not cover the choice of test subject: there is one. `images` counts training pictures shown, both stages together;
`time` is the processor's, of training and test on one core, as long as nothing interrupted them.
"""

_SEVERAL_CAPTURES = """\
The capture was filmed anew on each kind of processor. That changes few crop values, by some grey levels, and the
dataset's fingerprint with them; below each table stands which rows were run where."""

_NOTHING = "-"

_COLUMNS = {
    "mpjpe": ("MPJPE", "mm"),
    "pa_mpjpe": ("PA-MPJPE", "mm"),
    "n_mpjpe": ("N-MPJPE", "mm"),
    "mpjve": ("MPJVE", "mm/frame"),
}


def write_page(studies: Sequence[Study], results: Path, page: Path, findings: bool) -> None:
    """Writes the page and the pictures in it.

    Args:
        studies: in order.
        results: where the rows' JSON files are.
        page: the Markdown file; the pictures go beside the results.
        findings: whether to tell what was found; of the project's own results alone, which they are about.
    """
    found = {study.name: results_of(study, results) for study in studies}
    for study in studies:
        charts.draw(study, found[study.name], results / f"{study.name}.png")
    text = page_text(studies, found, os.path.relpath(results, page.parent), findings)
    with replacing(page) as temporary:
        temporary.write_text(text, encoding="utf-8")


def results_of(study: Study, results: Path) -> dict[str, list[Result]]:
    """The results of each row, borrowed ones included, by seed."""
    places = {row: (study.name, row) for row in study.rows}
    for name in study.borrowed:
        folder, _, row = name.partition("/")
        places[name] = (folder, row)
    found = {}
    for name, (folder, row) in places.items():
        rows = [read_result(path) for path in sorted((results / folder).glob(f"{row}.seed*.json"))]
        found[name] = sorted((row for row in rows if row), key=lambda row: row["seed"])
    return found


def page_text(studies: Sequence[Study], found: dict[str, dict[str, list[Result]]], folder: str, findings: bool) -> str:
    """The page as Markdown.

    Args:
        studies: in order.
        found: by study and row, the results of all seeds.
        folder: of the pictures and JSON files, seen from the page.
        findings: whether to tell what was found.
    """
    every = [result for rows in found.values() for results in rows.values() for result in results]
    parts = [_INTRODUCTION.format(folder=folder, words=_capture_words(every))]
    for study in studies:
        parts.append(_study_text(study, found[study.name], folder, findings))
    return "\n".join(parts).rstrip() + "\n"


def _capture_words(results: Sequence[Result]) -> str:
    if not results:
        return "**There is no result yet.**"
    if all("synthetic capture" in _protocol(result) for result in results):
        words = (
            "**Everything here was measured on the synthetic studio, not on Human3.6M**: do not set these numbers\n"
            "beside published Human3.6M numbers. They compare ways of training with each other."
        )
        several = len({result["dataset"]["fingerprint"] for result in results}) > 1
        return words + (f"\n\n{_SEVERAL_CAPTURES}" if several else "")
    return "The capture is named with each protocol."


def _study_text(study: Study, found: dict[str, list[Result]], folder: str, findings: bool) -> str:
    lines = [f"## {study.title}", "", study.question, ""]
    if findings and study.finding:
        lines += [study.finding, ""]
    shown = {name: results for name, results in found.items() if results}
    if not shown:
        return "\n".join([*lines, "Not run yet.", ""])
    if study.layout == "rows":
        lines += _table(study, found)
    else:
        lines += result_tables.TABLES[study.layout](study, shown)
    if study.race and all(found.get(name) for name in study.race):
        lines += ["", _race_words(study, found)]
    if study.chart and any(found.get(name) for name in study.chart):
        lines += ["", f"![Learning curves: {study.title}]({folder}/{study.name}.png)"]
    lines += ["", *protocols(shown), "", *provenance(shown), "", *_command(study), ""]
    return "\n".join(lines)


def _table(study: Study, found: dict[str, list[Result]]) -> list[str]:
    titles = [f"{title} ({unit})" for title, unit in _COLUMNS.values()]
    lines = [
        "| row | " + " | ".join(titles) + " | validation (mm) | images | time | seeds |",
        "|---|" + "---:|" * (len(titles) + 4),
    ]
    for name, results in found.items():
        row = study.rows.get(name)
        words = row.words if row else f"{results[0]['words']} (from {name})" if results else name
        if not results:
            lines.append(f"| {words} | " + "not run yet | " + "| " * (len(titles) + 3))
            continue
        tested = [result["test"]["metrics"] for result in results]
        numbers = [result_tables.mean_and_spread([metrics[key] for metrics in tested]) for key in _COLUMNS]
        lines.append(f"| {words} | " + " | ".join([*numbers, *_costs(results)]) + " |")
    return lines


def _costs(results: Sequence[Result]) -> list[str]:
    """Validation, images, time and seeds of a row."""
    finetuned = [result["stages"]["finetune"] for result in results if "stages" in result]
    validation = result_tables.mean_and_spread([stage["best"] for stage in finetuned]) if finetuned else _NOTHING
    images = f"{sum(stage['images'] for stage in results[0]['stages'].values()):,}" if finetuned else _NOTHING
    seconds = [result["processor_seconds"] for result in results if result["processor_seconds"]]
    time = f"{statistics.mean(seconds) / 60:.0f} min" if seconds else _NOTHING
    return [validation, images, time, ", ".join(str(result["seed"]) for result in results)]


def reaching(curve: Sequence[Sequence[float]], target: float) -> float | None:
    """Pictures seen when a curve first falls to a value, interpolated between validations; None if it never does.

    Args:
        curve: (pictures seen, value) of each validation.
        target: the value.
    """
    before: Sequence[float] | None = None
    for images, value in curve:
        if value <= target:
            if before is None:
                return images
            share = (before[1] - target) / (before[1] - value)
            return before[0] + share * (images - before[0])
        before = (images, value)
    return None


def _race_words(study: Study, found: dict[str, list[Result]]) -> str:
    """How soon the second of two rows reaches the last validation error of the first one, seed by seed."""
    slow, fast = study.race
    first = {result["seed"]: result for result in found[slow]}
    outcomes = []
    for result in found[fast]:
        other = first.get(result["seed"])
        if other is None:
            continue
        curve, total = other["stages"]["finetune"]["curve"], other["stages"]["finetune"]["images"]
        images = reaching(result["stages"]["finetune"]["curve"], curve[-1][1])
        if images is None:
            outcomes.append(f"never (seed {result['seed']})")
            continue
        before = result["stages"]["pretrain"]["images"]
        outcomes.append(
            f"after {100 * images / total:.0f} % of its pictures counting the second stage alone, "
            f"{100 * (images + before) / total:.0f} % counting both (seed {result['seed']})"
        )
    return (
        f"*{study.rows[fast].words}* reaches the last validation error of *{study.rows[slow].words}* "
        f"{'; '.join(outcomes)}."
    )


def protocols(found: dict[str, list[Result]]) -> list[str]:
    """What the protocols of all rows have in common, then what each has besides, with the rows it holds for.

    Args:
        found: the results of each row by seed; none is empty.
    """
    rows: dict[str, list[str]] = {}
    for name, results in found.items():
        rows.setdefault(_protocol(results[0]), []).append(name)
    several = [words.split("; ") for words in rows]
    common = [clause for clause in several[0] if all(clause in clauses for clauses in several)]
    lines = [f"Protocol: {'; '.join(common)}."] if common else []
    for clauses, names in zip(several, rows.values(), strict=True):
        own = [clause for clause in clauses if clause not in common]
        if own:
            beside = " besides" if common else ""
            lines.append(f"Protocol of {', '.join(f'`{name}`' for name in names)}{beside}: {'; '.join(own)}.")
    return "  \n".join(lines).split("\n")


def _protocol(result: Result) -> str:
    return result["protocol"] if "protocol" in result else result["test"]["protocol"]


def provenance(found: dict[str, list[Result]]) -> list[str]:
    """A line for each processor and dataset: cores, dates, commits; which rows and seeds, if there are several lines.

    Args:
        found: the results of each row by seed; none is empty.
    """
    places: dict[tuple[str, str], dict[str, list[Result]]] = {}
    for name, results in found.items():
        for result in results:
            place = (result["machine"]["processor"], result["dataset"]["fingerprint"][:12])
            places.setdefault(place, {}).setdefault(name, []).append(result)
    lines = []
    for (processor, dataset), rows in sorted(places.items(), key=lambda item: _dates(item[1])):
        every = [result for results in rows.values() for result in results]
        cores = " or ".join(sorted({_cores_words(result) for result in every}))
        dates = " to ".join(dict.fromkeys(_dates(rows)))
        commits = sorted({(result["environment"].get("commit") or "no commit")[:9] for result in every})
        line = f"{processor}, {cores}; {dates}; commits {', '.join(commits)}; dataset {dataset}"
        if len(places) > 1:
            seeds = (f"`{name}` ({', '.join(str(each['seed']) for each in results)})" for name, results in rows.items())
            line += f"; rows (seeds): {', '.join(seeds)}"
        lines.append(f"{line}.")
    return "  \n".join(lines).split("\n")


def _dates(rows: dict[str, list[Result]]) -> tuple[str, str]:
    """The first and the last."""
    dates = [result["date"] for results in rows.values() for result in results]
    return min(dates), max(dates)


def _cores_words(result: Result) -> str:
    machine: dict[str, Any] = result["machine"]
    beside = machine["rows_side_by_side"]
    return f"{machine['cores']} cores" + (f" shared by {beside} rows at a time" if beside > 1 else "")


def _command(study: Study) -> list[str]:
    return ["```sh", f"h36m-pose experiments {study.name} --dataset data/full/dataset", "```"]
