"""Checkpoints: everything a restart needs, whole or not there, with a digest of every file.

    checkpoints/step_00001200/state/         the arrays, written by Orbax
                             /about.json     step, settings of the network, what the loop keeps besides arrays
                             /digests.json   SHA-256 of all other files: Orbax does not notice a flipped bit
               /best_00000900/               the weights that did best on validation, in the same form
               /damaged_step_00001300/       one whose digests do not fit, set aside

Reading one runs no code from it: arrays and JSON alone. `checkpoint_writer` writes them while training goes on.
"""

import errno
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as orbax

from h36m_pose.atomic_files import remove, remove_leftovers, replacing, sha256_of, write_json
from h36m_pose.errors import InputError
from h36m_pose.models.parameters import Arrays, difference
from h36m_pose.training.state import TrainState

STEP, BEST, DAMAGED = "step", "best", "damaged"
_MARGIN_BYTES = 1 << 18
"""For what lies beside the arrays of a checkpoint."""
_STATE, _ABOUT, _DIGESTS = "state", "about.json", "digests.json"


class DamagedCheckpointError(InputError):
    """A checkpoint's files are not those that were written."""


def _alone() -> orbax.options.MultiprocessingOptions:
    """Tells Orbax that this process writes and reads by itself: it would wait for the others otherwise."""
    me = jax.process_index()
    return orbax.options.MultiprocessingOptions(
        primary_host=me, active_processes={me}, barrier_sync_key_prefix=f"process_{me}"
    )


def _checkpointer() -> orbax.Checkpointer:
    alone = _alone()
    return orbax.Checkpointer(
        orbax.PyTreeCheckpointHandler(multiprocessing_options=alone), multiprocessing_options=alone
    )


def save(folder: Path, arrays: Arrays, about: dict[str, Any]) -> None:
    """Writes a checkpoint; it appears under its name only when it is whole.

    Args:
        folder: the checkpoint's.
        arrays: nested dictionaries of NumPy or JAX arrays.
        about: plain JSON values.
    """
    with replacing(folder) as temporary:
        temporary.mkdir()
        _require_space(temporary, sum(array.nbytes for array in jax.tree.leaves(arrays)))
        try:
            with _checkpointer() as writer:
                writer.save(temporary.resolve() / _STATE, jax.device_get(arrays))
        except ValueError as error:  # TensorStore wraps what the system said
            if "No space left" in str(error) or "RESOURCE_EXHAUSTED" in str(error):
                raise OSError(errno.ENOSPC, "No space left on device", str(folder)) from error
            raise
        write_json(temporary / _ABOUT, about)
        write_json(temporary / _DIGESTS, _digests(temporary))


