"""Devices that share each batch: one function per device, spread by `jit` over a mesh or by `pmap`, in any number of
processes.

The function sees its own part of the batch and averages over the axis `BATCH_AXIS`; it is the same for both ways, and
for one device. With several processes (`training.processes`) each one drives its own devices.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from h36m_pose.errors import InputError

BATCH_AXIS = "batch"
MODES = ("jit", "pmap")


class Devices:
    """All devices of all processes, in a row.

    Args:
        mode: "jit": one program over a mesh, the batch sharded and the state replicated. "pmap": one copy of the
            program per device, arrays with a leading axis of this process's devices.

    Attributes:
        count: how many there are, over all processes.
        here: how many of them are this process's.
    """

    def __init__(self, mode: str = "jit"):
        if mode not in MODES:
            raise InputError("parallel", repr(mode), f"one of {', '.join(MODES)}", "Choose one of these")
        self.mode = mode
        self.mesh: Mesh = jax.make_mesh(
            (jax.device_count(),), (BATCH_AXIS,), axis_types=(jax.sharding.AxisType.Auto,), devices=jax.devices()
        )
        self.count, self.here = jax.device_count(), jax.local_device_count()

    def rows(self, batch_size: int) -> slice:
        """The examples of a batch that this process's devices compute."""
        each = batch_size // jax.process_count()
        return slice(jax.process_index() * each, (jax.process_index() + 1) * each)

    def replicate(self, tree: Any) -> Any:
        """Puts a copy of host arrays, the same in all processes, on every device."""
        if self.mode == "pmap":
            copy = jax.pmap(lambda _, leaves: leaves, in_axes=(0, None))  # laid out as the steps want it
            return copy(np.zeros(self.here), tree)
        if jax.process_count() == 1:
            return jax.device_put(tree, NamedSharding(self.mesh, PartitionSpec()))
        return self._global(tree, PartitionSpec())

    def shard(self, tree: Any) -> Any:
        """Spreads this process's `rows` of a batch of host arrays over its devices."""
        if self.mode == "pmap":
            split = jax.tree.map(lambda array: array.reshape(self.here, -1, *array.shape[1:]), tree)
            return jax.device_put(split, self._by_local_device())
        if jax.process_count() == 1:
            return jax.device_put(tree, NamedSharding(self.mesh, PartitionSpec(BATCH_AXIS)))
        return self._global(tree, PartitionSpec(BATCH_AXIS))

    def _by_local_device(self) -> NamedSharding:
        mesh = Mesh(np.asarray(jax.local_devices()), (BATCH_AXIS,))
        return NamedSharding(mesh, PartitionSpec(BATCH_AXIS))

    def _global(self, tree: Any, spec: PartitionSpec) -> Any:
        sharding = NamedSharding(self.mesh, spec)
        return jax.tree.map(
            lambda array: jax.make_array_from_process_local_data(sharding, np.asarray(array)), jax.device_get(tree)
        )

    def to_host(self, tree: Any) -> Any:
        """One copy of what is the same on every device, as NumPy arrays that share no memory with the device's."""
        if self.mode == "pmap":
            return jax.tree.map(lambda array: np.array(jax.device_get(array.addressable_shards[0].data))[0], tree)
        return jax.tree.map(np.array, jax.device_get(tree))

    def spread(self, function: Callable[..., Any], sharded: tuple[bool, ...], donate: bool = False) -> Any:
        """Compiles a function of one device's part for all of them.

        Args:
            function: what each device computes; its results are the same on all of them.
            sharded: of each argument, whether it was put there by `shard` rather than by `replicate`.
            donate: let the first argument's memory be used for the results.
        """
        donated = (0,) if donate else ()
        if self.mode == "pmap":
            return jax.pmap(function, axis_name=BATCH_AXIS, donate_argnums=donated)
        specs = tuple(PartitionSpec(BATCH_AXIS) if one else PartitionSpec() for one in sharded)
        sharded_map = jax.shard_map(
            function, mesh=self.mesh, in_specs=specs, out_specs=PartitionSpec(), check_vma=False
        )
        return jax.jit(sharded_map, donate_argnums=donated)


class Agreement:
    """What any process asks for, told to all of them at the same step, so that they stop and save together.

    With one process the answer is what was asked. With several it is that of the step before: the devices exchange it
    while they compute, and nobody waits.

    Args:
        questions: how many yes-or-no questions there are.
    """

    def __init__(self, questions: int):
        self._several = jax.process_count() > 1
        self._pending: jax.Array | None = None
        self._none = (False,) * questions
        if self._several:
            self._mesh = Mesh(np.asarray(jax.devices()), (BATCH_AXIS,))
            everywhere = NamedSharding(self._mesh, PartitionSpec())
            self._any = jax.jit(functools.partial(jnp.max, axis=0), out_shardings=everywhere)

    def ask(self, *asked: bool) -> tuple[bool, ...]:
        """Asks each question; every process must call it as often as every other.

        Returns:
            For each question, whether anybody asked for it.
        """
        if not self._several:
            return asked
        before = self._pending
        rows = np.tile(np.asarray(asked, np.int32), (jax.local_device_count(), 1))
        sharding = NamedSharding(self._mesh, PartitionSpec(BATCH_AXIS))
        self._pending = self._any(jax.make_array_from_process_local_data(sharding, rows))
        return self._none if before is None else tuple(bool(one) for one in np.asarray(before))
