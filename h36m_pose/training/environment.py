"""What a run was made with: versions, commit, devices."""

import importlib.metadata
import platform
from typing import Any

import jax

from h36m_pose import command_words
from h36m_pose.own_commit import describe_commit

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
        "git": describe_commit(),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
