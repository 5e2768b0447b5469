"""Tells a diagnosis: a table for people, one JSON document for programs, and what to do next for both."""

import shlex
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from preprocessing.catalog import CAMERAS, is_crowd
from preprocessing.doctor import READY, USABLE, Diagnosis
from preprocessing.doctor_findings import ABSENT, BROKEN, GAP, NOTE, PLAIN_NAMES, WRONG, ViewReport

TEST_SUBJECTS = ("S9", "S11")
_WORDS = ("ready", "usable with gaps", "not usable")
_HEADER = ("", "view", "video", "poses", "masks", "picture", "bones", "2D-3D")
_LEGEND = (
    "poses: found/expected. bones: the most by which one changes its length, or differs from left to right.",
    "2D-3D: from the 2D joints to the projected 3D ones.",
)
_PLURALS = {"video": "videos"}
_RIGHT = (2, 3, 4, 6, 7)
"""Columns of numbers."""


def as_text(diagnosis: Diagnosis) -> str:
    """The table, with one line per view, what to mend, the verdict and the next command."""
    parts = [[_title(diagnosis)], _table(diagnosis), _general(diagnosis), _to_mend(diagnosis)]
    at_once = diagnosis.exit_status == READY or diagnosis.meant or " preprocess " in next_command(diagnosis)
    when = "" if at_once else "  (when mended)"
    parts.append([f"Verdict: {verdict(diagnosis)}", f"Next:    {next_command(diagnosis)}{when}"])
    return "\n\n".join("\n".join(part) for part in parts if part)


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """All that was found, as plain JSON."""
    return {
        "root": str(diagnosis.root),
        "actions": list(diagnosis.actions),
        "synthetic": diagnosis.synthetic,
        "metadata": diagnosis.metadata and str(diagnosis.metadata),
        "status": _WORDS[diagnosis.exit_status],
        "exit_status": diagnosis.exit_status,
        "verdict": verdict(diagnosis),
        "next_command": next_command(diagnosis),
        "views_sound": sum(view.sound for view in diagnosis.views),
        "findings": [vars(finding) for finding in diagnosis.findings],
        "archives": [archive.as_json() for archive in diagnosis.archives],
        "views": [view.as_json() for view in diagnosis.views],
    }


def verdict(diagnosis: Diagnosis) -> str:
    """In a sentence or two."""
    views = diagnosis.views
    sound = sum(view.sound for view in views)
    if diagnosis.exit_status == READY:
        return f"ready. All {len(views)} views are sound."
    if not views:
        return "not usable. Nothing of Human3.6M is here."
    if diagnosis.exit_status != USABLE:
        return f"not usable. Not one of {len(views)} views is sound."
    words = (
        f"usable with gaps. {sound} of {len(views)} views {'is' if sound == 1 else 'are'} sound{_the_others(views)}."
    )
    subjects = {view.subject for view in views if view.sound}
    if not subjects & set(TEST_SUBJECTS):
        words += f" No test subject ({', '.join(TEST_SUBJECTS)}) is among them: nothing could be evaluated."
    if not subjects - set(TEST_SUBJECTS):
        words += " No training subject is among them."
    return words


def _the_others(views: Sequence[ViewReport]) -> str:
    """What is to be expected of the views that are not sound."""
    absent = sum(view.origin == ABSENT for view in views)
    broken = sum(any(finding.severity == BROKEN for finding in view.findings) for view in views) - absent
    spoiling = sum(not view.sound for view in views) - absent - broken
    counts = ((absent, "not there"), (broken, "left out by preprocessing"), (spoiling, "taken, but wrong"))
    told = ", ".join(f"{count} {words}" for count, words in counts if count)
    return f"; {told}" if told else ""


def next_command(diagnosis: Diagnosis) -> str:
    """What to type next; mended must be first whatever would spoil a training."""
    root, options = shlex.quote(str(diagnosis.root)), _options(diagnosis)
    if diagnosis.meant:
        return f"h36m-pose doctor {shlex.quote(str(diagnosis.meant))}{options}"
    if diagnosis.synthetic and diagnosis.capture_options and not all(view.sound for view in diagnosis.views):
        return f"h36m-pose capture {root} {diagnosis.capture_options}"
    spoiling = any(finding.severity == WRONG for view in diagnosis.views for finding in view.findings)
    if diagnosis.exit_status not in (READY, USABLE) or spoiling:
        return f"h36m-pose doctor {root}{options}"
    return f"h36m-pose preprocess {root} {shlex.quote(str(_dataset(diagnosis)))}{options}"


def _dataset(diagnosis: Diagnosis) -> Path:
    if not diagnosis.synthetic:
        return Path("data/h36m/dataset")
    root = diagnosis.root
    return root.parent / "dataset" if root.name == "raw" else root.with_name(f"{root.name}-dataset")


def _options(diagnosis: Diagnosis) -> str:
    return "" if diagnosis.actions == ("Walking",) else f" --actions {','.join(diagnosis.actions)}"


def _title(diagnosis: Diagnosis) -> str:
    what = "Synthetic capture" if diagnosis.synthetic else "Human3.6M"
    where = "archives" if diagnosis.archives else "folders"
    words = f"{what}, {', '.join(diagnosis.actions)}, in {diagnosis.root}"
    if diagnosis.views:
        words += f": {len(diagnosis.views)} views, read from {where}"
    return words + (f"; cameras of {diagnosis.metadata}" if diagnosis.metadata else "")


