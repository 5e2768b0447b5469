"""Runs the studies of `experiments/studies/` and writes the page with their results.

A study is a table: rows that differ in one thing, each trained with several seeds. A row whose result is there is left
alone; an interrupted one goes on. Every row tells the time it is expected to take, the commands it consists of, and in
the end what the project's own page, docs/results.md, has in its place. Rows of other studies that a study tests, goes
on from or is shown beside are run with it.

  h36m-pose experiments --list
  h36m-pose experiments pretraining --rows scratch,pretrained --seeds 0 --dataset data/full/dataset
  h36m-pose experiments --jobs 2 --dataset data/full/dataset
  h36m-pose experiments --page-only --results docs/results
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_dataset, require_place

if TYPE_CHECKING:
    from h36m_pose.studies.study import Row, Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose experiments`."""
    parser.add_argument("studies", nargs="*", metavar="STUDY", help="which of them (default: all)")
    parser.add_argument("--list", action="store_true", help="list the studies and their rows, and stop")
    parser.add_argument("--rows", default="", metavar="A,B", help="of one study, these rows alone (default: all)")
    parser.add_argument("--seeds", default="", metavar="0,1", help="these seeds alone (default: each study's own)")
    parser.add_argument("--dataset", type=Path, help="what `h36m-pose preprocess` wrote")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/experiments"), help="where the runs go (default: %(default)s)"
    )
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help="where the results go (default: results in that folder)"
    )
    parser.add_argument("--page", type=Path, help="the page with all results (default: results.md beside them)")
    parser.add_argument(
        "--captures",
        type=Path,
        default=Path("data"),
        metavar="FOLDER",
        help="where rows film captures of their own: other clothes, another crowd (default: %(default)s)",
    )
    parser.add_argument(
        "--motions",
        type=Path,
        metavar="FOLDER",
        help="walks of the CMU database (07_01.amc and 07.asf, 08_01, 16_15, 35_01; free at mocap.cs.cmu.edu) for the "
        "rows on motion from outside, which are left out otherwise",
    )
    parser.add_argument("--page-only", action="store_true", help="write the page from the results at hand, and stop")
    parser.add_argument("--jobs", type=int, default=1, help="rows side by side, sharing out the cores (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Runs what is open, then writes the page; returns the exit status."""
    from h36m_pose.studies.study import all_studies, chosen_rows, load_study, published_results

    arguments.results = arguments.results or arguments.work / "results"
    arguments.page = arguments.page or arguments.results.parent / "results.md"
    studies = [load_study(name) for name in arguments.studies] if arguments.studies else all_studies()
    if arguments.list:
        _tell(studies)
        return 0
    if arguments.jobs < 1:
        raise InputError("--jobs", str(arguments.jobs), "1 or more", "Leave it out for one row at a time")
    for folder in (arguments.work, arguments.results, arguments.captures, arguments.page.parent):
        require_place(folder)
    if arguments.page.is_dir():
        raise InputError(arguments.page, "a folder", "a file, or nothing yet", "Give another name")
    if arguments.motions is not None and not arguments.motions.is_dir():
        raise InputError(arguments.motions, "no such folder", "a folder of walks", "Correct --motions, or leave it out")
    if arguments.rows and len(studies) != 1:
        raise InputError("--rows", f"{len(studies)} studies", "one study beside it", "Name it")
    names = [name for name in arguments.rows.split(",") if name]
    chosen = [(study, chosen_rows(study, names)) for study in studies]
    published = published_results()
    status = 0 if arguments.page_only else _run(arguments, chosen, _seeds(arguments.seeds), published)
    from h36m_pose.studies.page import write_page

    own = published is not None and arguments.results.resolve() == published.resolve()
    write_page(all_studies(), arguments.results, arguments.page, findings=own)
    print(f"{arguments.page}: written")
    return status


def _run(
    arguments: argparse.Namespace,
    chosen: "list[tuple[Study, list[Row]]]",
    seeds: list[int],
    published: Path | None,
) -> int:
    if arguments.dataset is None:
        mend = "Add --dataset FOLDER, or --page-only for the page alone"
        raise InputError("h36m-pose experiments", "no --dataset", "a folder", mend)
    require_dataset(arguments.dataset)
    from h36m_pose.studies import agenda, runner

    place = runner.Place(
        arguments.dataset,
        arguments.work,
        arguments.results,
        arguments.captures,
        arguments.motions,
        published,
    )
    tasks = agenda.open_tasks(chosen, seeds, place)
    if not tasks:
        print(f"every result is there, in {arguments.results}; nothing to run")
        return 0
    print(f"{len(tasks)} rows to run, {agenda.expected_words(tasks, place, arguments.jobs)}", flush=True)
    return runner.run_tasks(tasks, place, arguments.jobs)


def _seeds(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",") if word]
    except ValueError:
        raise InputError("--seeds", repr(text), "whole numbers with commas between", "Correct it") from None


def _tell(studies: "list[Study]") -> None:
    for study in studies:
        print(f"{study.name}: {study.title}")
        for row in study.rows.values():
            print(f"  {row.name:<24} {row.words}")
