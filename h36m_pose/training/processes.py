"""Several processes that train one network: how they find each other, who writes, how they wait for each other."""

import dataclasses
from typing import Any

from h36m_pose.errors import InputError

_HEARTBEAT_SECONDS = 30
"""A process that is silent for so long is taken for dead, and the others stop."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Which process of how many this is.

    Attributes:
        coordinator: "host:port" of the first process, as all of them reach it; None for one process alone.
        processes: how many there are.
        index: this one's number, from 0; the first one writes.
        cluster: ask the cluster's environment (Slurm, Open MPI, Kubernetes, Cloud TPU) for all three.
    """

    coordinator: str | None = None
    processes: int = 1
    index: int = 0
    cluster: bool = False

    @property
    def several(self) -> bool:
        """Whether there may be more than one process."""
        return self.cluster or self.coordinator is not None


def connect(place: Place) -> None:
    """Joins the other processes; must come before anything else that needs devices.

    Raises:
        InputError: if the others are not there, or if there is no cluster.
    """
    if not place.several:
        return
    import jax

    # Ours is the answer to SIGTERM: a checkpoint, then an end of all processes at the same step.
    jax.config.update("jax_enable_preemption_service", False)
    arguments: dict[str, Any] = {}
    if place.coordinator:
        arguments = {
            "coordinator_address": place.coordinator,
            "num_processes": place.processes,
            "process_id": place.index,
        }
    try:
        jax.distributed.initialize(**arguments, initialization_timeout=60, heartbeat_timeout_seconds=_HEARTBEAT_SECONDS)
    except (RuntimeError, ValueError) as error:
        problem = str(error).splitlines()[0]
        where = place.coordinator or "--cluster"
        mend = "Start the same command in all processes, each with its own --process-id, within a minute"
        raise InputError(where, f"no connection ({problem})", f"{place.processes} processes", mend) from None


def is_first() -> bool:
    """Whether this is the process that writes and tells."""
    import jax

    return jax.process_index() == 0


def same_everywhere(value: int, what: str) -> None:
    """Makes sure that all processes hold the same number; all of them must call it.

    Raises:
        InputError: if this one holds another than the first.
    """
    import jax

    if jax.process_count() == 1:
        return
    from jax.experimental import multihost_utils

    first = int(multihost_utils.broadcast_one_to_all(value))
    if first != value:
        mend = "Give all processes the same run folder, on a disk that they share"
        raise InputError("--run", f"{what} {value} here and {first} in the first process", "the same", mend)


def wait_for_all(name: str) -> None:
    """Returns when all processes have come to this line."""
    import jax

    if jax.process_count() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(name)


def tell(words: str) -> None:
    """Prints, in the first process alone."""
    if is_first():
        print(words, flush=True)
