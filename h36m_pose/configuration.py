"""Experiments by name or file, with overrides from the command line. No JAX here: typing errors answer at once.

An experiment is a Python file with `get_config()` that returns an `ml_collections.ConfigDict`. Its groups `pretrain`
and `finetune` belong to one stage each; everything else holds for both.
"""

import difflib
import importlib.util
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from h36m_pose.errors import InputError

STAGES = ("pretrain", "finetune")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def experiments_folder() -> Path:
    """Where the experiments that come with the project lie."""
    import experiments

    return Path(next(iter(experiments.__path__)))


def load_experiment(name_or_file: str) -> ConfigDict:
    """Reads an experiment.

    Args:
        name_or_file: a file of `experiments/` without its `.py`, or the path of any such file.

    Raises:
        InputError: if there is none, or if it has no `get_config()`.
    """
    path = Path(name_or_file)
    if path.suffix != ".py":
        path = experiments_folder() / f"{name_or_file}.py"
    if not path.is_file():
        known = sorted(file.stem for file in experiments_folder().glob("[a-z]*.py"))
        near = difflib.get_close_matches(name_or_file, known, n=1)
        mend = f"Did you mean {near[0]}?" if near else "Choose one of these"
        raise InputError(
            f"--experiment {name_or_file}",
            "no such experiment",
            f"one of {', '.join(known)}, or the path of a .py file",
            mend.rstrip("?") + ("?" if near else ""),
        )
    config = read_python(path, "get_config", "experiments/demo.py")()
    config.lock()
    return config


def read_python(path: Path, name: str, example: str) -> Callable[[], Any]:
    """The function of a name in a file of settings, which is Python.

    Args:
        path: the file.
        name: of the function.
        example: a file that has it.

    Raises:
        InputError: if the file is not Python, or has no such function.
    """
    specification = importlib.util.spec_from_file_location(f"settings_{path.stem}", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(module)
    except SyntaxError as error:
        raise InputError(path, f"a syntax error in line {error.lineno}", "Python", "Correct it") from None
    if not hasattr(module, name):
        raise InputError(path, f"no {name}()", "a file of settings", f"See {example}")
    function: Callable[[], Any] = getattr(module, name)
    return function


def apply_overrides(config: ConfigDict, words: Sequence[str], stage: str | None = None) -> ConfigDict:
    """Changes values of an experiment in place.

    Args:
        config: of `load_experiment`.
        words: such as "model.hidden=256", "finetune.optim.peak_lr=1e-3"; the value has the type of the one it replaces.
        stage: with "pretrain", "optim.peak_lr" also means "pretrain.optim.peak_lr".

    Raises:
        InputError: if a key does not exist (the nearest one is suggested) or a value is of another type.
    """
    known = dict(flat_items(config))
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise InputError(word, "a word without '='", "key=value", f"Write {word}=... or leave it out")
        full = key if key in known or stage is None else f"{stage}.{key}"
        if full not in known:
            raise _unknown_key(key, known, stage)
        group, _, last = full.rpartition(".")
        parent = config
        for part in group.split(".") if group else ():
            parent = parent[part]
        parent[last] = _typed(key, text, known[full])
    return config


def _unknown_key(key: str, known: dict[str, Any], stage: str | None) -> InputError:
    prefix = f"{stage}."
    names = [*known, *(name.removeprefix(prefix) for name in known if stage and name.startswith(prefix))]
    groups = {name.rpartition(".")[0] for name in known}
    if key in groups or f"{prefix}{key}" in groups:
        inside = [name for name in names if name.startswith(f"{key}.")]
        return InputError(key, "a group of keys", f"one of its keys: {', '.join(inside)}", "Name one of these")
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    mend = f"Did you mean {near[0]}?" if near else "See h36m-pose train --help for where the keys are listed"
    return InputError(key, f"the unknown key {key}", "a key of the experiment", mend)


def _typed(key: str, text: str, old: Any) -> Any:
    """Reads `text` as a value of the type of `old`."""
    try:
        return _read(text, old)
    except ValueError:
        kind = {bool: "true or false", int: "a whole number", float: "a number", tuple: "values with commas between"}
        raise InputError(key, repr(text), f"{kind[type(old)]}, as {shown(old)}", "Correct the value") from None


def _read(text: str, old: Any) -> Any:
    if isinstance(old, bool):
        if text.lower() not in (*_TRUE, *_FALSE):
            raise ValueError(text)
        return text.lower() in _TRUE
    if isinstance(old, int | float):
        return type(old)(text)
    if isinstance(old, tuple):
        pattern = old[0] if old else ""
        return tuple(_read(part.strip(), pattern) for part in text.strip("()[]").split(",") if part.strip())
    return text


def shown(value: Any) -> str:
    """A value as it would be typed on the command line."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def flat_items(config: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each key with its groups, such as ("finetune.optim.peak_lr", 0.001)."""
    for key in config:
        value = config[key]
        if isinstance(value, ConfigDict):
            yield from flat_items(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def stage_settings(config: ConfigDict, stage: str) -> dict[str, Any]:
    """What matters to one stage, as plain JSON values: everything but the other stage's group.

    Of that group a regression that learns the grid task beside needs the scale of the grid task's loss.
    """
    plain = json.loads(json.dumps(config.to_dict()))
    settings = {key: value for key, value in plain.items() if key == stage or key not in STAGES}
    if settings.get("finetune", {}).get("grid_weight"):
        settings["pretrain"] = {"loss_scale": plain["pretrain"]["loss_scale"]}
    return settings


def settings_difference(found: dict[str, Any], expected: dict[str, Any], ignored: Sequence[str] = ()) -> str | None:
    """Which settings differ, in words; None if none do.

    Args:
        found: nested plain values.
        expected: likewise.
        ignored: names of settings or of groups, with their groups, that may differ.
    """
    have, want = dict(_flat_plain(found)), dict(_flat_plain(expected))
    lines = [
        f"{key} = {have.get(key, 'absent')} instead of {want.get(key, 'absent')}"
        for key in dict.fromkeys([*want, *have])
        if have.get(key, "absent") != want.get(key, "absent")
        and not any(key == name or key.startswith(f"{name}.") for name in ignored)
    ]
    return "; ".join(lines) if lines else None


def _flat_plain(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flat_plain(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
