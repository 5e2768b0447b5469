"""Where a file or a folder comes from: what it says itself, or what the folder says that it lies in."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from h36m_pose import provenance
from h36m_pose.data.dataset import ARRAYS, MANIFEST, RECORD
from h36m_pose.errors import InputError
from h36m_pose.provenance import KEY, Record
from h36m_pose.training import run_folder
from h36m_pose.whence import commands, kinds, places
from h36m_pose.whence.containers import Held, held_in

_EXPECTED = "a file or a folder that h36m-pose wrote"
_ASK_RUN = "Ask about the run it was made from"
_OF_STAGE = (
    run_folder.CONFIG, run_folder.CONFIG_BEFORE, run_folder.ENVIRONMENT, run_folder.FINISHED, run_folder.METRICS,
    run_folder.RATES, "domain.npz",
)  # fmt: skip
_FOLDER_MARKS = ("results.json", places.POSES, "comparison.json", "network.stablehlo.zip")
"""Files that tell where their folder comes from."""


@dataclasses.dataclass(frozen=True)
class Origin:
    """What is known of a file.

    Attributes:
        path: as it was given.
        what: it is, in words.
        record: the facts, by the names of `provenance`; those that nobody told are not there.
        again: the commands that make it again, in turn.
        notes: what to know about where this was read.
        held: all that the file says of itself, or what tells it.
        told_by: the file that was read.
        run: the run that it was made from or is part of, if that still lies there.
        dataset: the dataset likewise.
    """

    path: Path
    what: str
    record: Record
    again: tuple[str, ...]
    notes: tuple[str, ...] = ()
    held: Held = dataclasses.field(default_factory=dict)
    told_by: Path = Path()
    run: Path | None = None
    dataset: Path | None = None


def origin_of(path: Path) -> Origin:
    """Finds out where a file or a folder comes from.

    Raises:
        InputError: if there is nothing of that name, if it is not ours, if it is damaged, or if nothing tells.
    """
    if not path.exists():
        raise InputError(path, "no such file or folder", _EXPECTED, "Correct the name")
    if path.is_dir():
        return _of_folder(path)
    held = held_in(path)
    kind = kinds.kind_of(path, held) if held else None
    if held and kind:
        return _told(path, path, kind.words, kind, held)
    return _of_place(path)


def _told(path: Path, told_by: Path, what: str, kind: kinds.Kind, held: Held, notes: Sequence[str] = ()) -> Origin:
    """The origin of what tells it itself, or through another file."""
    record = facts_of(held)
    command = str(record.get("command", ""))
    run = places.above(told_by, places.is_run) or places.run_named_in(command, held.get("run"))
    if not (record or run or kind is kinds.PACK):
        found = f"{kind.words}, without a word of where it comes from"
        raise InputError(path, found, "a record in it, or the run's folder around it", _ASK_RUN)
    if not record and run:
        notes = (*notes, f"it tells nothing itself; these are the facts of {commands.shown(run)}, where it lies")
    record = _with_run(record, run)
    if kind is kinds.PACK:
        record["dataset"] = held["fingerprint"]
    listed = held.get("commands")
    again = tuple(map(str, listed)) if isinstance(listed, list) and listed else (command,)
    if not again[0]:
        again = (f"h36m-pose {kind.command.format(run=commands.shown(run) if run else 'RUN')}",)
        notes = (*notes, "it does not tell the command: this is the usual one")
    dataset = places.dataset_named_in(command, held.get("dataset")) or (run and commands.dataset_of(run))
    return Origin(path, what, record, again, tuple(notes), held, told_by, run, dataset)


def facts_of(held: Held) -> Record:
    """The record of a file, or what files told before there were records, under the same names."""
    record = held.get(KEY)
    if isinstance(record, dict):
        told: Record = {name: value for name, value in record.items() if isinstance(value, str)}
        if isinstance(record.get("runs"), list):
            told["runs"] = [facts_of({KEY: each}) for each in record["runs"] if isinstance(each, dict)]
        if isinstance(record.get("rows"), dict):
            told["rows"] = record["rows"]
        return told
    identity = held["identity"] if isinstance(held.get("identity"), dict) else held
    tested = places.inside(held, "stages", "finetune", "weights")
    on = places.inside(held, "dataset", "fingerprint")
    old = {
        "made_by": held.get("made_by"),
        "run": Path(held["run"]).name if isinstance(held.get("run"), str) else None,
        "weights": _first(identity.get("weights"), held.get("checkpoint_digest"), tested),
        "dataset": _first(identity.get("dataset_fingerprint"), held.get("dataset_fingerprint"), on),
        "protocol": _first(held.get("protocol")),
        "trained_by": _first(held.get("code"), places.inside(held, "environment", "commit")),
    }
    return {name: value for name, value in old.items() if value}


def _first(*values: object) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)


def _with_run(record: Record, run: Path | None) -> Record:
    """The record, with what the run adds to it if that is the one whose weights it tells."""
    if run is None:
        return record
    found = provenance.of_run(run)
    if record.get("weights") and record.get("weights") != found.get("weights"):
        return record
    return {**found, **record}


def _of_folder(path: Path) -> Origin:
    if places.is_dataset(path):
        return _of_dataset(path, path)
    if places.is_capture(path):
        return _of_capture(path, path)
    if places.is_checkpoint(path):
        return _of_checkpoint(path, path)
    if places.is_stage(path):
        return _of_stage(path, path)
    if places.is_run(path):
        return _of_run(path)
    mark = next((path / name for name in _FOLDER_MARKS if (path / name).is_file()), None)
    held = held_in(mark) if mark else None
    kind = kinds.kind_of(mark, held) if mark and held else None
    if mark and held and kind:
        return _told(path, mark, f"a folder with {kind.words}", kind, held, (f"{mark.name} in it tells",))
    return _of_place(path)


def _of_place(path: Path) -> Origin:
    """Of what says nothing itself: what tells the folder that it lies in.

    Raises:
        InputError: if that tells nothing either.
    """
    parent, suffix = path.absolute().parent, path.suffix.lower()
    beside = places.read_object(parent / places.POSES)
    if path.name in (beside.get("sha256") or {}) or (suffix in places.NO_PLACE and beside.get("annotations")):
        note = f"{places.NO_PLACE.get(suffix, 'it')} has no place for such words; {places.POSES} beside it tells"
        held = held_in(parent / places.POSES) or {}
        return _told(path, parent / places.POSES, kinds.POSES.words, kinds.POSES, held, (note,))
    checkpoint = places.above(path, places.is_checkpoint)
    if checkpoint:
        return _of_checkpoint(path, checkpoint)
    stage = places.above(path, places.is_stage)
    if stage and (path.name in _OF_STAGE or path.name.startswith("events.") or path.is_dir()):
        return _of_stage(path, stage)
    dataset = places.above(path, places.is_dataset)
    of_dataset = (MANIFEST, RECORD, *(f"{name}.npy" for name in ARRAYS))
    if dataset and (path.name in of_dataset or (path.is_dir() and (path / RECORD).is_file())):
        return _of_dataset(path, dataset)
    capture = places.above(path, places.is_capture)
    listed = places.read_object(capture / places.CAPTURE)["files"] if capture else {}
    if capture and path.absolute().relative_to(capture.absolute()).as_posix() in (places.CAPTURE, *listed):
        return _of_capture(path, capture)
    run = places.above(path, places.is_run)
    if run and path.name == "learning_curves.png":
        return dataclasses.replace(_of_run(run), path=path, what=kinds.CURVES.words)
    raise _nothing_told(path)


def _nothing_told(path: Path) -> InputError:
    if path.is_dir():
        return InputError(path, "no run, dataset or other folder of ours", _EXPECTED, "Ask about a file in it")
    if path.suffix.lower() in places.NO_PLACE:
        found = f"{places.NO_PLACE[path.suffix.lower()]}, which cannot tell, and no {places.POSES} beside it"
        return InputError(path, found, _EXPECTED, "Ask about the folder in which it was written")
    return InputError(path, "no record of where it comes from in it", _EXPECTED, "Name another file")


def _of_run(path: Path) -> Origin:
    stages = [stage for stage in ("pretrain", "finetune") if places.is_stage(path / stage)]
    words = " and ".join(f"{stage}ed" if stage == "pretrain" else "finetuned" for stage in stages)
    finished = places.read_object(path / stages[-1] / run_folder.FINISHED)
    done = "" if finished else f", its {stages[-1]} stage not finished"
    dataset = commands.dataset_of(path)
    what = f"a run, {words}{done}"
    again = [commands.training(path, stage) for stage in stages]
    if (path / "results.json").is_file():
        again.append(f"h36m-pose evaluate {commands.shown(path)}")
        what += f", tested (MPJPE {_mpjpe(path)})"
    return Origin(path, what, provenance.of_run(path), tuple(again), run=path, dataset=dataset)


def _mpjpe(run: Path) -> str:
    value = places.inside(places.read_object(run / "results.json"), "metrics", "mpjpe", "network")
    return f"{value:.1f} mm" if isinstance(value, float) else "not told"


def _of_stage(path: Path, stage: Path) -> Origin:
    run = stage.parent
    what = f"{stage.name}, a stage of the run {run.absolute().name}"
    what = what if path.absolute() == stage.absolute() else f"part of {what}"
    record = provenance.of_stage(stage)
    again = (commands.training(run, stage.name),)
    return Origin(path, what, record, again, run=run, dataset=commands.dataset_of(run))


def _of_checkpoint(path: Path, checkpoint: Path) -> Origin:
    about = places.read_object(checkpoint / places.ABOUT)
    stage, step = about.get("stage"), about.get("step")
    what = f"a checkpoint of the stage {stage}, step {step}"
    what = what if path.absolute() == checkpoint.absolute() else f"part of {what}"
    found = {
        "weights": places.weights_of(checkpoint),
        "settings": provenance.settings_digest(about["settings"]),
        "dataset": about.get("dataset_fingerprint"),
        "protocol": places.inside(about, "split", "words"),
    }
    of_stage = places.above(checkpoint, places.is_stage)
    notes = ["a checkpoint does not tell its commit and command"]
    if of_stage:
        notes = ["commit and command are those of its stage"]
        found = {**provenance.of_stage(of_stage), **found}
    run = of_stage.parent if of_stage else None
    again = commands.training_of(about["settings"], str(stage), run)
    record = {name: value for name, value in found.items() if isinstance(value, str) and value}
    dataset = commands.dataset_of(run) if run else None
    return Origin(path, what, record, (again,), tuple(notes), told_by=checkpoint, run=run, dataset=dataset)


def _of_dataset(path: Path, dataset: Path) -> Origin:
    manifest = places.read_object(dataset / MANIFEST)
    synthetic = manifest.get("synthetic")
    origin = "" if synthetic is None else " of a synthetic capture" if synthetic else " of Human3.6M"
    what = f"a dataset{origin}, {manifest['frames']:,} frames of {len(manifest['views'])} views"
    what = what if path.absolute() == dataset.absolute() else f"part of {what}"
    again = commands.preprocessing(manifest["parameters"], dataset)
    code = str(manifest["parameters"].get("code"))[:12]
    notes = (f"a dataset tells no commit: any version whose code for pictures has the digest {code} makes the same",)
    return Origin(path, what, {"dataset": manifest["fingerprint"]}, (again,), notes, manifest, dataset, None, dataset)


def _of_capture(path: Path, capture: Path) -> Origin:
    held: dict[str, Any] = places.read_object(capture / places.CAPTURE)
    what = f"a synthetic capture of {len(held['files'])} files"
    what = what if path.absolute() == capture.absolute() else f"part of {what}"
    told = ", ".join(f"{name} {value}" for name, value in held["parameters"].items())
    again = commands.capturing(held["parameters"], capture)
    return Origin(path, what, {}, (again,), (f"made with {told}",), held, capture)
