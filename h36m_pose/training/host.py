"""Settings of this process that must be made before JAX is loaded."""

import ctypes
import os
import sys

# Numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_KEEP_ALL_BYTES = 2**31 - 1
_GROW_BY_BYTES = 256 * 2**20


def prepare_host(cpu_devices: int) -> None:
    """Tunes memory allocation, and splits the CPU into devices for JAX; does nothing once JAX is loaded.

    XLA's convolutions use one core each, so that two CPU devices with half a batch each are faster than one. Its large
    temporary arrays would be given back to the system and faulted in again at every step: a half of the time.

    Args:
        cpu_devices: how many; never more than there are cores. A GPU is not affected.
    """
    if "jax" in sys.modules:
        return
    _keep_freed_memory()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_force_host_platform_device_count" not in flags:
        devices = max(1, min(cpu_devices, cores))
        os.environ["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count={devices}".strip()


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
