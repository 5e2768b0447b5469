"""A trained run on its test subjects: predicts their views, writes `results.json` and `predictions.npz`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy import ndarray

from h36m_pose import provenance
from h36m_pose.atomic_files import write_json
from h36m_pose.data.chosen_views import training_views, validation_views, views_to_test
from h36m_pose.data.dataset import Dataset, View, open_dataset
from h36m_pose.data.leaks import find_leak
from h36m_pose.data.protocols import Split, is_crowd
from h36m_pose.errors import InputError
from h36m_pose.predictions_file import PREDICTIONS_FILE, Predictions, ViewSpan, write_predictions
from h36m_pose.progress import bar
from h36m_pose.summary import RESULTS_FILE, format_results, read_results, root_centred, summarise

__all__ = ["evaluate_run", "format_results", "read_results", "summarise"]

SCHEMA = 1


@runtime_checkable
class Predictor(Protocol):
    """What `evaluate_run` needs of a trained network; `h36m_pose.prediction.load_run` returns one."""

    config: dict[str, Any]
    train_mean_pose_mm: ndarray
    split: Any
    dataset_fingerprint: str

    @property
    def frame_words(self) -> str:
        """What predictions rest on besides the pixels; empty for nothing."""
        ...

    def predict_view_mm(self, view: View) -> ndarray:
        """The poses of all frames of a view, (frames, 17, 3) mm relative to the root, in the camera's frame."""
        ...


def protocol_words(split_words: str, dataset: Dataset, views: Sequence[View]) -> str:
    """The protocol of a run's test results, in words that can stand beside a number.

    Args:
        split_words: who trained and who tests, as `data.protocols.split` words it.
        dataset: the data tested on.
        views: those tested.
    """
    cameras = len({view.camera_id for view in views})
    trials = len({(view.subject, view.trial) for view in views})
    actions = sorted({view.trial.split(" ")[0] for view in views})
    of_trials = _counted(trials, f"{actions[0]} trial")
    if len(actions) > 1:
        of_trials = f"{_counted(trials, 'trial')} of {len(actions)} actions"
    frames = "every frame" if dataset.every == 1 else f"one of every {dataset.every} frames"
    seen = f"{frames} of {of_trials} from {_counted(cameras, 'camera')}"
    return (
        "root-relative (each pose minus its own pelvis), 17 joints including the root, camera frame; "
        f"{split_words}; {seen}; {box_words(views)}; {capture_words(dataset)}"
    )


def whole_protocol(predictor: Predictor, dataset: Dataset, views: Sequence[View]) -> str:
    """The protocol with what the run itself adds to it: frames of reference, mirror images, another dataset."""
    protocol = protocol_words(predictor.split.words, dataset, views)
    absent = [subject for subject in predictor.split.test if subject not in dataset.subjects]
    if absent:
        protocol += f"; without {', '.join(absent)}, whom the dataset does not have"
    if predictor.frame_words:
        protocol += f"; {predictor.frame_words}"
    if predictor.config["finetune"]["mirror_average"]:
        protocol += "; each prediction the mean of the picture's and its mirror image's"
    if predictor.dataset_fingerprint != dataset.fingerprint:
        protocol += f"; another dataset than it was trained on ({predictor.dataset_fingerprint[:12]})"
    return protocol


