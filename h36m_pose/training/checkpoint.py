"""Checkpoints: everything a restart needs, whole or not there, with a digest of every file.

    checkpoints/step_00001200/state/         the arrays, written by Orbax
                             /about.json     step, settings of the network, what the loop keeps besides arrays
                             /digests.json   SHA-256 of all other files: Orbax does not notice a flipped bit
               /best/                        the weights that did best on validation, in the same form

Reading one runs no code from it: arrays and JSON alone.
"""

import errno
import json
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

BEST = "best"
_PREFIX = "step_"
_STATE, _ABOUT, _DIGESTS = "state", "about.json", "digests.json"


class DamagedCheckpointError(InputError):
    """A checkpoint's files are not those that were written."""


def save(folder: Path, arrays: Arrays, about: dict[str, Any]) -> None:
    """Writes a checkpoint; it appears under its name only when it is whole.

    Args:
        folder: the checkpoint's.
        arrays: nested dictionaries of NumPy or JAX arrays.
        about: plain JSON values.
    """
    with replacing(folder) as temporary:
        temporary.mkdir()
        try:
            with orbax.PyTreeCheckpointer() as writer:
                writer.save(temporary.resolve() / _STATE, jax.device_get(arrays))
        except ValueError as error:  # TensorStore wraps what the system said
            if "No space left" in str(error) or "RESOURCE_EXHAUSTED" in str(error):
                raise OSError(errno.ENOSPC, "No space left on device", str(folder)) from error
            raise
        write_json(temporary / _ABOUT, about)
        write_json(temporary / _DIGESTS, _digests(temporary))


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _DIGESTS)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def load(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    """Reads a checkpoint's arrays and what was noted about it.

    Raises:
        DamagedCheckpointError: if a file is missing, additional or changed.
    """
    _verify(folder)
    with orbax.PyTreeCheckpointer() as reader:
        arrays = reader.restore(folder.resolve() / _STATE)
    return arrays, json.loads((folder / _ABOUT).read_text(encoding="utf-8"))


def digest(folder: Path) -> str:
    """One digest for the whole checkpoint."""
    return sha256_of(folder / _DIGESTS)


def _verify(folder: Path) -> None:
    mend = "Delete this folder; training goes on from an earlier checkpoint"
    try:
        expected = json.loads((folder / _DIGESTS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DamagedCheckpointError(folder, f"no {_DIGESTS}", "a whole checkpoint", mend) from None
    except ValueError:
        raise DamagedCheckpointError(folder, f"a damaged {_DIGESTS}", "a whole checkpoint", mend) from None
    found = _digests(folder)
    changed = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    if changed:
        raise DamagedCheckpointError(folder, f"other bytes in {changed[0]}", "the bytes that were written", mend)


def step_folder(checkpoints: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return checkpoints / f"{_PREFIX}{step:08d}"


def steps(checkpoints: Path) -> list[int]:
    """The steps there are checkpoints of, in order."""
    return sorted(int(path.name.removeprefix(_PREFIX)) for path in checkpoints.glob(f"{_PREFIX}[0-9]*"))


def save_step(checkpoints: Path, state: TrainState, about: dict[str, Any], keep: int) -> None:
    """Writes the checkpoint of the present step, and deletes all but the latest `keep`."""
    save(step_folder(checkpoints, int(state.step)), state_to_arrays(state), about)
    for step in steps(checkpoints)[:-keep]:
        remove(step_folder(checkpoints, step))


def restore_latest(checkpoints: Path, like: TrainState) -> tuple[TrainState, dict[str, Any]] | None:
    """Reads the latest good checkpoint; damaged ones are named and passed over.

    Args:
        checkpoints: the stage's folder of checkpoints; what killed writers left there is deleted.
        like: a state of the same network and optimiser.

    Returns:
        The state and what was noted about it; None if there is no checkpoint.

    Raises:
        InputError: if it is of another network.
    """
    remove_leftovers(checkpoints)
    for step in reversed(steps(checkpoints)):
        folder = step_folder(checkpoints, step)
        try:
            arrays, about = load(folder)
        except DamagedCheckpointError as error:
            print(f"h36m-pose: warning: {error}", file=sys.stderr)
            remove(folder)
            continue
        return arrays_to_state(arrays, like, folder), about
    return None


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