def _require_space(folder: Path, count: int) -> None:
    """Looks before writing: TensorStore's own answer to a full disk comes with tracebacks out of its threads."""
    if shutil.disk_usage(folder).free < count + _MARGIN_BYTES:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder.parent))


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _DIGESTS)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def load(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    """Reads a checkpoint's arrays and what was noted about it.

    Raises:
        DamagedCheckpointError: if a file is missing, additional or changed.
    """
    about = read_about(folder)
    with _checkpointer() as reader:
        arrays = reader.restore(folder.resolve() / _STATE)
    return arrays, about


def read_about(folder: Path) -> dict[str, Any]:
    """Compares all of a checkpoint's files with their digests and reads what was noted about it; see `load`."""
    _verify(folder)
    return json.loads((folder / _ABOUT).read_text(encoding="utf-8"))


def digest(folder: Path) -> str:
    """One digest for the whole checkpoint."""
    return sha256_of(folder / _DIGESTS)


def _verify(folder: Path) -> None:
    mend = "Restore this folder from a copy, or train the stage again in another --run folder"
    try:
        expected = json.loads((folder / _DIGESTS).read_text(encoding="utf-8"))
        if not isinstance(expected, dict):
            raise ValueError
        found = _digests(folder)
    except FileNotFoundError:
        found_words = f"no {_DIGESTS}" if folder.is_dir() else "no such folder"
        raise DamagedCheckpointError(folder, found_words, "a whole checkpoint", mend) from None
    except ValueError:
        raise DamagedCheckpointError(folder, f"a damaged {_DIGESTS}", "a whole checkpoint", mend) from None
    for name in sorted({*expected, *found}):
        if expected.get(name) != found.get(name):
            words = "other bytes in" if name in found and name in expected else ("no" if name in expected else "also")
            raise DamagedCheckpointError(folder, f"{words} {name}", "the files that were written", mend)


def folder_of(checkpoints: Path, kind: str, step: int) -> Path:
    """Where the checkpoint of a step lies.

    Args:
        checkpoints: the stage's folder of checkpoints.
        kind: `STEP` or `BEST`.
        step: its step.
    """
    return checkpoints / f"{kind}_{step:08d}"


def steps(checkpoints: Path, kind: str = STEP) -> list[int]:
    """The steps there are checkpoints of, in order."""
    return sorted(int(path.name.removeprefix(f"{kind}_")) for path in checkpoints.glob(f"{kind}_[0-9]*"))


def restore_latest(
    checkpoints: Path, like: TrainState, dataset_fingerprint: str, writes: bool = True
) -> tuple[TrainState, dict[str, Any]] | None:
    """Reads the latest good checkpoint; damaged ones are named, set aside and passed over.

    Args:
        checkpoints: the stage's folder of checkpoints; what killed writers left there is deleted.
        like: a state of the same network and optimiser.
        dataset_fingerprint: of the dataset that training would go on with.
        writes: whether this process may set aside and delete.

    Returns:
        The state and what was noted about it; None if there is no checkpoint.

    Raises:
        InputError: if it is of another network or dataset.
    """
    if writes:
        remove_leftovers(checkpoints)
    without_best = None
    for step in reversed(steps(checkpoints)):
        folder = folder_of(checkpoints, STEP, step)
        try:
            arrays, about = load(folder)
        except DamagedCheckpointError as error:
            if writes:
                _warn(f"{_in_short(error)}; it is set aside, and training goes back to an earlier one")
                _set_aside(folder)
            continue
        if about["dataset_fingerprint"] != dataset_fingerprint:
            raise InputError(
                folder,
                f"a checkpoint of the dataset {about['dataset_fingerprint'][:12]}",
                f"one of {dataset_fingerprint[:12]}",
                "Give that dataset, or choose another --run folder",
            )
        state = arrays_to_state(arrays, like, folder)
        problem = _problem_of_best(checkpoints, about)
        if problem is None:
            return state, about
        if writes and without_best is None:
            _warn(f"{problem}; training goes back to where they were not yet written, if it can")
        without_best = without_best or (state, about)
    if without_best is not None:
        without_best[1]["progress"]["best"] = None
        if writes:
            _warn(f"{checkpoints}: no best weights are left; those of the next validation count as the best")
    return without_best


def _warn(words: str) -> None:
    print(f"h36m-pose: warning: {words}", file=sys.stderr)


def _problem_of_best(checkpoints: Path, about: dict[str, Any]) -> str | None:
    """What is wrong with the best weights that a checkpoint refers to; None if nothing is, or if there are none yet."""
    if about["progress"]["best"] is None:
        return None
    try:
        _verify(folder_of(checkpoints, BEST, about["progress"]["best_step"]))
    except DamagedCheckpointError as error:
        return _in_short(error)
    return None


def _in_short(error: DamagedCheckpointError) -> str:
    return f"{error.path}: found {error.found}; expected {error.expected}"


def _set_aside(folder: Path) -> None:
    aside = folder.with_name(f"{DAMAGED}_{folder.name}")
    remove(aside)
    folder.rename(aside)


def prune(checkpoints: Path, keep: int) -> None:
    """Deletes all but the latest `keep` checkpoints, and the best weights that none of these refers to."""
    for step in steps(checkpoints)[:-keep]:
        remove(folder_of(checkpoints, STEP, step))
    kept = steps(checkpoints)
    try:
        needed = {_best_step(folder_of(checkpoints, STEP, step)) for step in kept}
    except (OSError, ValueError, KeyError, TypeError):  # one of them is damaged: the next restart will tell
        return
    for step in steps(checkpoints, BEST):
        if step not in needed and kept and step < kept[-1]:
            remove(folder_of(checkpoints, BEST, step))


def _best_step(folder: Path) -> int:
    return json.loads((folder / _ABOUT).read_text(encoding="utf-8"))["progress"]["best_step"]


def state_to_arrays(state: TrainState) -> Arrays:
    """A state as nested dictionaries; the optimiser's arrays are numbered."""
    numbered = {f"{place:04d}": leaf for place, leaf in enumerate(jax.tree.leaves(state.opt_state))}
    return {**state._asdict(), "opt_state": numbered}


def arrays_to_state(arrays: Arrays, like: TrainState, origin: Path) -> TrainState:
    """The inverse of `state_to_arrays`, for a state like the given one.

    Raises:
        InputError: if the arrays are of another network or optimiser.
    """
    expected = state_to_arrays(like)
    problem = next(
        (
            words
            for part in TrainState._fields
            if (words := difference(_as_tree(arrays[part]), _as_tree(expected[part])))
        ),
        None,
    )
    if problem:
        raise InputError(
            origin, f"a checkpoint of another network ({problem})", "this experiment's", "Choose another --run folder"
        )
    leaves, structure = jax.tree.flatten(like.opt_state)
    restored = [arrays["opt_state"][f"{place:04d}"] for place in range(len(leaves))]
    return TrainState(**{**arrays, "opt_state": jax.tree.unflatten(structure, restored)})


def _as_tree(value: Any) -> Arrays:
    return value if isinstance(value, dict) else {"value": np.asarray(value)}
