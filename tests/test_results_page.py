"""The page of results: means and spreads, races, protocols, tables, and where it is written."""

import dataclasses
from pathlib import Path

import pytest
from study_rows import SCRATCH, SMALL, a_result

from h36m_pose.atomic_files import sha256_of, write_json
from h36m_pose.cli.main import main
from h36m_pose.rendering.media_files import comment_of
from h36m_pose.studies import page, result_tables, row_results, study


def test_reaching_a_value_is_interpolated() -> None:
    curve = [(100, 80.0), (200, 60.0), (300, 65.0), (400, 40.0)]
    assert page.reaching(curve, 70.0) == 150.0
    assert page.reaching(curve, 60.0) == 200.0
    assert page.reaching(curve, 90.0) == 100
    assert page.reaching(curve, 39.0) is None
    assert (
        result_tables.mean_and_spread([20.0]) == "20.0" and result_tables.mean_and_spread([20.0, 22.0]) == "21.0 ± 1.4"
    )


def test_the_page_tells_means_spreads_races_and_what_was_not_run(tmp_path: Path) -> None:
    rows = {name: dataclasses.replace(SCRATCH, name=name, words=name) for name in ("slow", "fast", "missing")}
    race = study.Study(
        "race", 1, "Race", "Which?", "The fast one.", (0, 1), rows, (), ("slow", "fast"), ("slow", "fast")
    )
    files = [
        a_result("slow", 0, 40.0, [[100, 80.0], [400, 50.0]]),
        a_result("slow", 1, 44.0, [[100, 90.0], [400, 54.0]]),
        a_result("fast", 0, 30.0, [[100, 60.0], [300, 40.0]], pretrain=100),
        a_result("fast", 1, 34.0, [[100, 70.0], [300, 60.0]], pretrain=100),
    ]
    for file in files:
        path = row_results.result_path(tmp_path / "results", "race", file["row"], file["seed"])
        write_json(path, file)
    page.write_page([race], tmp_path / "results", tmp_path / "own.md", findings=False)
    assert "| slow | 42.0 ± 2.8 |" in (tmp_path / "own.md").read_text()
    assert "The fast one." not in (tmp_path / "own.md").read_text()
    page.write_page([race], tmp_path / "results", tmp_path / "results.md", findings=True)
    text = (tmp_path / "results.md").read_text()
    assert "| slow | 42.0 ± 2.8 | 5.0 ± 0.0 |" in text and "| fast | 32.0 ± 2.8 |" in text
    assert "| missing | not run yet |" in text and "not on Human3.6M" in text and "The fast one." in text
    # Seed 0: from 60 at 100 to 40 at 300, 50 is reached at 200 of 400; with the first stage at 300. Seed 1: never.
    outcome = "after 50 % of its pictures counting the second stage alone, 75 % counting both (seed 0); never (seed 1)."
    assert outcome in text
    assert "was filmed anew" not in text
    write_json(path, file | {"dataset": {"fingerprint": "e" * 20, "frames": 9}})
    page.write_page([race], tmp_path / "results", tmp_path / "results.md", findings=True)
    assert "was filmed anew" in (tmp_path / "results.md").read_text()
    assert (tmp_path / "results" / "race.png").stat().st_size > 1000
    told = comment_of(tmp_path / "results" / "race.png")["whence"]["rows"]
    assert {name: sha256_of(tmp_path / "results" / f"{name}.json") for name in told} == told and len(told) == 4


def test_protocols_tell_once_what_rows_have_in_common() -> None:
    def lines(*protocols: str) -> list[str]:
        return page.protocols({f"row_{index}": [{"protocol": words}] for index, words in enumerate(protocols)})

    assert lines("root; s11", "root; s11") == ["Protocol: root; s11."]
    assert lines("root; s11; mirrored", "root; s9_s11", "root; s11; mirrored") == [
        "Protocol: root.  ",
        "Protocol of `row_0`, `row_2` besides: s11; mirrored.  ",
        "Protocol of `row_1` besides: s9_s11.",
    ]
    assert lines("root; s11", "root") == ["Protocol: root.  ", "Protocol of `row_0` besides: s11."]
    assert lines("a", "b") == ["Protocol of `row_0`: a.  ", "Protocol of `row_1`: b."]


