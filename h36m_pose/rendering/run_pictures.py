"""The pictures of a run: the video of a test walk and the four-sample picture, from the predictions of `evaluate`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from h36m_pose import provenance
from h36m_pose.atomic_files import sha256_of
from h36m_pose.data.dataset import Dataset, View, open_dataset
from h36m_pose.errors import InputError
from h36m_pose.predictions_file import PREDICTIONS_FILE, Predictions, read_predictions
from h36m_pose.rendering import rerun_file
from h36m_pose.rendering.media_files import comment_of, read_frames
from h36m_pose.rendering.sample_picture import choose_samples, write_samples
from h36m_pose.rendering.walking_clip import WalkingClip, make_clip, poses_of
from h36m_pose.rendering.walking_video import Caption, render_walk
from h36m_pose.summary import RESULTS_FILE, read_results

VIDEO_FILE = "walking.mp4"
SAMPLES_FILE = "four_samples.png"
FRONTAL_CAMERA = "60457274"
VIDEO_TITLE = "3D pose of a walk, from single 128 × 128 images"  # noqa: RUF001
SMOOTHED_TITLE = "3D pose of a walk, from 128 × 128 images, smoothed over time"  # noqa: RUF001
SAMPLES_TITLE = "Four test samples: input, predicted and true pose"
_VERSION = 1  # Raised when the pictures change so much that old ones should be drawn again.


def render_run(
    run_dir: Path,
    dataset_dir: Path,
    video_of: Callable[[View], Path],
    view_name: str | None = None,
    first: int = 0,
    frames: int = 300,
    code: str = "",
    title: str = VIDEO_TITLE,
) -> list[Path]:
    """Draws what is missing of `walking.mp4` and `four_samples.png`.

    Args:
        run_dir: the run's folder, or a smoothed variant's, with `results.json` and `predictions.npz`.
        dataset_dir: the dataset they were made with.
        video_of: where the raw video of a view lies.
        view_name: such as "S11 Walking 1.60457274"; None for the first trial of the first test subject, seen by camera
            60457274 if there is one.
        first: frame of the view with which the video begins.
        frames: how many, or as many as there are.
        code: version of the code, stored in the files.
        title: of the video.

    Returns:
        The files drawn now. Those that show the same predictions already are left alone.

    Raises:
        InputError: if the results are of another dataset, the view was not tested, or its video is not usable.
    """
    results = read_results(run_dir / RESULTS_FILE)
    predictions = read_predictions(run_dir / PREDICTIONS_FILE)
    dataset = open_dataset(dataset_dir)
    _require_dataset_of(results, dataset, run_dir)
    source = {
        "run": run_dir.resolve().name,
        **results["identity"],
        "predictions_sha256": sha256_of(run_dir / PREDICTIONS_FILE),
        "pictures": _VERSION,
    }
    small_print = f"{results['protocol']}. Run '{source['run']}', dataset {dataset.fingerprint[:10]}."
    small_print = small_print[:1].upper() + small_print[1:]
    view = _chosen_view(dataset, predictions, view_name)
    clip = _clip(view, predictions, first, frames)
    walk = source | {"view": view.name, "first": first, "frames": len(clip)}
    record = provenance.record(**provenance.of_results(results))
    made = []
    if not _shows(run_dir / VIDEO_FILE, walk):
        comment = provenance.one_line(record, **walk, code=code)
        caption = Caption(title, _result_words(results, clip), small_print, comment)
        pictures = read_frames(video_of(view), first, len(clip), dataset.every)
        render_walk(run_dir / VIDEO_FILE, clip, pictures, caption)
        made.append(run_dir / VIDEO_FILE)
    if not _shows(run_dir / SAMPLES_FILE, source):
        comment = provenance.one_line(record, **source, code=code)
        clips = _sample_clips(dataset, predictions)
        write_samples(run_dir / SAMPLES_FILE, clips, SAMPLES_TITLE, small_print, comment)
        made.append(run_dir / SAMPLES_FILE)
    return made


def log_walk(
    run_dir: Path,
    dataset_dir: Path,
    video_of: Callable[[View], Path],
    path: Path,
    view_name: str | None = None,
    first: int = 0,
    frames: int = 300,
) -> int:
    """Writes what all cameras saw of a trial as a file for the Rerun viewer; returns how many cameras.

    Args:
        run_dir: see `render_run`, as the others.
        dataset_dir: the dataset.
        video_of: where the raw video of a view lies.
        path: of the `.rrd`.
        view_name: of a view of the trial.
        first: first frame.
        frames: how many at most.
    """
    rerun_file.require_rerun()
    results, predictions = read_results(run_dir / RESULTS_FILE), read_predictions(run_dir / PREDICTIONS_FILE)
    dataset = open_dataset(dataset_dir)
    _require_dataset_of(results, dataset, run_dir)
    shown = _chosen_view(dataset, predictions, view_name)
    _clip(shown, predictions, first, frames)  # are there such frames?
    tested = {span.name for span in predictions.spans}
    walks = [
        rerun_file.SeenWalk(
            view, *poses_of(predictions, view), read_frames(video_of(view), first, frames, dataset.every)
        )
        for view in dataset.views
        if (view.subject, view.trial) == (shown.subject, shown.trial) and view.name in tested
    ]
    record = provenance.record(**provenance.of_results(results))
    rerun_file.write_rerun(path, walks, first, frames, record)
    return len(walks)


def _require_dataset_of(results: dict[str, Any], dataset: Dataset, run_dir: Path) -> None:
    tested = results["identity"]["dataset_fingerprint"]
    if tested != dataset.fingerprint:
        raise InputError(
            dataset.folder,
            f"the dataset {dataset.fingerprint[:12]}",
            f"{tested[:12]}, which {run_dir / RESULTS_FILE} was made with",
            f"Run: h36m-pose evaluate {run_dir} --dataset {dataset.folder}",
        )


def _result_words(results: dict[str, Any], clip: WalkingClip) -> str:
    of_view = results["per_view"][f"{clip.subject} {clip.trial}.{clip.camera_id}"]["mpjpe"]
    return (
        f"Test subject {clip.subject}, {clip.trial}, camera {clip.camera_id}   ·   MPJPE over this sequence "
        f"{of_view['network']:.1f} mm (always guessing the mean pose: {of_view['mean_pose']:.1f} mm)"
    )


def _chosen_view(dataset: Dataset, predictions: Predictions, name: str | None) -> View:
    """The view of that name; without a name, the first tested trial as the frontal camera saw it."""
    tested = [span.name for span in predictions.spans]
    if name is None:
        start = f"{predictions.spans[0].subject} {predictions.spans[0].trial}."
        name = f"{start}{FRONTAL_CAMERA}" if f"{start}{FRONTAL_CAMERA}" in tested else tested[0]
    if name not in tested:
        raise InputError("--view", repr(name), f"a tested view, one of: {', '.join(tested)}", "Name one of these")
    return next(view for view in dataset.views if view.name == name)


def _clip(view: View, predictions: Predictions, first: int, frames: int) -> WalkingClip:
    if not 0 <= first < view.frames or frames < 1:
        raise InputError(
            "--first / --frames", f"{first} / {frames}", f"a stretch of the {view.frames} frames", "Choose one of them"
        )
    predicted, target = poses_of(predictions, view)
    return make_clip(view, predicted, target, first, frames)


def _sample_clips(dataset: Dataset, predictions: Predictions) -> list[WalkingClip]:
    views = {view.name: view for view in dataset.views}
    return [_clip(views[sample.view_name], predictions, sample.frame, 1) for sample in choose_samples(predictions)]


def _shows(path: Path, what: dict[str, Any]) -> bool:
    """Whether a picture is there and was drawn from the same things."""
    comment = comment_of(path)
    return comment is not None and {key: comment.get(key) for key in what} == what
