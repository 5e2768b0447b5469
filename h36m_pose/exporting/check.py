"""Does an exported network say what the run says, and how long does it take for one picture?"""

import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.data.chosen_views import views_to_test
from h36m_pose.data.dataset import open_dataset
from h36m_pose.prediction import Predictor

TOLERANCE = 1e-4
"""Of the largest coordinate: float32 sums in another order differ by a hundredth of it."""
_CROPS = 64
_CALLS = 30

Network = Callable[[UInt8[ndarray, "batch 128 128"]], Float[ndarray, "batch 17 3"]]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """An exported network beside the run.

    Attributes:
        difference_mm: the largest of all coordinates on the crops.
        relative: the same as a share of the run's largest coordinate.
        crops: how many were compared.
        milliseconds: median time for one picture.
    """

    difference_mm: float
    relative: float
    crops: int
    milliseconds: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is rounding."""
        return self.relative <= TOLERANCE

    @property
    def words(self) -> str:
        """How large the difference is."""
        return f"at most {self.difference_mm:.4f} mm ({self.relative:.0e}) on {self.crops} crops"


def test_crops(predictor: Predictor, dataset_dir: Path) -> UInt8[ndarray, "crops 128 128"]:
    """Crops of the test subjects, spread over their views.

    Raises:
        InputError: if there is no such dataset, or nothing of the test subjects in it.
    """
    views = views_to_test(open_dataset(dataset_dir), predictor.split)
    each = -(-_CROPS // len(views))
    picked = [np.asarray(view.images[:: max(1, len(view.images) // each)][:each]) for view in views]
    return np.concatenate(picked)[:_CROPS]


def run_itself(predictor: Predictor) -> Network:
    """The run's own function, compiled for as many pictures as it is given."""
    compiled = jax.jit(lambda images: predictor.function(images)[0])
    return lambda crops: np.asarray(compiled(crops))


def compare(predictor: Predictor, network: Network, crops: UInt8[ndarray, "crops 128 128"]) -> Comparison:
    """Runs both on the crops, all at once and one by one.

    Args:
        predictor: the loaded run.
        network: the exported one.
        crops: of people.
    """
    wanted, _ = predictor.observe(crops)
    found = network(crops)
    alone = np.concatenate([network(crops[number : number + 1]) for number in range(min(len(crops), 4))])
    difference = max(float(np.abs(found - wanted).max()), float(np.abs(alone - wanted[: len(alone)]).max()))
    return Comparison(difference, difference / float(np.abs(wanted).max()), len(crops), latency_ms(network, crops))


def latency_ms(network: Network, crops: UInt8[ndarray, "crops 128 128"]) -> float:
    """The median time for one picture in milliseconds, after a warm-up."""
    seconds = []
    for call in range(_CALLS + 3):
        one = crops[call % len(crops)][None]
        started = time.perf_counter()
        network(one)
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds[3:])