def require_own_dataset(predictor: Predictor, dataset: Dataset) -> None:
    """Raises InputError if a run was not trained on this dataset."""
    if predictor.dataset_fingerprint != dataset.fingerprint:
        raise InputError(
            dataset.folder,
            f"the dataset {dataset.fingerprint[:12]}",
            f"{predictor.dataset_fingerprint[:12]}, which the run was trained on",
            "Give that dataset, or add --allow-other-dataset if testing on another one is meant",
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def box_words(views: Sequence[View]) -> str:
    """Where the boxes that cut the persons out of the frames come from."""
    sources = {view.record["mask_source"] for view in views}
    words = {"release": "boxes from the true silhouettes", "background plate": "boxes from background subtraction"}
    return " or ".join(sorted(words.get(source, f"boxes from {source}") for source in sources))


def capture_words(dataset: Dataset) -> str:
    """Whether the pictures are the release's or were drawn by the studio; only the studio has a crowd."""
    synthetic = dataset.manifest.get("synthetic")
    if synthetic or any(is_crowd(subject) for subject in dataset.subjects):
        return "synthetic capture, not Human3.6M itself"
    return "capture of unknown origin" if synthetic is None else "Human3.6M"


def evaluate_run(
    out: Path,
    dataset_dir: Path,
    load: Callable[[], Predictor],
    identity: dict[str, str],
    allow_other_dataset: bool = False,
    origin: provenance.Record | None = None,
) -> dict[str, Any]:
    """Tests a run on its test subjects; writes `results.json` and `predictions.npz`.

    If the results at hand are of the same network on the same dataset, they are returned as they are.

    Args:
        out: where the two files go: the run's folder, or another one.
        dataset_dir: the preprocessed dataset.
        load: makes the predictor; called only if there is something to do.
        identity: what tells this network from others, such as stage and digest of the checkpoint.
        allow_other_dataset: test on a dataset that the network was not trained on.
        origin: of `provenance.of_run`, for the record in both files; None if there is no run.

    Returns:
        The results, with "fresh": False if they had been there before.

    Raises:
        InputError: if the dataset is not the one of the training, holds no test subject, or test frames that were
            trained on.
    """
    dataset = open_dataset(dataset_dir)
    identity = {**identity, "dataset_fingerprint": dataset.fingerprint}
    old = results_of(out)
    if old is not None and old["identity"] == identity and (out / PREDICTIONS_FILE).exists():
        return {**old, "fresh": False}
    dataset = open_dataset(dataset_dir, verify=True)  # a wrong bit would spoil a number that others quote
    predictor = load()
    if not allow_other_dataset:
        require_own_dataset(predictor, dataset)
    views = views_to_test(dataset, predictor.split)
    require_no_leak(dataset, predictor.split, views)
    predicted, target = predict_views(predictor, views)
    spans = tuple(ViewSpan(view.subject, view.trial, view.camera_id, view.frames) for view in views)
    protocol = whole_protocol(predictor, dataset, views)
    results = summarise(predicted, target, spans, predictor.train_mean_pose_mm, protocol)
    predictions = Predictions(root_centred(predicted), root_centred(target), spans)
    record = provenance.of_test(origin or {}, identity)
    write_predictions(out / PREDICTIONS_FILE, predictions, record)
    about = {"schema": SCHEMA, "identity": identity, "dataset": str(dataset_dir), provenance.KEY: record}
    results = {**about, **results}
    write_json(out / RESULTS_FILE, results)
    return {**results, "fresh": True}


def require_no_leak(dataset: Dataset, split: Split, views: Sequence[View]) -> None:
    """Raises InputError if views to test hold frames that trained or validated."""
    leak = find_leak((*training_views(dataset, split), *validation_views(dataset, split)), views)
    if leak is not None:
        raise InputError(
            dataset.folder,
            f"{leak.frames:,} of {leak.tested:,} test frames among those learnt from ({'; '.join(leak.examples)})",
            "none, or no error measured on them means anything",
            "Take those views out of the raw files, preprocess and train again",
        )


def predict_views(predictor: Predictor, views: Sequence[View]) -> tuple[ndarray, ndarray]:
    """Predicted and true poses of all frames of the views, one view after the other, as float32."""
    predicted = []
    with bar(sum(view.frames for view in views), "evaluate", " frame") as progress:
        for view in views:
            poses = np.asarray(predictor.predict_view_mm(view), np.float32)
            if not np.isfinite(poses).all():
                raise ValueError(f"the network predicts values that are not finite in {view.folder}")
            predicted.append(poses)
            progress.update(view.frames)
    return np.concatenate(predicted), np.concatenate([np.asarray(view.joints_root_mm, np.float32) for view in views])


def results_of(run_dir: Path) -> dict[str, Any] | None:
    """What `results.json` of a run holds; None if there is none of the present schema."""
    path = Path(run_dir) / RESULTS_FILE
    if not path.exists():
        return None
    results = read_results(path)
    return results if results.get("schema") == SCHEMA else None
