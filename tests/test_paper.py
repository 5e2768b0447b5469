"""Paper output from start to end: tables tell the results, figures embed their fonts, bad input is told in a line."""

import dataclasses
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from drawn_run import write_drawn_run
from stick_dataset import write_stick_dataset

from h36m_pose.atomic_files import write_json
from h36m_pose.cli.main import main
from h36m_pose.evaluation import protocol_words
from h36m_pose.paper.document import figures
from h36m_pose.paper.frames_figure import draw_frames
from h36m_pose.paper.latex import escape, printable
from h36m_pose.paper.methods import methods
from h36m_pose.paper.tables import Mark, groups_table, joints_table, marks, results_table
from h36m_pose.paper.tested_runs import gather_runs
from h36m_pose.predictions_file import PREDICTIONS_FILE, Predictions, ViewSpan, read_predictions, write_predictions
from h36m_pose.summary import RESULTS_FILE, summarise
from h36m_pose.training import run_folder
from h36m_pose.whence.containers import held_in

FRAMES = {"S1": 9, "S5": 8, "S6": 7, "S7": 9, "S8": 11, "S9": 8, "S11": 12, "S101": 9}
VIEWS = 4
MEAN = np.zeros((17, 3))
PDFLATEX = shutil.which("pdflatex")
FIGURES = ("curves", "joints", "distribution", "frames")
TEXTS = ("table", "joints", "groups", "methods", "figures", "paper")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both stages, tested on four sequences, in a folder of an awkward name; not to be changed."""
    folder = tmp_path_factory.mktemp("paper")
    dataset = write_stick_dataset(folder / "dataset", FRAMES, views=VIEWS)
    run = write_drawn_run(folder / "50% of $x_1$ & #2", dataset)
    views = dataset.select(["S11"])
    target = np.concatenate([view.joints_root_mm for view in views])
    spans = tuple(ViewSpan(view.subject, view.trial, view.camera_id, view.frames) for view in views)
    predicted = (target + np.random.default_rng(0).normal(0, 40, target.shape)).astype(np.float32)
    predicted -= predicted[:, :1]
    stage = run_folder.read_json(run / "finetune" / run_folder.CONFIG)
    done = run_folder.finished(run / "finetune")
    protocol = protocol_words("protocol s11", dataset, views)
    identity = {"stage": "finetune", "weights": done["weights"], "dataset_fingerprint": stage["dataset_fingerprint"]}
    about = {"schema": 1, "identity": identity, "dataset": str(dataset.folder)}
    write_json(run / RESULTS_FILE, about | summarise(predicted, target, spans, MEAN, protocol))
    write_predictions(run / PREDICTIONS_FILE, Predictions(predicted, target, spans))
    return run


@pytest.fixture(scope="module")
def paper(run: Path) -> Path:
    """What the command wrote of it."""
    assert main(["paper", str(run)]) == 0
    return run / "paper"


def copied(run: Path, folder: Path) -> Path:
    return Path(shutil.copytree(run, folder, ignore=shutil.ignore_patterns("paper")))


def predicting(run: Path, share: np.ndarray) -> Path:
    """The run with every sequence's errors multiplied by a number of its own, in predictions and results alike."""
    old = read_predictions(run / PREDICTIONS_FILE)
    factors = np.repeat(share, [span.frames for span in old.spans])[:, None, None].astype(np.float32)
    predicted = old.target_root_mm + factors * (old.predicted_root_mm - old.target_root_mm)
    write_predictions(run / PREDICTIONS_FILE, dataclasses.replace(old, predicted_root_mm=predicted))
    results = json.loads((run / RESULTS_FILE).read_text())
    found = summarise(predicted, old.target_root_mm, old.spans, MEAN, results["protocol"])
    write_json(run / RESULTS_FILE, results | found)
    return run


def rows_of(text: str) -> list[list[str]]:
    """The cells of a table."""
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix(r"\\"))] for line in lines]


def require_sound(text: str) -> None:
    """Braces and environments of LaTeX are closed, in order."""
    bare = re.sub(r"(?<!\\)%.*", "", text)
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", bare):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    opened: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", bare):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened


def test_the_table_holds_the_results_and_says_what_they_were_measured_on(run, paper):
    results = json.loads((run / RESULTS_FILE).read_text())
    text = (paper / "table.tex").read_text()
    rows = {row[0]: row[1:] for row in rows_of(text)}
    for key, title in (("mpjpe", "MPJPE (mm)"), ("mpjve", "MPJVE (mm/frame)"), ("pck3d", r"PCK3D@150 (\%)")):
        values = results["metrics"][key]
        value, bounds, *baselines = rows[title]
        assert value == f"{values['network']:.1f}"
        assert baselines == [f"{values['mean_pose']:.1f}", f"{values['zero_pose']:.1f}"]
        low, high = map(float, re.findall(r"\$([-\d.]+)\$", bounds))
        assert low <= round(values["network"], 1) <= high
    caption = " ".join(text[text.index(r"\caption") :].split())
    assert escape(results["protocol"]) in caption and "synthetic capture" in caption.split(":")[0]
    joints = {row[0]: row[1] for row in rows_of((paper / "joints.tex").read_text())}
    assert joints["left wrist"] == f"{results['per_joint']['left wrist']['network']:.1f}" and "pelvis" not in joints
    groups = [row[0] for row in rows_of((paper / "groups.tex").read_text())]
    assert groups == ["", "subject S11", *(f"camera {name}" for name in results["per_camera"])]


