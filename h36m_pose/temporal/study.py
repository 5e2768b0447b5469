"""Smoothing a run's predictions: everything is chosen on the validation subjects and measured on the test subjects.

<run>/temporal/features_<role>_<key>.npz    frozen poses and features, see `frozen`
              /results.json                 one row per variant
              /<variant>/results.json       all metrics of it, as `h36m-pose evaluate` writes them
                        /predictions.npz
"""

import dataclasses
import hashlib
import itertools
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from h36m_pose import metrics, provenance
from h36m_pose.atomic_files import remove, write_json
from h36m_pose.data.chosen_views import training_views, validation_views, views_to_test
from h36m_pose.data.dataset import Dataset, View, open_dataset
from h36m_pose.data.protocols import is_crowd
from h36m_pose.errors import InputError
from h36m_pose.evaluation import SCHEMA as EVALUATION_SCHEMA
from h36m_pose.evaluation import protocol_words
from h36m_pose.prediction import Predictor
from h36m_pose.predictions_file import PREDICTIONS_FILE, Predictions, ViewSpan, write_predictions
from h36m_pose.summary import RESULTS_FILE, read_results, root_centred, summarise
from h36m_pose.temporal import choice, smoothers
from h36m_pose.temporal.choice import measure
from h36m_pose.temporal.fitting import Recipe, fit
from h36m_pose.temporal.frozen import FRAMES_PER_DRAW, STRENGTHS, Observed, observe
from h36m_pose.temporal.windows import check, frames_after

SCHEMA = 1
FOLDER = "temporal"
SINGLE = "single_frame"
SHOWN = ("mpjpe", "pa_mpjpe", "mpjve", "constancy")


class Head(NamedTuple):
    """One head to train: see `windows` for its kind, `fitting.Recipe` for its features."""

    kind: str
    window: int
    features: int

    @property
    def name(self) -> str:
        """What its row and folder are called: "centred_27", "causal_9_features_24"."""
        return f"{self.kind}_{self.window}" + (f"_features_{self.features}" if self.features else "")


def run_study(
    run_dir: Path,
    dataset_dir: Path,
    load: Callable[[], Predictor],
    identity: dict[str, str],
    windows: Sequence[int],
    kinds: Sequence[str],
    features: Sequence[int] = (0,),
    recipe: Recipe | None = None,
) -> dict[str, Any]:
    """Measures the single frames, the filters and the heads asked for; what is there already stays.

    Args:
        run_dir: the run's folder.
        dataset_dir: the dataset that it was trained on.
        load: makes the predictor; called only if there is something to do.
        identity: what tells this network from others.
        windows: of the heads, in frames.
        kinds: of the heads, words of `windows.KINDS`.
        features: how many principal components of the frozen features the heads see besides the poses.
        recipe: of the heads; None for ours.

    Returns:
        What <run>/temporal/results.json holds, with "fresh": whether anything was done.

    Raises:
        InputError: if the dataset is another one, or a window or kind makes no sense.
    """
    recipe = recipe or Recipe()
    asked_for = [Head(*each) for each in itertools.product(kinds, windows, features)]
    heads = {head.name: head for head in asked_for}
    for head in asked_for:
        check(head.window, head.kind)
    dataset = open_dataset(dataset_dir)
    frozen = {"strengths": list(STRENGTHS), "frames_per_draw": list(FRAMES_PER_DRAW), "seed": recipe.seed}
    identity = {**identity, "dataset_fingerprint": dataset.fingerprint}
    asked = {"schema": SCHEMA, "identity": identity, "recipe": dataclasses.asdict(recipe), "frozen": frozen}
    folder = run_dir / FOLDER
    record = provenance.of_test(provenance.of_run(run_dir), identity)
    results = _at_hand(folder / RESULTS_FILE, asked) or {**asked, provenance.KEY: record, "variants": {}}
    wanted = [SINGLE, *smoothers.FAMILIES, *heads]
    missing = [name for name in wanted if not _is_there(folder, results, name)]
    if not missing:
        return {**results, "fresh": False}
    study = _Study(folder, open_dataset(dataset_dir, verify=True), load(), asked, record)
    for name in missing:
        results["variants"][name] = study.row(name, heads, recipe)
        results.update(protocol=study.protocol, chosen=choice.WORDS, rate_hz=study.rate_hz)
        write_json(folder / RESULTS_FILE, results)
    return {**results, "fresh": True}


