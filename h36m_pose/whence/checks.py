"""Compares what a file tells of its origin with what still lies there: weights, settings, dataset, files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from h36m_pose import provenance
from h36m_pose.atomic_files import sha256_of
from h36m_pose.data.dataset import MANIFEST
from h36m_pose.errors import InputError
from h36m_pose.training import run_folder
from h36m_pose.whence import places
from h36m_pose.whence.origin import Origin

SAME, CHANGED, NOT_THERE = "same", "changed", "not there"
RESULTS_FILE = "results.json"
_SHORT = 12
_ROUNDING_MM = 1e-3


class Check(NamedTuple):
    """One comparison: of what, how it came out, and in words what was compared."""

    subject: str
    verdict: str
    words: str


def checks_of(origin: Origin, run: Path | None = None, dataset: Path | None = None) -> list[Check]:
    """All that can be compared without training.

    Args:
        origin: of `origin_of`.
        run: where the run lies, if not where it is looked for.
        dataset: the dataset likewise.
    """
    record, run, dataset = origin.record, run or origin.run, dataset or origin.dataset
    found: list[Check] = []
    if record.get("weights") or origin.run:
        found += _weights(origin, run)
    if record.get("settings") and run:
        found += _settings(record["settings"], origin, run)
    if record.get("dataset"):
        found += _dataset(record["dataset"], origin, dataset)
    found += _files(origin, run)
    return found


def _weights(origin: Origin, run: Path | None) -> Iterator[Check]:
    """The checkpoint that the file was made with: of the run's second stage, or of the stage that is asked about."""
    told = str(origin.record.get("weights", ""))
    if places.is_checkpoint(origin.told_by):
        yield _whole(origin.told_by)
        return
    stage = _stage_of(origin, run)
    if told:
        yield from _checkpoint(told, stage)
    if run and origin.path.absolute() == run.absolute():
        for other in (run / name for name in places.STAGES if (run / name) != stage and places.is_stage(run / name)):
            yield from _checkpoint(str(places.read_object(other / run_folder.FINISHED).get("weights", "")), other)


def _checkpoint(told: str, stage: Path | None) -> Iterator[Check]:
    """The best checkpoint of a stage, against the digest that is told of it."""
    checkpoint = places.best_checkpoint(stage) if stage else None
    if checkpoint is None or not (checkpoint / places.DIGESTS).is_file():
        where = f"no finished checkpoint in {stage}" if stage else "its run is not here, name it with --run"
        yield Check("weights", NOT_THERE, f"{told[:_SHORT]}: {where}")
        return
    found = places.weights_of(checkpoint)
    if found == told:
        yield Check("weights", SAME, f"{told[:_SHORT]}: {checkpoint}")
    else:
        yield Check("weights", CHANGED, f"{told[:_SHORT]}: {checkpoint} has {found[:_SHORT]}")
    yield _whole(checkpoint)


def _whole(checkpoint: Path) -> Check:
    return _against_digests("checkpoint", checkpoint, places.read_object(checkpoint / places.DIGESTS))


def _stage_of(origin: Origin, run: Path | None) -> Path | None:
    asked = places.above(origin.path, places.is_stage)
    if asked:
        return asked
    return next((run / stage for stage in places.STAGES if places.is_stage(run / stage)), None) if run else None


def _against_digests(what: str, folder: Path, digests: dict[str, Any]) -> Check:
    """Every file of a folder against its digest."""
    there = {name: folder / name for name in digests}
    wrong = [name for name, path in there.items() if not path.is_file() or sha256_of(path) != digests[name]]
    if wrong or not digests:
        words = f"{wrong[0] if wrong else places.DIGESTS} is not as it was written: {folder}"
        return Check(f"files of the {what}", CHANGED, words)
    return Check(f"files of the {what}", SAME, f"as they were written: {folder}")


def _settings(told: str, origin: Origin, run: Path) -> Iterator[Check]:
    stage = _stage_of(origin, run)
    if stage is None:
        return
    config = stage / run_folder.CONFIG
    found = provenance.settings_digest(places.read_object(config)["settings"])
    yield Check("settings", SAME if found == told else CHANGED, f"{told[:_SHORT]}: {config}")


