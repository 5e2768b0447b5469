"""Which commit the running code is of. No JAX here."""

import functools
import subprocess
from pathlib import Path
from typing import Any

_DIRTY = " with changes"


def describe_commit() -> dict[str, Any]:
    """The "commit" of the package's clone, and whether tracked files differ ("dirty"); empty outside a clone."""
    commit, changes, _ = _described().partition(_DIRTY)
    return {"commit": commit, "dirty": bool(changes)} if commit else {}


def commit_words(git: object) -> str:
    """The same in words.

    Args:
        git: of `describe_commit`, or what some file holds in its place; empty words if it tells no commit.
    """
    if not isinstance(git, dict) or not git.get("commit"):
        return ""
    return f"{git['commit']}{_DIRTY if git.get('dirty') else ''}"


@functools.cache
def _described() -> str:
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():  # whatever repository may lie around an installation is not ours
        return ""
    ask = ["git", "describe", "--always", "--exclude=*", "--abbrev=40", f"--dirty={_DIRTY}"]
    try:
        answer = subprocess.run(ask, cwd=root, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
