"""What a study consists of, read from `experiments/studies/*.py`. No JAX here: typing errors answer at once.

A study is a Python file with `get_study()` that returns plain values under the names of `Study`'s fields. A row is one
way to train and test, for each of several seeds.
"""

import dataclasses
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from h36m_pose import configuration
from h36m_pose.errors import InputError


@dataclasses.dataclass(frozen=True)
class Row:
    """One way to train and test.

    Attributes:
        name: short, of the row's folder and file.
        words: what people read.
        experiment: a name in `experiments/`.
        overrides: of its settings.
        pretrain: whether there is a first stage.
        starts_from: another row of the study whose first stage is taken instead of one of its own; "" for none.
        tests: another row whose network is tested in another way, as "row" or "study/row"; "" for its own.
        verb: of `h36m-pose`, what tests it: "evaluate", "robustness" or "temporal".
        options: words for it.
        baseline: a name of `studies.baselines` that is fitted instead of a network; "" for a network.
        capture: of the study's `captures`, the one that is used instead of the dataset; "" for the dataset.
        against: the row that tells what its error would be ordinarily, as "study/row" or "row"; "" for none.
        seeds: with which it is run; the study's if empty.
    """

    name: str
    words: str
    experiment: str
    overrides: tuple[str, ...] = ()
    pretrain: bool = True
    starts_from: str = ""
    tests: str = ""
    verb: str = "evaluate"
    options: tuple[str, ...] = ()
    baseline: str = ""
    capture: str = ""
    against: str = ""
    seeds: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Study:
    """Rows that answer a question together.

    Attributes:
        name: of its file.
        order: place among the studies.
        title: a few words.
        question: what is asked and how, for the page.
        finding: the answer, written by people who have seen the rows; "" while there is none.
        seeds: of each row that has none of its own.
        rows: by name; the first is the one others are set against.
        borrowed: rows of other studies shown beside them, as "study/row".
        chart: rows whose learning curves are drawn.
        race: two rows: how soon does the second reach the first one's last error?
        layout: of its table: "rows", or a key of `result_tables.TABLES`.
        captures: by name, the words for `h36m-pose capture` that film what rows use besides the dataset.
    """

    name: str
    order: int
    title: str
    question: str
    finding: str
    seeds: tuple[int, ...]
    rows: dict[str, Row]
    borrowed: tuple[str, ...]
    chart: tuple[str, ...]
    race: tuple[str, ...]
    layout: str = "rows"
    captures: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


def studies_folder() -> Path:
    """Where the studies that come with the project lie."""
    return configuration.experiments_folder() / "studies"


def published_results() -> Path | None:
    """Where the results lie that come with the project; None in an installation that has none."""
    folder = configuration.experiments_folder().parent / "docs" / "results"
    return folder if folder.is_dir() else None


def study_names() -> tuple[str, ...]:
    """All studies by the alphabet."""
    return tuple(sorted(file.stem for file in studies_folder().glob("[a-z]*.py")))


def all_studies() -> list[Study]:
    """All studies in the order in which they are run and shown."""
    return sorted(map(load_study, study_names()), key=lambda study: study.order)


def load_study(name: str) -> Study:
    """Reads a study.

    Args:
        name: of a file of `experiments/studies/`, without its `.py`.

    Raises:
        InputError: if there is none, or if a row names another that is not there.
    """
    path = studies_folder() / f"{name}.py"
    if not path.is_file():
        known = study_names()
        near = difflib.get_close_matches(name, known, n=1)
        mend = f"Did you mean {near[0]}?" if near else "Choose one of these"
        raise InputError(name, "no such study", f"one of {', '.join(known)}", mend)
    return _study(name, configuration.read_python(path, "get_study", "experiments/studies/pretraining.py")())


def _study(name: str, plain: Any) -> Study:
    rows = {row: _row(row, plain, fields) for row, fields in plain.rows.items()}
    for row in rows.values():
        for other in (row.starts_from, row.tests, row.against):
            if other and "/" not in other and other not in rows:
                raise InputError(f"study {name}, row {row.name}", f"no row {other}", _listed(rows), "Name one of these")
        if row.capture and row.capture not in plain.captures:
            found, known = f"no capture {row.capture}", _listed(plain.captures)
            raise InputError(f"study {name}, row {row.name}", found, known, "Name one of these")
    return Study(
        name=name,
        order=plain.order,
        title=plain.title,
        question=" ".join(plain.question.split()),
        finding=plain.finding.strip(),
        seeds=tuple(plain.seeds),
        rows=rows,
        borrowed=tuple(plain.borrowed),
        chart=tuple(plain.chart),
        race=tuple(plain.race),
        layout=plain.layout,
        captures={capture: tuple(words) for capture, words in plain.captures.items()},
    )


def _row(name: str, study: Any, fields: dict[str, Any]) -> Row:
    overrides = (*study.overrides, *fields["overrides"])
    return Row(**{"experiment": study.experiment, **fields, "name": name, "overrides": overrides})


def _listed(names: Sequence[str] | dict[str, Any]) -> str:
    return f"one of {', '.join(names)}"


def chosen_rows(study: Study, names: Sequence[str]) -> list[Row]:
    """The rows of these names; all of them if none is named.

    Raises:
        InputError: if there is no such row.
    """
    for name in names:
        if name not in study.rows:
            near = difflib.get_close_matches(name, study.rows, n=1)
            mend = f"Did you mean {near[0]}?" if near else "Choose one of these"
            raise InputError(f"--rows {name}", f"no such row in {study.name}", _listed(study.rows), mend)
    return [study.rows[name] for name in names or study.rows]
