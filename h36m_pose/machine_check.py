"""What this machine has: versions, devices, codecs, space; and for each thing that is wrong, the line that mends it.

JAX is asked in a process of its own, so that a driver that hangs or crashes is told like everything else.
"""

import dataclasses
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

PACKAGE = "h36m-pose"
_SHOWN = (
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "numpy",
    "opencv-python-headless",
    "av",
    "cdflib",
    "h5py",
)
_OTHER_OPENCV = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
_JAX_SECONDS = 120
_LEAST_DISK_GB = 2.0
_LEAST_MEMORY_GB = 3.0
_ASK_JAX = (
    "import json, jax; devices = jax.devices(); "
    "print(json.dumps([[each.platform, each.device_kind] for each in devices]))"
)


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something that is wrong, and the command or sentence that mends it."""

    words: str
    mend: str


@dataclasses.dataclass(frozen=True)
class MachineCheck:
    """What was found.

    Attributes:
        facts: by heading, lines of what is there.
        problems: what is wrong.
    """

    facts: dict[str, list[str]]
    problems: list[Problem]

    def lines(self) -> list[str]:
        """For people."""
        lines = []
        for heading, facts in self.facts.items():
            lines += [heading, *(f"  {fact}" for fact in facts)]
        if not self.problems:
            return [*lines, "nothing to mend"]
        lines.append("to mend")
        for problem in self.problems:
            lines += [f"  {problem.words}", f"    {problem.mend}"]
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"facts": self.facts, "problems": [dataclasses.asdict(problem) for problem in self.problems]}


def check_machine(folder: Path) -> MachineCheck:
    """Looks at everything.

    Args:
        folder: where data would go, for the space on its disk.
    """
    problems: list[Problem] = []
    facts = {
        "software": _software(problems),
        "machine": _machine(folder, problems),
        "devices": _devices(problems),
        "video": _codecs(problems),
        "extras": _extras(),
    }
    return MachineCheck(facts, problems)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _software(problems: list[Problem]) -> list[str]:
    own = _version(PACKAGE)
    facts = [f"{PACKAGE} {own or 'not installed'}, Python {platform.python_version()}, {platform.platform()}"]
    facts.append(", ".join(f"{name} {_version(name) or 'missing'}" for name in _SHOWN))
    for line in importlib.metadata.requires(PACKAGE) or [] if own else []:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        found = _version(wanted.name)
        if found is None or not wanted.specifier.contains(found, prereleases=True):
            words = f"{wanted.name} {found or 'is missing'}; this version of {PACKAGE} wants {wanted.specifier}"
            problems.append(Problem(words, f"pip install '{wanted.name}{wanted.specifier}'"))
    jax, jaxlib = _version("jax"), _version("jaxlib")
    if jax and jaxlib and jax.split(".")[:2] != jaxlib.split(".")[:2]:
        problems.append(Problem(f"jax {jax} beside jaxlib {jaxlib}", f"pip install 'jax=={jax}' 'jaxlib=={jax}'"))
    doubled = [name for name in _OTHER_OPENCV if _version(name)]
    if doubled:
        words = f"{' and '.join(doubled)} beside opencv-python-headless: they overwrite each other's files"
        mend = f"pip uninstall {' '.join(doubled)} opencv-python-headless, then make setup"
        problems.append(Problem(words, mend))
    return facts


def _machine(folder: Path, problems: list[Problem]) -> list[str]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    disk_gb = shutil.disk_usage(there).free / 1e9
    facts = [f"{cores} cores that this process may use, {platform.machine()}"]
    memory = _memory_gb()
    if memory is not None:
        facts.append(f"memory: {memory[0]:.0f} GB, {memory[1]:.0f} GB of it free")
        if memory[1] < _LEAST_MEMORY_GB:
            words = f"only {memory[1]:.1f} GB of memory are free; training the default network takes 1 to 3"
            problems.append(Problem(words, "End other programs, or train with a smaller finetune.batch_size"))
    facts.append(f"disk of {folder}: {disk_gb:.0f} GB free")
    if disk_gb < _LEAST_DISK_GB:
        words = f"only {disk_gb:.1f} GB are free on the disk of {folder}; `make demo` takes half a gigabyte, `full` 1.5"
        problems.append(Problem(words, "Free some space, or work in a folder on another disk"))
    return facts


def _memory_gb() -> tuple[float, float] | None:
    """All of it and what is available, in GB; None where /proc does not tell."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    numbers = {line.split(":")[0]: line.split()[1] for line in path.read_text(encoding="utf-8").splitlines()}
    total, available = (int(numbers[name]) * 1024 / 1e9 for name in ("MemTotal", "MemAvailable"))
    return total, available