def test_figures_embed_their_fonts_are_a_column_wide_and_the_same_each_time(run, paper, tmp_path):
    assert {path.name for path in paper.iterdir()} == {
        *(f"{name}.{form}" for name in FIGURES for form in ("pdf", "svg")),
        *(f"{name}.tex" for name in TEXTS),
    }
    for name in FIGURES:
        pdf = (paper / f"{name}.pdf").read_bytes()
        assert b"/FontFile2" in pdf and b"/Type3" not in pdf and b"/CreationDate" not in pdf
        assert float(re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ", pdf).group(1)) == pytest.approx(3.3 * 72)
        svg = (paper / f"{name}.svg").read_text()
        assert "<text" not in svg and "<dc:date>" not in svg  # glyphs as outlines
    assert b"/Subtype /Image" not in (paper / "distribution.pdf").read_bytes()
    assert main(["paper", str(run), "--out", str(tmp_path / "again")]) == 0
    for path in paper.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name
        told = held_in(path)["whence"]
        assert (told["run"], told["command"]) == (run.name, f"h36m-pose paper {shlex.quote(str(run))}"), path.name


def test_the_best_is_bold_only_where_it_surely_is(run, tmp_path):
    first = copied(run, tmp_path / "first")
    better = predicting(copied(run, tmp_path / "surely_better"), np.full(VIEWS, 0.5))
    mixed = predicting(copied(run, tmp_path / "mixed"), np.array([0.5, 1.6, 0.5, 1.3]))
    rows = {row[0]: row[1:] for row in rows_of(results_table(gather_runs([first, better])))}
    name = r"B \texttt{surely\_\allowbreak{}better}"
    assert rows[name][0].startswith(r"\textbf{") and not rows[r"A \texttt{first}"][0].startswith(r"\textbf")
    assert rows["B $-$ A"][0].startswith("$-") and "dagger" not in rows["B $-$ A"][0]
    runs = gather_runs([first, mixed])
    rows = {row[0]: row[1:] for row in rows_of(results_table(runs))}
    told = [rows[r"A \texttt{first}"][0], rows[r"B \texttt{mixed}"][0]]
    assert not any("textbf" in cell for cell in told) and sum("dagger" in cell for cell in told) == 1
    assert "dagger" in rows["B $-$ A"][0]
    text = methods(runs)
    assert text.count("All pictures are synthetic") == 1 and r"\paragraph{Run B, \texttt{mixed}.}" in text
    for part in (text, results_table(runs), joints_table(runs), groups_table(runs), figures(runs, FIGURES)):
        require_sound(part)


def test_marks():
    apart, open_, nothing = (-2.0, -1.0), (-1.0, 1.0), None
    assert marks([5.0, 3.0, 4.0], True, lambda best: [apart, apart]) == [Mark(), Mark(best=True), Mark()]
    assert marks([5.0, 3.0, 4.0], False, lambda best: [apart, open_]) == [Mark(), Mark(), Mark(close=True)]
    assert marks([5.0, 3.0], True, lambda best: [nothing]) == [Mark(), Mark()]
    assert marks([5.0], True, lambda best: []) == [Mark()]


def test_any_name_is_printed_as_it_is():
    assert escape(r"50%_a & b#{c}~^\ $x$ <é>") == (
        r"50\%\_a \& b\#\{c\}\textasciitilde{}\textasciicircum{}\textbackslash{} \$x\$ \textless{}é\textgreater{}"
    )
    assert printable("a\nb\u4e2d\u00f0\x07") == "a bU+4E2DU+00F0U+0007"


@pytest.mark.skipif(PDFLATEX is None, reason="needs pdflatex")
def test_everything_compiles_from_any_folder(paper, tmp_path):
    out = Path(shutil.copytree(paper, tmp_path / "out"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    inputs = "".join(rf"\input{{../out/{name}}}" for name in TEXTS[:-1])
    head = r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}"
    (elsewhere / "mine.tex").write_text(rf"{head}{inputs}\end{{document}}")
    for folder, name in ((out, "paper"), (elsewhere, "mine")):
        command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
        assert done.returncode == 0 and "Overfull" not in done.stdout, done.stdout[-2000:]
        assert (folder / f"{name}.pdf").stat().st_size > 20_000


def test_methods_count_what_was_learnt_from(paper):
    text = " ".join((paper / "methods.tex").read_text().split())
    trained = VIEWS * sum(FRAMES[subject] for subject in ("S1", "S5", "S6", "S7", "S9", "S101"))
    assert f"training took every frame: {trained} frames of {6 * VIEWS} views" in text
    assert f"Validation was on {VIEWS * FRAMES['S8']} frames of {VIEWS} views (at most 2,000" in text
    assert "S9 and a crowd of 1 (bodies drawn at random)" in text and "All weights were drawn at random" in text
    assert "(boxes from the true silhouettes)" in text
    assert "{" not in re.sub(r"\\\w+\{[^{}]*\}|% .*", "", text).replace(r"\{", "")


def test_without_the_dataset_the_frames_are_left_out(run, tmp_path, monkeypatch):
    alone = copied(run, tmp_path / "alone")
    results = json.loads((alone / RESULTS_FILE).read_text())
    write_json(alone / RESULTS_FILE, results | {"dataset": "gone"})
    monkeypatch.chdir(tmp_path)
    runs = gather_runs([Path("alone")])
    assert draw_frames(runs) is None
    assert "For training, every frame of the dataset was taken." in " ".join(methods(runs).split())


def test_bad_input_is_told_in_a_line(run, tmp_path, capsys):
    untested = copied(run, tmp_path / "untested")
    (untested / RESULTS_FILE).unlink()
    unpredicted = copied(run, tmp_path / "unpredicted")
    (unpredicted / PREDICTIONS_FILE).unlink()
    stale = copied(run, tmp_path / "stale")
    results = json.loads((stale / RESULTS_FILE).read_text())
    stale_weights = copied(run, tmp_path / "stale_weights")
    write_json(stale_weights / RESULTS_FILE, results | {"identity": results["identity"] | {"weights": "0" * 64}})
    results["metrics"]["mpjpe"]["network"] -= 5
    write_json(stale / RESULTS_FILE, results)
    others = copied(run, tmp_path / "others")
    old = read_predictions(others / PREDICTIONS_FILE)
    moved = Predictions(old.predicted_root_mm + 7, old.target_root_mm + 7, old.spans)
    write_predictions(others / PREDICTIONS_FILE, moved)
    old_settings = copied(run, tmp_path / "old_settings")
    config = run_folder.read_json(old_settings / "finetune" / run_folder.CONFIG)
    del config["settings"]["precision"]
    write_json(old_settings / "finetune" / run_folder.CONFIG, config)
    (tmp_path / "file").write_text("")
    for words, line in (
        ([untested], "found no file; expected the results of a test. Run: h36m-pose evaluate"),
        ([unpredicted], "found no file; expected the predictions of a test. Run: h36m-pose evaluate"),
        ([stale], "as predictions.npz has it"),
        ([stale_weights], "expected 000000000000, which results.json is of"),
        ([old_settings], "found no precision among its settings"),
        ([run, others], "found the same views with other true poses"),
        ([run, run], "found the same run twice"),
        ([tmp_path / "nowhere"], "found no such folder; expected a run's folder"),
        ([run, "--dataset", tmp_path / "nowhere"], "expected a preprocessed dataset"),
        ([run, "--out", tmp_path / "file"], "found a file; expected a folder"),
    ):
        assert main(["paper", *map(str, words)]) == 2, line
        error = capsys.readouterr().err
        assert line in error and error.count("\n") == 1
