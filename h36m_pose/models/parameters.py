"""Parameters of a network as nested dictionaries of arrays: taken out, put back, compared, carried over, listed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from flax import nnx

from h36m_pose.models.network import Constant, Network

Arrays = dict[Any, Any]
"""Nested dictionaries with arrays at the ends."""

Assemble = Callable[[Arrays, Arrays], Network]
"""Puts a network together from parameters and constants."""

PARTS = ("convolutions", "hidden", "head")

CARRIED: dict[str, tuple[str, ...]] = {
    "none": (),
    "convolutions": ("convolutions",),
    "all_but_last": ("convolutions", "hidden"),
}
"""Which parts of a network each word of `carry_over` takes along."""


def take_apart(model: Network) -> tuple[Assemble, Arrays, Arrays]:
    """Splits a network into a function that puts it together again, its parameters and its constants."""
    parts: Any = nnx.split(model, nnx.Param, Constant)
    graph, params, constants = parts

    def assemble(params: Arrays, constants: Arrays) -> Network:
        return nnx.merge(graph, _filled(params_form, params), _filled(constants_form, constants))

    params_form, constants_form = params, constants
    return assemble, _plain(params), _plain(constants)


def _plain(state: nnx.State) -> Arrays:
    """A state as nested dictionaries with words as keys, which every checkpoint format can hold."""
    return _with_words(nnx.to_pure_dict(state))


def _with_words(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _with_words(value) for key, value in node.items()}
    return node


def _filled(form: nnx.State, values: Arrays) -> nnx.State:
    leaves = dict(named_leaves(values))
    flat = [(path, variable.replace(leaves["/".join(map(str, path))])) for path, variable in nnx.to_flat_state(form)]
    return nnx.from_flat_state(flat)


def named_leaves(tree: Arrays, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each array with its path, such as ("convolutions/0/kernel", array), in a fixed order."""
    for key in sorted(tree, key=str):
        name = f"{prefix}/{key}" if prefix else str(key)
        if isinstance(tree[key], dict):
            yield from named_leaves(tree[key], name)
        else:
            yield name, tree[key]


def count(params: Arrays) -> int:
    """How many numbers there are."""
    return sum(int(np.prod(array.shape)) for _, array in named_leaves(params))


def difference(found: Arrays, expected: Arrays) -> str | None:
    """How the shapes of two sets of parameters differ, in a few words; None if they do not."""
    have = {name: tuple(array.shape) for name, array in named_leaves(found)}
    want = {name: tuple(array.shape) for name, array in named_leaves(expected)}
    lines = [f"no {name}" for name in want if name not in have]
    lines += [f"{name}, which is not expected" for name in have if name not in want]
    lines += [
        f"{name} {have[name]} instead of {want[name]}" for name in want if name in have and have[name] != want[name]
    ]
    if not lines:
        return None
    rest = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
    return "; ".join(lines[:3]) + rest


def carry_over(pretrained: Arrays, fresh: Arrays, what: str) -> Arrays:
    """The fresh parameters, with the parts named by `what` taken from the pretrained ones.

    Args:
        pretrained: of the same network with another head.
        fresh: newly drawn.
        what: a key of `CARRIED`.
    """
    return {part: pretrained[part] if part in CARRIED[what] else fresh[part] for part in fresh}


def carry_over_table(params: Arrays, what: str) -> str:
    """Says of each array of the network whether it was carried over or is new, with counts."""
    rows = []
    totals = {"carried over": 0, "new": 0}
    for name, array in named_leaves(params):
        origin = "carried over" if name.split("/")[0] in CARRIED[what] else "new"
        size = int(np.prod(array.shape))
        totals[origin] += size
        rows.append((name, "x".join(map(str, array.shape)), f"{size:,}", origin))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [f"  {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}" for row in rows]
    summary = f"carry_over = {what}: {totals['carried over']:,} parameters carried over, {totals['new']:,} new"
    return "\n".join([*lines, summary])


def with_features_standardised(constants: Arrays, mean: np.ndarray, deviation: np.ndarray) -> Arrays:
    """The constants of a network, with its standardiser set to the given statistics of the features.

    A feature that hardly varies is only centred, or its noise would be blown up.
    """
    floor = 1e-2 * deviation.mean() + 1e-6
    return {**constants, "standardiser": {"mean": mean, "deviation": np.maximum(deviation, floor)}}