def _table(diagnosis: Diagnosis) -> list[str]:
    if not diagnosis.views:
        return []
    rows: list[tuple[str, ...]] = [(*_HEADER, "")]
    for group in _folded(diagnosis.views):
        rows.append(_row(group))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in _RIGHT else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return [*lines, "", *_LEGEND]


def _folded(views: Sequence[ViewReport]) -> list[list[ViewReport]]:
    """One group per line: every view of its own, but for the sound crowd, and for trials that are not there at all."""
    absent = Counter((view.subject, view.trial) for view in views if view.origin == ABSENT)
    groups: dict[tuple[str, ...], list[ViewReport]] = defaultdict(list)
    for view in views:
        told = "; ".join(finding.words for finding in view.findings)
        if is_crowd(view.subject) and view.sound:
            groups["crowd", told].append(view)
        elif view.origin == ABSENT and absent[view.subject, view.trial] == len(CAMERAS):
            groups["absent", view.subject, view.trial].append(view)
        else:
            groups["view", view.name].append(view)
    return list(groups.values())


def _row(group: list[ViewReport]) -> tuple[str, ...]:
    first = group[0]
    mark = _mark(first)
    told = "; ".join(finding.words for finding in first.findings)
    if first.origin == ABSENT:
        name = first.name if len(group) == 1 else f"{first.subject} {first.trial}, all cameras"
        return mark, name, "-", _of(None, first.poses_expected), "-", "-", "-", "-", told
    numbers = [
        _sum(group, "video_frames"),
        _of(_total(group, "poses"), _total(group, "poses_expected")),
        _sum(group, "masks"),
        _only({f"{view.width_px}x{view.height_px}" if view.width_px else "-" for view in group}),
        _worst(group, ("bone_change_mm", "bone_asymmetry_mm"), "mm"),
        _worst(group, ("projection_px", "metadata_px"), "px"),
    ]
    if len(group) == 1:
        return mark, first.name, *numbers, told
    subjects = list(dict.fromkeys(view.subject for view in group))
    name = f"{subjects[0]} to {subjects[-1]}, the crowd" if len(subjects) > 1 else f"{subjects[0]}, of the crowd"
    return mark, name, *numbers, f"{len(group)} views" + (f": {told}" if told else "")


def _mark(view: ViewReport) -> str:
    severities = {finding.severity for finding in view.findings}
    return "none" if view.origin == ABSENT else "BAD" if not view.sound else "gap" if GAP in severities else "ok"


def _total(group: list[ViewReport], field: str) -> int | None:
    values = [getattr(view, field) for view in group]
    return None if None in values else sum(values)


def _sum(group: list[ViewReport], field: str) -> str:
    total = _total(group, field)
    return "-" if total is None else str(total)


def _of(found: int | None, expected: int | None) -> str:
    """Found, and what was expected if that is known: "3476/3476"."""
    return f"{'-' if found is None else found}" + ("" if expected is None else f"/{expected}")


def _only(values: set[str]) -> str:
    return values.pop() if len(values) == 1 else "various"


def _worst(group: list[ViewReport], fields: tuple[str, ...], unit: str) -> str:
    values = [getattr(view, field) for view in group for field in fields]
    known = [value for value in values if value is not None]
    return f"{max(known):.2f} {unit}" if known else "-"


def _general(diagnosis: Diagnosis) -> list[str]:
    lines = []
    if diagnosis.archives:
        held: Counter[str] = Counter()
        for archive in diagnosis.archives:
            held.update(archive.files)
        told = ", ".join(f"{count} {_PLURALS.get(kind, PLAIN_NAMES[kind])}" for kind, count in held.items())
        gigabytes = sum(archive.bytes for archive in diagnosis.archives) / 1e9
        lines.append(
            f"      {len(diagnosis.archives)} archives, {gigabytes:.1f} GB: {told or 'nothing that is wanted'}"
        )
        idle = [archive.name for archive in diagnosis.archives if not archive.files and not archive.broken]
        if idle and told:
            lines.append(f"note  no {' or '.join(diagnosis.actions)} files in {', '.join(idle)}")
    marks = {NOTE: "note", GAP: "gap", WRONG: "BAD", BROKEN: "BAD"}
    return lines + [f"{marks[finding.severity]:4}  {finding.words}" for finding in diagnosis.findings]


def _to_mend(diagnosis: Diagnosis) -> list[str]:
    """Each advice once, with the views that it is for; that on the root first."""
    groups: dict[str, list[str]] = defaultdict(list)
    for finding in diagnosis.findings:
        if finding.mend and finding.severity != NOTE:
            groups[finding.mend].append("")
    for view in diagnosis.views:
        for finding in view.findings:
            if finding.mend and finding.severity != NOTE and view.name not in groups[finding.mend]:
                groups[finding.mend].append(view.name)
    lines = []
    for mend, names in groups.items():
        named = [name for name in names if name]
        whose = f"{named[0]}{f' and {len(named) - 1} more' if len(named) > 1 else ''}: " if named else ""
        lines.append(f"  {whose}{mend}.")
    return ["To mend:", *lines] if lines else []
