"""Settings of this process that must be made before JAX is loaded."""

import ctypes
import importlib.metadata
import os
import resource
import sys

# Numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_KEEP_ALL_BYTES = 2**31 - 1
_GROW_BY_BYTES = 256 * 2**20


_WITHOUT_YNN = "--xla_cpu_experimental_ynn_fusion_type="
_KNOWS_YNN = "0.10."
"""Releases of jaxlib that hand convolutions to the YNN library, and that know the flag: others would stop at it."""


def host_peak_bytes() -> int:
    """The most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def prepare_host(cpu_devices: int) -> None:
    """Tunes memory allocation and XLA for the CPU; does nothing once JAX is loaded.

    XLA's large temporary arrays would be given back to the system and faulted in again at every step: a half of the
    time. Its YNN library is slower at our convolutions than Eigen, which it is told to use (`docs/performance.md`).
    Flags that are set already stay. A GPU is not affected.

    Args:
        cpu_devices: how many devices the CPU is split into; never more than there are cores.
    """
    if "jax" in sys.modules:
        return
    _keep_freed_memory()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    flags = os.environ.get("XLA_FLAGS", "")
    wanted = [f"--xla_force_host_platform_device_count={max(1, min(cpu_devices, cores))}"]
    if importlib.metadata.version("jaxlib").startswith(_KNOWS_YNN):
        wanted.append(_WITHOUT_YNN)
    missing = [flag for flag in wanted if flag.split("=")[0] not in flags]
    os.environ["XLA_FLAGS"] = " ".join([flags, *missing]).strip()


def _keep_freed_memory() -> None:
    """Tells glibc to keep freed memory for the next step; other C libraries are left as they are."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for option, value in (
        (_M_ARENA_MAX, 1),
        (_M_MMAP_MAX, 0),
        (_M_TRIM_THRESHOLD, _KEEP_ALL_BYTES),
        (_M_TOP_PAD, _GROW_BY_BYTES),
    ):
        mallopt(option, value)