def _dataset(told: str, origin: Origin, dataset: Path | None) -> Iterator[Check]:
    """Its fingerprint; if the dataset itself is asked about, every byte of it."""
    if dataset is None or not places.is_dataset(dataset):
        yield Check("dataset", NOT_THERE, f"{told[:_SHORT]}: it is not here, name it with --dataset")
        return
    found = str(places.read_object(dataset / MANIFEST)["fingerprint"])
    verdict = SAME if found == told else CHANGED
    words = f"{told[:_SHORT]}: {dataset}"
    yield Check("dataset", verdict, words if verdict == SAME else f"{words} has {found[:_SHORT]}")
    if origin.told_by == dataset:
        from h36m_pose.data.dataset import open_dataset

        try:
            open_dataset(dataset, verify=True)
            yield Check("files of the dataset", SAME, f"as they were written: {dataset}")
        except InputError as error:
            yield Check("files of the dataset", CHANGED, f"{error.found}: {error.path}")


def _files(origin: Origin, run: Path | None) -> Iterator[Check]:
    """Files beside it that it tells the digests of, and results beside their predictions."""
    held, folder = origin.held, origin.told_by.parent
    if "pack" in held:
        yield _pack(origin.told_by)
    if places.is_capture(origin.told_by):
        digests = {name: places.inside(facts, "sha256") for name, facts in held["files"].items()}
        yield _against_digests("capture", origin.told_by, digests)
    if "predictions_sha256" in held:
        yield _file(folder / "predictions.npz", held["predictions_sha256"])
    beside = places.read_object(folder / places.POSES).get("sha256")
    if isinstance(beside, dict):
        whole = origin.told_by.name == places.POSES and origin.path.suffix.lower() not in places.NO_PLACE
        for name in beside if whole else {origin.path.name} & set(beside):
            yield _file(folder / name, beside[name])
    rows = origin.record.get("rows")
    for name, digest in rows.items() if isinstance(rows, dict) else ():
        yield _file(folder / f"{name}.json", digest)
    if "made_from" in held:
        yield _page(origin.told_by, str(held["made_from"]))
    if "per_view" in held or "target_root_mm" in held.get("arrays", ()):
        yield from _results(folder / RESULTS_FILE)
    elif run and origin.path.absolute() == run.absolute():
        yield from _results(run / RESULTS_FILE)


def _file(path: Path, digest: object) -> Check:
    if not path.is_file():
        return Check(path.name, NOT_THERE, str(path))
    return Check(path.name, SAME if sha256_of(path) == digest else CHANGED, f"{str(digest)[:_SHORT]}: {path}")


def _pack(path: Path) -> Check:
    from h36m_pose.data.pack_reader import check

    try:
        check(path)
    except InputError as error:
        return Check("contents of the pack", CHANGED, error.found)
    return Check("contents of the pack", SAME, "every byte is as it was written")


def _results(path: Path) -> Iterator[Check]:
    """Whether the predictions beside results come to the error that they tell; nothing if there are no results."""
    from h36m_pose.metrics import mpjpe
    from h36m_pose.predictions_file import PREDICTIONS_FILE, read_predictions

    if not path.is_file():
        return
    if not (path.parent / PREDICTIONS_FILE).is_file():
        yield Check("results", NOT_THERE, f"no {PREDICTIONS_FILE} beside {path}")
        return
    told = places.inside(places.read_object(path), "metrics", "mpjpe", "network")
    try:
        predictions = read_predictions(path.parent / PREDICTIONS_FILE)
    except InputError as error:
        yield Check("results", CHANGED, f"{error.path}: {error.found}")
        return
    found = mpjpe(predictions.predicted_root_mm, predictions.target_root_mm)
    if isinstance(told, float) and abs(found - told) < _ROUNDING_MM:
        yield Check("results", SAME, f"MPJPE {told:.4f} mm, as the poses in {PREDICTIONS_FILE} have it")
    else:
        yield Check("results", CHANGED, f"MPJPE {told} mm, but {found:.4f} mm by the poses in {PREDICTIONS_FILE}")


def _page(path: Path, made_from: str) -> Check:
    """Whether a report was made from the run's files as they are, by this version's code."""
    from h36m_pose.report.identity import identity_of
    from h36m_pose.report.material import gather

    try:
        material = gather(path.parent)
    except InputError as error:
        return Check("what the page shows", NOT_THERE, f"{error.path}: {error.found}")
    same = made_from in (identity_of(material, with_camera) for with_camera in (False, True))
    words = "the run as it is" if same else "another state of the run, or pages of other code"
    return Check("what the page shows", SAME if same else CHANGED, words)


def status(checks: list[Check]) -> int:
    """The exit status: 1 if something changed, or if nothing could be compared; else 0."""
    verdicts = {check.verdict for check in checks}
    return 1 if CHANGED in verdicts or SAME not in verdicts else 0