def _devices(problems: list[Problem]) -> list[str]:
    found, trouble = ask_jax()
    gpu = _nvidia()
    facts = [f"NVIDIA: {gpu}"] if gpu else []
    if found is None:
        problems.append(Problem(f"JAX does not start: {trouble}", _jax_line(gpu)))
        return [*facts, "JAX: none"]
    kinds = {f"{kind} ({where})": 0 for where, kind in found}
    for where, kind in found:
        kinds[f"{kind} ({where})"] += 1
    facts.append("JAX: " + ", ".join(f"{count} x {kind}" for kind, count in kinds.items()))
    if gpu and all(where == "cpu" for where, _ in found):
        chosen = os.environ.get("JAX_PLATFORMS", "")
        mend = "unset JAX_PLATFORMS" if chosen and "cuda" not in chosen and "gpu" not in chosen else _jax_line(gpu)
        problems.append(Problem(f"there is a GPU ({gpu}), and JAX computes on the CPU", mend))
    return facts


def ask_jax() -> tuple[list[tuple[str, str]] | None, str]:
    """JAX's devices as (platform, kind), asked in a process of its own; None and its last words if it fails."""
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _ASK_JAX], capture_output=True, text=True, check=False, timeout=_JAX_SECONDS
        )
    except subprocess.TimeoutExpired:
        return None, f"no answer in {_JAX_SECONDS} s"
    if answer.returncode:
        lines = answer.stderr.strip().splitlines()
        return None, lines[-1] if lines else f"it ended with status {answer.returncode}"
    return [(str(where), str(kind)) for where, kind in json.loads(answer.stdout.splitlines()[-1])], ""


def _jax_line(gpu: str | None) -> str:
    version = _version("jax")
    extra = "[cuda12]" if gpu else ""
    return f'pip install "jax{extra}{f"=={version}" if version else ""}"'


def _nvidia() -> str | None:
    """Name and driver of the first NVIDIA GPU as its driver tells them; None if there is none."""
    try:
        answer = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
            capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.strip().splitlines()
    if answer.returncode or not lines:
        return None
    name, _, driver = lines[0].partition(", ")
    return f"{name}, driver {driver}" + (f", and {len(lines) - 1} more" if len(lines) > 1 else "")


def _codecs(problems: list[Problem]) -> list[str]:
    version = _version("av")
    if version is None:
        return ["PyAV: missing"]
    import av

    wanted = (("h264", "r"), ("mpeg4", "r"), ("libx264", "w"), ("mpeg4", "w"))
    facts = []
    for name, mode in wanted:
        verb = "reads" if mode == "r" else "writes"
        try:
            av.Codec(name, "r" if mode == "r" else "w")
        except ValueError:  # UnknownCodecError is one
            facts.append(f"PyAV {version} does not know {name}")
            problems.append(
                Problem(f"PyAV {version} neither {verb} nor knows {name}", "pip install --force-reinstall av")
            )
        else:
            facts.append(f"PyAV {version} {verb} {name}")
    return facts


def _extras() -> list[str]:
    """The optional parts, by the extra that installs them."""
    wanted: dict[str, list[str]] = {}
    for line in importlib.metadata.requires(PACKAGE) or [] if _version(PACKAGE) else []:
        requirement = Requirement(line)
        for extra in importlib.metadata.metadata(PACKAGE).get_all("Provides-Extra") or []:
            marker = requirement.marker
            if extra != "dev" and marker and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
                wanted.setdefault(extra, []).append(requirement.name)
    facts = []
    for extra, packages in wanted.items():
        missing = [name for name in packages if _version(name) is None]
        there = ", ".join(f"{name} {_version(name)}" for name in packages if name not in missing)
        facts.append(f"{extra}: {there}" if not missing else f"{extra}: not there; pip install '{PACKAGE}[{extra}]'")
    return facts