def _at_hand(path: Path, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The results so far, if they are of the same network, dataset and recipe."""
    if not path.exists():
        return None
    results = read_results(path)
    return results if all(results.get(key) == value for key, value in asked.items()) else None


def _is_there(folder: Path, results: dict[str, Any], name: str) -> bool:
    return name in results["variants"] and (folder / name / PREDICTIONS_FILE).exists()


class _Study:
    """The frozen network's view of all roles, and how a variant's row comes about."""

    def __init__(
        self, folder: Path, dataset: Dataset, predictor: Predictor, asked: dict[str, Any], record: provenance.Record
    ):
        self.folder, self.dataset, self.asked, self.record = folder, dataset, asked, record
        if predictor.dataset_fingerprint != dataset.fingerprint:
            raise InputError(
                dataset.folder, f"the dataset {dataset.fingerprint[:12]}",
                f"{predictor.dataset_fingerprint[:12]}, which the run was trained on", "Give that dataset",
            )  # fmt: skip
        self.predictor = predictor
        split = predictor.split
        self.test = self._observe("test", views_to_test(dataset, split), (0.0,))
        self.validation = self._observe("validation", validation_views(dataset, split), (0.0,))
        self.rate_hz = self.validation[0].view.fps / dataset.every
        self.reference = measure([each.poses_root_mm[0] for each in self.validation], self.validation)
        self.spans = tuple(
            ViewSpan(view.subject, view.trial, view.camera_id, view.frames)
            for view in (each.view for each in self.test)
        )
        words = protocol_words(split.words, dataset, [each.view for each in self.test])
        self.protocol = f"{words}; {predictor.frame_words}" if predictor.frame_words else words

    def _observe(self, role: str, views: Sequence[View], strengths: Sequence[float]) -> list[Observed]:
        if not views:
            raise InputError(self.dataset.folder, f"no {role} views", "some of each role", "Preprocess them")
        key = hashlib.sha256(json.dumps([self.asked["identity"], self.asked["frozen"]]).encode()).hexdigest()[:12]
        cache = self.folder / f"features_{role}_{key}.npz"
        for stale in set(self.folder.glob(f"features_{role}_*.npz")) - {cache}:
            remove(stale)
        return observe(self.predictor, views, cache, strengths, self.asked["frozen"]["seed"], self.record)

    def training(self) -> list[Observed]:
        """The training subjects' views at the validation's rate; the crowd's are too short and slow."""
        rate = self.validation[0].view.fps
        views = training_views(self.dataset, self.predictor.split)
        chosen = [view for view in views if not is_crowd(view.subject) and view.fps == rate]
        return self._observe("train", chosen, STRENGTHS)

    def row(self, name: str, heads: dict[str, Head], recipe: Recipe) -> dict[str, Any]:
        """Makes one variant, tests it and writes its folder."""
        began = time.perf_counter()
        settings: dict[str, Any] = {}
        more: dict[str, Any] = {}
        if name == SINGLE:
            kind, delay, score = "causal", 0, self.reference
            predicted = [each.poses_root_mm[0] for each in self.test]
        elif name in smoothers.FAMILIES:
            family = smoothers.FAMILIES[name]
            settings, score = smoothers.choose(family, self.validation, self.rate_hz, self.reference)
            kind, delay = family.kind, smoothers.delay_frames(settings)
            predicted = [family.smooth(each, self.rate_hz, **settings) for each in self.test]
        else:
            kind, window, features = heads[name]
            recipe = dataclasses.replace(recipe, features=features)
            fitted = fit(self.training(), self.validation, window, kind, recipe, self.reference)
            score, delay = fitted.score, frames_after(window, kind)
            settings = {"window": window, "features": features, "step": fitted.step}
            more = {"parameters": fitted.parameters}
            predicted = [fitted.predict_mm(each) for each in self.test]
        row = {
            "kind": kind, "delay_frames": delay, "delay_ms": 1000 * delay / self.rate_hz, "settings": settings, **more,
            "validation": score._asdict(), "validation_single_frame": self.reference._asdict(),
        }  # fmt: skip
        row |= self._test(name, np.concatenate(predicted), row)
        return row | {"seconds": round(time.perf_counter() - began, 1)}

    def _test(self, name: str, predicted: ndarray, row: dict[str, Any]) -> dict[str, Any]:
        """Metrics on the test subjects; writes the variant's folder."""
        target = np.concatenate([np.asarray(each.view.joints_root_mm) for each in self.test])
        protocol = f"{self.protocol}; {variant_words(name, row)}"
        baseline = self.predictor.train_mean_pose_mm
        results = summarise(predicted, target, self.spans, baseline, protocol)
        predictions = Predictions(root_centred(predicted), root_centred(target), self.spans)
        write_predictions(self.folder / name / PREDICTIONS_FILE, predictions, self.record)
        identity = self.asked["identity"] | {"temporal": name}
        about = {"schema": EVALUATION_SCHEMA, "identity": identity, "dataset": str(self.dataset.folder)}
        about[provenance.KEY] = self.record
        write_json(self.folder / name / RESULTS_FILE, {**about, **results})
        number = np.repeat(np.arange(len(self.spans)), [span.frames for span in self.spans])
        late = metrics.lag(root_centred(predicted), root_centred(target), number)
        shown = {key: results["metrics"][key]["network"] for key in SHOWN}
        return {**shown, "lag_frames": None if math.isnan(late) else late}


def variant_words(name: str, row: dict[str, Any]) -> str:
    """What was done to the predictions, in words."""
    if name == SINGLE:
        return "every frame predicted on its own"
    settings = ", ".join(f"{key} {value}" for key, value in row["settings"].items())
    how = name.replace("_", " ") if name in smoothers.FAMILIES else f"a {row['kind']} temporal head"
    return f"smoothed by {how} ({settings}), {row['delay_frames']} later frames needed; {choice.WORDS}"


def format_study(results: dict[str, Any]) -> str:
    """The rows as a table for people."""
    width = 2 + max(map(len, results["variants"]))
    lines = [f"{'':{width}}{'MPJPE':>8}{'PA':>8}{'MPJVE':>8}{'constancy':>11}{'lag':>8}{'delay':>7}  settings"]
    lines += [f"{'':{width}}{'mm':>8}{'mm':>8}{'mm/fr.':>8}{'%':>11}{'frames':>8}{'frames':>7}"]
    for name, row in results["variants"].items():
        late = "" if row["lag_frames"] is None else f"{row['lag_frames']:.2f}"
        settings = ", ".join(f"{key} {value}" for key, value in row["settings"].items())
        lines.append(
            f"{name:{width}}{row['mpjpe']:8.2f}{row['pa_mpjpe']:8.2f}{row['mpjve']:8.2f}{row['constancy']:11.2f}"
            f"{late:>8}{row['delay_frames']:>7}  {settings}".rstrip()
        )
    return "\n".join(lines)
