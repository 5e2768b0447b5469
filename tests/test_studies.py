"""Studies: what they consist of, the commands of a row, what is run again and what is not."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import train_runs
from study_rows import AGAIN, SCRATCH, SMALL, a_result

from h36m_pose import configuration
from h36m_pose.atomic_files import write_json
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.data.dataset_writer import write_manifest
from h36m_pose.errors import InputError
from h36m_pose.studies import agenda, row_results, runner, study
from h36m_pose.training.stage import make_task, outputs_of

STUDIES = study.all_studies()


@pytest.mark.parametrize("each", STUDIES, ids=lambda each: each.name)
def test_every_row_builds(each: study.Study) -> None:
    for row in each.rows.values():
        config = row_results.row_config(row, seed=3)
        assert config.seed == 3
        for stage in configuration.STAGES:
            make_task(config, stage)
            assert outputs_of(config, stage) > 0
        assert row.words and not row.words.endswith(".")
    assert set(each.chart) | set(each.race) <= set(each.rows)
    assert {row.against for row in each.rows.values()} - {""} <= {*each.rows, *each.borrowed}
    tested = [row.tests for row in each.rows.values() if "/" in row.tests]
    for name in (*each.borrowed, *tested):
        other, _, row_name = name.partition("/")
        assert row_name in study.load_study(other).rows


@pytest.mark.parametrize("name", ["pretraining", "few_pictures"])
def test_rows_of_the_claim_see_equally_many_pictures(name: str) -> None:
    seen = set()
    for row in study.load_study(name).rows.values():
        config, stages = row_results.row_config(row, 0), configuration.STAGES if row.pretrain else ("finetune",)
        seen.add((config.data.frame_step, sum(config[stage].epochs for stage in stages)))
    assert len(seen) == 1


def test_names_are_checked() -> None:
    with pytest.raises(InputError, match=r"pretrainin: found no such study; .* Did you mean pretraining\?"):
        study.load_study("pretrainin")
    with pytest.raises(InputError, match=r"no such row in pretraining; .* Did you mean scratch\?"):
        study.chosen_rows(study.load_study("pretraining"), ["scratsh"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> runner.Place:
    folder = tmp_path_factory.mktemp("studies")
    return runner.Place(train_runs.write_dataset(folder / "data"), folder / "work", folder / "results")


def test_commands_are_those_of_a_hand(place: runner.Place) -> None:
    rows = study.load_study("pretraining").rows
    pretrained = runner.Task(study.load_study("pretraining"), rows["pretrained"], 2)
    steps = runner.commands(pretrained, place)
    assert [step[:2] for step in steps] == [
        ["train", "pretrain"],
        ["train", "finetune"],
        ["evaluate", str(place.work / "pretraining" / "pretrained" / "seed2")],
    ]
    assert steps[1][-2:] == ["seed=2", "finetune.init_from=pretrain"]
    hidden = runner.commands(dataclasses.replace(pretrained, row=rows["pretrained_hidden"]), place)
    assert hidden[0][:2] == ["train", "finetune"]
    assert hidden[0][-1] == f"finetune.init_from={place.work / 'pretraining' / 'pretrained' / 'seed2'}"


def test_rows_run_side_by_side_wait_for_each_other_and_are_kept(place: runner.Place) -> None:
    tasks = agenda.open_tasks([(SMALL, [AGAIN, SCRATCH])], [0], place)
    assert [task.row.name for task in tasks] == ["scratch", "again"]
    assert runner.run_tasks(tasks[::-1], place, jobs=2) == 0
    result = row_results.read_result(row_results.result_path(place.results, "small", "scratch", 0))
    again = row_results.read_result(row_results.result_path(place.results, "small", "again", 0))
    assert result is not None and again is not None
    stage = result["stages"]["finetune"]
    assert stage["images"] == 24 * 12 and [images for images, _ in stage["curve"]] == [24 * 6, 24 * 12]
    assert result["seconds"] > 0 and result["processor_seconds"] > 1 and result["machine"]["rows_side_by_side"] == 2
    assert result["test"]["metrics"]["mpjpe"] != again["test"]["metrics"]["mpjpe"]
    assert "mirror image" in result["test"]["protocol"] and "mirror image" not in again["test"]["protocol"]
    assert str(place.work) not in json.dumps(result["settings"])
    # Trained before, it is only tested anew, which is not the time that the row takes.
    row_results.result_path(place.results, "small", "scratch", 0).unlink()
    assert runner.run_tasks(agenda.open_tasks([(SMALL, [SCRATCH])], [0], place), place, jobs=1) == 0
    anew = row_results.read_result(row_results.result_path(place.results, "small", "scratch", 0))
    assert anew is not None and anew["seconds"] is None and anew["processor_seconds"] is None
    assert anew["stages"] == result["stages"] and anew["test"]["metrics"] == result["test"]["metrics"]
    # Seeds are the row's own before the study's; what is current is left alone, another setting or dataset is not.
    more_seeds = dataclasses.replace(SCRATCH, seeds=(0, 3, 5))
    assert [task.seed for task in agenda.open_tasks([(SMALL, [more_seeds])], [], place)] == [3, 5]
    assert [task.seed for task in agenda.open_tasks([(SMALL, [SCRATCH])], [], place)] == [1]
    fingerprint = open_dataset(place.dataset).fingerprint
    assert row_results.is_current(result, SCRATCH, 0, fingerprint)
    assert not row_results.is_current(result, SCRATCH, 0, "another")
    more = dataclasses.replace(SCRATCH, overrides=(*SCRATCH.overrides, "finetune.optim.peak_lr=0.1"))
    assert not row_results.is_current(result, more, 0, fingerprint)
    older = {**result, "settings": {key: result["settings"][key] for key in list(result["settings"])[1:]}}
    assert row_results.is_current(older, SCRATCH, 0, fingerprint)


def test_a_row_films_a_capture_of_its_own_and_tests_on_it(place: runner.Place, tmp_path: Path) -> None:
    row = dataclasses.replace(AGAIN, name="elsewhere", options=(), capture="small", against="scratch")
    words = ("--preset", "tiny", "--subjects", "S11")
    filmed = dataclasses.replace(SMALL, rows={**SMALL.rows, "elsewhere": row}, captures={"small": words})
    there = dataclasses.replace(place, captures=tmp_path)
    tasks = agenda.open_tasks([(filmed, [SCRATCH, row])], [0], there)
    steps = runner.commands(tasks[-1], there)
    raw, dataset = str(tmp_path / "small" / "raw"), str(tmp_path / "small" / "dataset")
    assert [step[0] for step in steps] == ["capture", "preprocess", "evaluate"]
    assert steps[0] == ["capture", raw, *words] and steps[1] == ["preprocess", raw, dataset]
    assert steps[2][2:5] == ["--dataset", dataset, "--allow-other-dataset"]
    assert runner.run_tasks(tasks, there, jobs=1) == 0
    result = row_results.read_result(row_results.result_path(there.results, "small", "elsewhere", 0))
    assert result is not None
    assert "another dataset than it was trained on" in result["test"]["protocol"]
    own = open_dataset(tmp_path / "small" / "dataset")
    assert result["capture"] == {"name": "small", "fingerprint": own.fingerprint, "frames": own.manifest["frames"]}
    assert result["dataset"]["fingerprint"] == open_dataset(place.dataset).fingerprint
    assert agenda.open_tasks([(filmed, [row])], [0], there) == []
    other = dataclasses.replace(filmed, captures={"small": (*words, "--wardrobe", "1")})
    assert len(agenda.open_tasks([(other, [row])], [0], there)) == 1


def test_rows_of_other_studies_that_are_needed_are_run_too(place: runner.Place) -> None:
    def opened(name: str, rows: tuple[str, ...] = (), seeds: tuple[int, ...] = ()) -> list[str]:
        chosen = study.load_study(name)
        tasks = agenda.open_tasks([(chosen, study.chosen_rows(chosen, rows))], seeds, place)
        return [f"{task.study.name}/{task.row.name} {task.seed}" for task in tasks]

    # What is tested comes first, what is set against it besides, with the same seed and once.
    tested = ["few_pictures/pretrained 0", "recipe/no_mirror_average 0"]
    assert opened("recipe", ("no_mirror_average",)) == tested
    assert opened("generalisation", ("clothes_1", "clothes_2")) == [
        "default_recipe/default 0", "generalisation/clothes_1 0", "generalisation/clothes_2 0",
    ]  # fmt: skip
    assert opened("generalisation", ("without_54138969",), (4,)) == [
        "few_pictures/pretrained 4", "generalisation/without_54138969 4",
    ]  # fmt: skip
    # A study that is run whole brings what it is shown beside.
    whole = opened("grid")
    assert len(whole) == 18 and {"few_pictures/scratch 2", "few_pictures/pretrained 0", "grid/bone 1"} <= set(whole)
    assert opened("grid", ("bone",)) == ["grid/bone 0", "grid/bone 1", "grid/bone 2"]
    # Every study can be begun from nothing: no row waits for one that nobody runs.
    for each in STUDIES:
        tasks = agenda.open_tasks([(each, list(each.rows.values()))], [], place)
        folders = {place.run_dir(task.study.name, task.row.name, task.seed) for task in tasks}
        assert all(runner.runs_needed(task, place) <= folders for task in tasks)


def test_a_current_row_is_trained_again_only_if_its_network_is_wanted(place: runner.Place, tmp_path: Path) -> None:
    fingerprint = open_dataset(place.dataset).fingerprint
    few, elsewhere = study.load_study("few_pictures"), dataclasses.replace(place, results=tmp_path)
    result = a_result("pretrained", 0, 30.0, [[100, 30.0]]) | {"settings": {}}
    result["dataset"]["fingerprint"] = fingerprint
    write_json(row_results.result_path(tmp_path, "few_pictures", "pretrained", 0), result)
    assert agenda.open_tasks([(few, [few.rows["pretrained"]])], [0], elsewhere) == []
    camera, mirror = study.load_study("generalisation"), study.load_study("recipe")
    beside = agenda.open_tasks([(camera, [camera.rows["without_54138969"]])], [0], elsewhere)
    assert [task.row.name for task in beside] == ["without_54138969"]
    testing = agenda.open_tasks([(mirror, [mirror.rows["no_mirror_average"]])], [0], elsewhere)
    assert [task.row.name for task in testing] == ["pretrained", "no_mirror_average"]


def test_what_was_published_is_told_beside(place: runner.Place, tmp_path: Path) -> None:
    frames = open_dataset(place.dataset).manifest["frames"]
    task, result = runner.Task(SMALL, SCRATCH, 0), a_result("scratch", 0, 31.26, [[100, 30.0]])
    there = dataclasses.replace(place, results=tmp_path / "own", published=tmp_path / "published")
    assert agenda.published_result(task, there) is None
    assert agenda.expected_words([task], there, 1) == "expected time not known yet"
    write_json(row_results.result_path(tmp_path / "published", "small", "scratch", 0), result)
    assert agenda.expected_words([task], there, 1) == "expected time not known yet"  # of another number of frames
    result["dataset"]["frames"], result["seconds"] = frames, 7200.0
    write_json(row_results.result_path(tmp_path / "published", "small", "scratch", 0), result)
    assert agenda.expected_words([task], there, 2) == "about 1.0 hours by the time that they took before"
    here = a_result("scratch", 0, 30.0, [[100, 30.0]])
    told = agenda.outcome(here, agenda.published_result(task, there))
    assert told == "MPJPE 30.0 mm on the test subjects; 31.3 in docs/results (P, 2026-01-02)"
    here["test"]["protocol"] = "on the release"
    assert agenda.outcome(here, result) == "MPJPE 30.0 mm on the test subjects"
    assert agenda.outcome(here, {"conditions": {}}) == "MPJPE 30.0 mm on the test subjects"
    same = dataclasses.replace(there, results=tmp_path / "published")
    assert agenda.published_result(task, same) is None


def test_rows_do_not_film_the_same_capture_side_by_side(place: runner.Place) -> None:
    rows = {name: dataclasses.replace(SCRATCH, name=name, capture="small") for name in ("one", "two")}
    other = dataclasses.replace(SCRATCH, name="other")
    filmed = dataclasses.replace(SMALL, rows={**rows, "other": other}, captures={"small": ("--preset", "tiny")})
    queue = runner.Queue([runner.Task(filmed, row, 0) for row in filmed.rows.values()], place)
    first, second = queue.take(), queue.take()
    assert first is not None and second is not None
    assert (first.row.name, second.row.name) == ("one", "other")
    assert queue.take() is None
    queue.finish(first)
    third = queue.take()
    assert third is not None and third.row.name == "two"


def test_motion_from_outside_is_asked_for(place: runner.Place, capsys: pytest.CaptureFixture) -> None:
    walks = study.load_study("generalisation")
    rows = [walks.rows["clothes_1"], walks.rows["cmu_07_01"]]
    assert [task.row.name for task in agenda.open_tasks([(walks, rows)], [0], place)] == ["default", "clothes_1"]
    assert "generalisation/cmu_07_01, seed 0: left out" in capsys.readouterr().out
    given = dataclasses.replace(place, motions=Path("walks"))
    tasks = agenda.open_tasks([(walks, rows)], [0], given)
    assert runner.commands(tasks[2], given)[0][-3:] == ["walks/07_01.amc", "--subject", "S11"]


def test_rows_that_film_the_studio_are_left_out_of_the_release(
    place: runner.Place, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    shutil.copytree(place.dataset, tmp_path / "release")
    write_manifest(tmp_path / "release", {"seed": 0}, synthetic=False)
    release = dataclasses.replace(place, dataset=tmp_path / "release", motions=Path("walks"))
    for name, expected in (("generalisation", 4), ("crowd", 0)):
        each = study.load_study(name)
        tasks = agenda.open_tasks([(each, list(each.rows.values()))], [], release)
        own = [task for task in tasks if task.study.name == name]
        assert len(own) == expected and not any(task.row.capture for task in tasks)
    told = capsys.readouterr().out
    assert "crowd/alike, seed 0: left out; it films the studio" in told and told.count("left out") == 10


def test_a_failing_row_stops_the_rest_and_says_which(place: runner.Place, capfd: pytest.CaptureFixture) -> None:
    wrong = dataclasses.replace(SCRATCH, name="wrong", overrides=(*SCRATCH.overrides, "finetune.batch_size=9999"))
    tasks = [runner.Task(SMALL, wrong, 1), runner.Task(SMALL, SCRATCH, 1)]
    assert runner.run_tasks(tasks, place, jobs=1) == 2
    error = capfd.readouterr().err
    assert "batch_size: found 9999" in error and "small/wrong, seed 1: h36m-pose train ended with status 2" in error
    assert not row_results.result_path(place.results, "small", "scratch", 1).exists()


def test_the_command_checks_its_words(capsys: pytest.CaptureFixture) -> None:
    assert main(["experiments", "pretraining"]) == 2
    assert "no --dataset" in capsys.readouterr().err
    assert main(["experiments", "--rows", "scratch", "--page-only"]) == 2
    assert "one study beside it" in capsys.readouterr().err
    assert main(["experiments", "pretraining", "--seeds", "a", "--dataset", "x"]) == 2
    assert "whole numbers" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--results", "--work", "--captures", "--motions"])
def test_a_file_in_the_place_of_a_folder_is_refused(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    assert main(["experiments", "--page-only", option, "file"]) == 2
    assert capsys.readouterr().err.startswith("h36m-pose: error: file: found ")
    assert main(["experiments", "--page-only", "--page", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.rglob("*")] == ["file"]


def test_a_result_that_cannot_be_read_ends_the_study(place: runner.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever thread meets it: the one that waits tells, and no row waits for ever."""
    monkeypatch.setattr(runner, "commands", lambda task, place: [["--version"]])
    unread = dataclasses.replace(SCRATCH, name="unread")
    after = dataclasses.replace(AGAIN, tests="unread")
    unreadable = dataclasses.replace(SMALL, rows={"unread": unread, "again": after})
    with pytest.raises(InputError, match=r"results\.json: found no file"):
        runner.run_tasks([runner.Task(unreadable, unread, 5), runner.Task(unreadable, after, 5)], place, jobs=2)
