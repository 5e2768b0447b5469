"""The networks by name."""

from collections.abc import Callable
from typing import Any

from flax import nnx

from h36m_pose.errors import InputError
from h36m_pose.models.jha_2015 import Jha2015
from h36m_pose.models.li_chan_2014 import LiChan2014
from h36m_pose.models.network import Network
from h36m_pose.models.parameters import Arrays, Assemble, take_apart
from h36m_pose.models.resnet_18 import ResNet18
from h36m_pose.models.strided import Strided

NETWORKS: dict[str, Callable[..., Network]] = {
    "jha_2015": Jha2015,
    "li_chan_2014": LiChan2014,
    "resnet_18": ResNet18,
    "strided": Strided,
}


def build_model(name: str, outputs: int, rngs: nnx.Rngs, **options: Any) -> Network:
    """Builds a network with freshly drawn weights.

    Args:
        name: a key of `NETWORKS`.
        outputs: 17 * cells * cells for the grid task, `POSE_OUTPUTS` for the pose.
        rngs: where the initial weights come from.
        **options: what the network asks for; see its class.

    Raises:
        InputError: if there is no such network, or if it does not take these options.
    """
    if name not in NETWORKS:
        raise InputError("model.name", repr(name), f"one of {', '.join(NETWORKS)}", "Choose one of these")
    try:
        return NETWORKS[name](outputs, rngs=rngs, **options)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        expected = f"the options of {NETWORKS[name].__name__}"
        raise InputError("model", f"options that do not fit ({error})", expected, "Correct the experiment") from None


def draw_model(name: str, outputs: int, seed: int, **options: Any) -> tuple[Assemble, Arrays, Arrays]:
    """`build_model` in pieces: the function that assembles it, its drawn parameters, its constants."""
    return take_apart(build_model(name, outputs, nnx.Rngs(seed), **options))
