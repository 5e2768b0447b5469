"""What a run was made with: versions, commit, devices."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

import jax

from h36m_pose import command_words

_PACKAGES = ("h36m-pose", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


def describe_environment() -> dict[str, Any]:
    """Python, packages, git commit, devices and the command at work as plain JSON values."""
    devices = jax.local_devices()
    found = {"platform": devices[0].platform, "kind": devices[0].device_kind, "count": len(devices)}
    command = command_words.current()
    return {**describe_software(), "devices": found} | ({"command": command} if command else {})


def describe_software() -> dict[str, Any]:
    """The same without the devices, which are left alone."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "git": _git(Path(__file__).parent),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _git(folder: Path) -> dict[str, Any]:
    """The commit, and whether tracked files differ from it; empty outside a clone."""

    def ask(*words: str) -> str | None:
        try:
            answer = subprocess.run(
                ["git", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=10
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    if commit is None:
        return {}
    return {"commit": commit, "dirty": bool(ask("status", "--porcelain", "--untracked-files=no"))}
