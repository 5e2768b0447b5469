"""Where a file comes from: one record, which every file of the pipeline carries in its format's own place for words.

    made_by     "h36m-pose 0.1.0"
    commit      of the code that wrote the file; absent outside a clone
    command     that wrote it, as it was typed; absent if Python code called us
    run         name of the run's folder
    weights     digest of the checkpoint that predicted
    settings    digest of the settings that it was trained with
    dataset     fingerprint of the dataset that it was trained on
    protocol    who of it trained, validated and tested
    tested_on   that of the dataset that it was tested on, if it is another one
    trained_by  commit of the code that trained it

There are no times in it and no paths but those that were typed, so that the same input gives the same bytes.
`h36m-pose whence` reads it. No JAX here.
"""

import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any

from h36m_pose import command_words
from h36m_pose.own_commit import commit_words, describe_commit
from h36m_pose.training import run_folder

KEY = "whence"
"""The record's name wherever it is one of several: in JSON, in an archive of arrays, in a comment, in an HTML head."""

FACTS = ("run", "weights", "settings", "dataset", "protocol", "tested_on", "trained_by")
"""What a file that is made from another one takes over from it."""

Record = dict[str, Any]


def record(**facts: Any) -> Record:
    """The record for a file that is written now.

    Args:
        facts: about what it is made from, such as those of `of_run`; they go before what is found out here.
    """
    made_by = f"h36m-pose {importlib.metadata.version('h36m-pose')}"
    told = {"made_by": made_by, "commit": commit_words(describe_commit()), "command": command_words.current()}
    return {name: value for name, value in {**told, **facts}.items() if value}


def one_line(held: Record, **more: Any) -> str:
    """The record as JSON under its key, for formats that take nothing but text.

    Args:
        held: the record.
        more: other entries, which come before it.
    """
    return json.dumps({**more, KEY: held}, allow_nan=False)


def in_html(held: Record) -> str:
    """The record as a comment in HTML or Markdown, which shows nothing; nothing in it ends the comment."""
    words = one_line(held).replace(">", "\\u003e")
    return f"<!-- {words} -->"


def of_run(run_dir: Path) -> Record:
    """What a file made from a run tells of it, as far as training got.

    Args:
        run_dir: the run's folder.

    Raises:
        InputError: if one of the run's files is damaged.
    """
    stages = (Path(run_dir) / name for name in ("finetune", "pretrain"))
    stage = next((folder for folder in stages if (folder / run_folder.CONFIG).is_file()), None)
    return of_stage(stage) if stage else {"run": Path(run_dir).resolve().name}


def of_stage(stage: Path) -> Record:
    """The same of one stage of a run.

    Args:
        stage: its folder, in that of the run.

    Raises:
        InputError: if one of its files is damaged.
    """
    config = run_folder.read_json(stage / run_folder.CONFIG)
    finished = run_folder.finished(stage) or {}
    there = (stage / run_folder.ENVIRONMENT).is_file()
    environment = run_folder.read_json(stage / run_folder.ENVIRONMENT) if there else {}
    facts = {
        "run": stage.resolve().parent.name,
        "weights": finished.get("weights"),
        "settings": settings_digest(config["settings"]) if isinstance(config.get("settings"), dict) else None,
        "dataset": config.get("dataset_fingerprint"),
        "protocol": environment.get("split") or finished.get("split"),
        "trained_by": commit_words(environment.get("git")),
    }
    return {name: value for name, value in facts.items() if isinstance(value, str) and value}


def settings_digest(settings: dict[str, Any]) -> str:
    """One digest for what a stage was trained with; settings that say how to compute, not what, do not count.

    Args:
        settings: of a stage's `config.json` or of a checkpoint.
    """
    what = _without(settings, "")
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def _without(settings: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name: _without(value, f"{prefix}{name}.") if isinstance(value, dict) else value
        for name, value in settings.items()
        if f"{prefix}{name}" not in run_folder.HOW_NOT_WHAT
    }


def of_results(results: dict[str, Any]) -> Record:
    """What a file made from results tells of them; results from before there were records tell weights and dataset.

    Args:
        results: of a `results.json` or a file like it.
    """
    held = results.get(KEY) or {}
    identity = results.get("identity") or {}
    old = {"weights": identity.get("weights"), "dataset": identity.get("dataset_fingerprint")}
    facts = held or old
    return {name: facts[name] for name in FACTS if facts.get(name)}


def of_test(origin: Record, identity: dict[str, Any]) -> Record:
    """The record of a test's results.

    Args:
        origin: of `of_run`; empty if there is no run.
        identity: of the results: "weights" and "dataset_fingerprint", as far as there are any.
    """
    facts = {"weights": identity.get("weights")} | origin
    tested_on = identity.get("dataset_fingerprint")
    if facts.get("dataset", tested_on) != tested_on:
        facts["tested_on"] = tested_on
    else:
        facts["dataset"] = tested_on
    return record(**facts)