def test_each_machine_and_dataset_is_told_with_its_rows() -> None:
    one, two = a_result("one", 0, 40.0, [[100, 50.0]]), a_result("one", 1, 40.0, [[100, 50.0]])
    assert page.provenance({"one": [one, two]}) == ["P, 2 cores; 2026-01-02; commits abc; dataset dddddddddddd."]
    shared = {"processor": "P", "cores": 2, "rows_side_by_side": 2}
    later = two | {"date": "2026-01-05", "machine": shared}
    words = "P, 2 cores or 2 cores shared by 2 rows at a time; 2026-01-02 to 2026-01-05; commits abc"
    assert page.provenance({"one": [one, later]}) == [f"{words}; dataset dddddddddddd."]
    elsewhere = two | {"date": "2026-01-05", "machine": shared | {"processor": "Q"}, "dataset": {"fingerprint": "e"}}
    assert page.provenance({"one": [elsewhere, one], "two": [one]}) == [
        "P, 2 cores; 2026-01-02; commits abc; dataset dddddddddddd; rows (seeds): `one` (0), `two` (0).  ",
        "Q, 2 cores shared by 2 rows at a time; 2026-01-05; commits abc; dataset e; rows (seeds): `one` (1).",
    ]


def test_tables_of_conditions_and_variants_have_a_line_for_each() -> None:
    conditions = {"clean": {"words": "as it is", "mpjpe": 20.0}, "noise": {"words": "noise", "mpjpe": 25.0}}
    worse = {**conditions, "blur": {"words": "blur", "mpjpe": 40.0}}
    found = {"scratch": [{"conditions": worse}, {"conditions": worse}], "again": [{"conditions": conditions}]}
    assert result_tables.conditions_table(SMALL, found)[2:] == [
        "| as it is | 20.0 ± 0.0 | 20.0 |",
        "| blur | 40.0 ± 0.0 | - |",
        "| noise | 25.0 ± 0.0 | 25.0 |",
    ]
    metrics = {
        "mpjpe": 20.0,
        "pa_mpjpe": 15.0,
        "mpjve": 2.345,
        "constancy": 0.0,
        "lag_frames": None,
        "delay_frames": 13,
    }
    found = {"scratch": [{"variants": {"centred_27": metrics}}]}
    assert result_tables.variants_table(SMALL, found)[2:] == ["| centred 27 | 20.0 | 15.0 | 2.35 | 0.00 | - | 13 | 1 |"]


def test_costs_are_against_the_same_cameras_and_seeds() -> None:
    rows = {
        "ordinary": SCRATCH,
        "camera": dataclasses.replace(SCRATCH, words="without b", against="ordinary"),
        "clothes": dataclasses.replace(SCRATCH, words="other clothes", against="ordinary"),
        "later": dataclasses.replace(SCRATCH, words="later", against="ordinary"),
    }
    found = {
        "ordinary": [by_camera(0, a=20.0, b=30.0), by_camera(1, a=22.0, b=32.0)],
        "camera": [by_camera(0, b=42.0), by_camera(1, b=46.0), by_camera(2, b=99.0)],
        "clothes": [by_camera(0, a=30.0, b=31.0)],
    }
    table = result_tables.costs_table(dataclasses.replace(SMALL, rows=rows), found)
    assert table[2:] == [
        "| without b | 44.0 ± 2.8 | 31.0 ± 1.4 | 13.0 ± 1.4 | 0, 1 |",
        "| other clothes | 30.5 | 25.0 | 5.5 | 0 |",
        "| later | not run yet | | | |",
    ]


def by_camera(seed: int, **errors: float) -> dict:
    return {"seed": seed, "test": {"mpjpe_by_camera": errors}}


def test_the_page_in_the_repository_is_that_of_its_results() -> None:
    docs, studies = Path(__file__).parent.parent / "docs", study.all_studies()
    found = {each.name: page.results_of(each, docs / "results") for each in studies}
    assert (docs / "results.md").read_text(encoding="utf-8") == page.page_text(studies, found, "results", True)


def test_the_command_writes_beside_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert study.published_results() == Path(__file__).parent.parent / "docs" / "results"
    monkeypatch.chdir(tmp_path)
    assert main(["experiments", "--page-only"]) == 0
    assert [path.name for path in Path("runs/experiments").glob("*.md")] == ["results.md"]
    write_json(row_results.result_path(Path("own/rows"), "grid", "bone", 0), a_result("bone", 0, 40.0, [[100, 80.0]]))
    few = row_results.result_path(Path("own/rows"), "few_pictures", "scratch", 0)
    write_json(few, a_result("scratch", 0, 40.0, [[100, 80.0]]))
    assert main(["experiments", "--page-only", "--results", "own/rows", "--page", "mine.md"]) == 0
    assert "](own/rows/few_pictures.png)" in Path("mine.md").read_text()
    assert Path("own/rows/few_pictures.png").is_file()
