"""What a network was trained on, in numbers that travel with its run, and how far other crops are from it.

`<run>/finetune/domain.npz` holds, of a sample of the training crops, the range of simple facts about each crop
(`FACTS`), and mean and spread of the network's features along their principal components. How far new crops are is the
Mahalanobis distance in these components, over its 99th percentile among crops of the validation subject, whom training
never saw either: 1 is as far as an unseen person of the same capture goes. (Mahalanobis distance to the training
features as a sign of what is new: Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples",
NeurIPS 2018, here without classes.)
"""

import dataclasses
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.atomic_files import replacing
from h36m_pose.data.chosen_views import training_views, validation_views
from h36m_pose.data.dataset import Dataset, View
from h36m_pose.errors import InputError

DOMAIN_FILE = "domain.npz"
SCHEMA = 1
MOST_CROPS = 2000
"""Of the training subjects."""

_MOST_UNSEEN = 500
_MOST_COMPONENTS = 64
_EXPLAINED = 0.95
"""Of the features' variance, by the components that are kept."""

FACTS = (
    "silhouette height in px, 160 at most", "silhouette area", "silhouette width over height", "brightness", "contrast",
    "sharpness", "parts of the silhouette", "raggedness of the outline",
)  # fmt: skip
"""Of each crop: rows of the person in the picture, of which more than `ENOUGH_PX` tell a crop no more; share of the
crop that is not black; of its box; mean and deviation of grey on it; mean absolute Laplacian inside; connected parts;
perimeter squared over that of a disc of its area."""

ENOUGH_PX = 160.0
_RANGE = (0.5, 99.5)
"""Percentiles between which a fact is usual."""

_NOT_OURS = (
    ValueError, TypeError, KeyError, AttributeError, EOFError, SyntaxError, MemoryError, NotImplementedError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@runtime_checkable
class Observer(Protocol):
    """What is needed of a network; `h36m_pose.prediction.load_run` returns one."""

    @property
    def config(self) -> dict[str, Any]:
        """The settings it was trained with."""
        ...

    @property
    def split(self) -> Any:
        """Who trained and who validated."""
        ...

    @property
    def checkpoint_digest(self) -> str:
        """Tells its weights from others."""
        ...

    def observe(self, images: ndarray) -> tuple[ndarray, ndarray]:
        """Poses and features of crops."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Domain:
    """What training crops are like; counts are of crops.

    Attributes:
        low: of each of `FACTS`, what 0.5 % are below.
        median: of each of `FACTS`.
        high: of each of `FACTS`, what 0.5 % are above.
        mean: of the features.
        components: principal components, unit vectors.
        deviations: of the features along each.
        rest: root mean square of what the components leave.
        reference: the 99th percentile of the distance among unseen crops.
        crops: that were looked at.
        weights: digest of the network's checkpoint.
    """

    low: Float[ndarray, "facts"]
    median: Float[ndarray, "facts"]
    high: Float[ndarray, "facts"]
    mean: Float[ndarray, "features"]
    components: Float[ndarray, "components features"]
    deviations: Float[ndarray, "components"]
    rest: float
    reference: float
    crops: int
    weights: str

    def scores(self, features: Float[ndarray, "frames features"]) -> Float[ndarray, "frames"]:
        """How far features are from those of the training crops; more than 1 is further than an unseen person's."""
        return _distances(features, self.mean, self.components, self.deviations, self.rest) / self.reference

    def unusual(self, facts: Float[ndarray, "frames facts"]) -> tuple[ndarray, ndarray]:
        """Which facts are below and above what is usual: two arrays (frames, facts) of truths."""
        slack = 1e-6 + 0.02 * (self.high - self.low)
        return facts < self.low - slack, facts > self.high + slack


def crop_facts(crop: UInt8[ndarray, "128 128"], height_px: float) -> Float[ndarray, "facts"]:
    """The `FACTS` of a crop.

    Args:
        crop: as the network sees it.
        height_px: of the silhouette in the picture that the crop was cut from.
    """
    height_px = min(height_px, ENOUGH_PX)
    seen = np.asarray(cv2.morphologyEx((crop > 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    area = int(seen.sum())
    if area == 0:
        return np.array([height_px, 0, 0, 0, 0, 0, 0, 0], float)
    grey = crop[seen > 0].astype(float)
    _, _, width, height = cv2.boundingRect(seen)
    inside = cv2.erode(seen, np.ones((5, 5), np.uint8)) > 0
    edges = np.abs(np.asarray(cv2.Laplacian(crop, cv2.CV_16S)))[inside]
    outlines, _ = cv2.findContours(seen, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    sizes = [len(outline) for outline in outlines]
    longest = outlines[int(np.argmax(sizes))]
    ragged = cv2.arcLength(longest, True) ** 2 / (4 * np.pi * max(cv2.contourArea(longest), 1.0))
    sharp = float(edges.mean()) if len(edges) else 0.0
    parts = sum(size >= 8 for size in sizes)
    return np.array([height_px, area / crop.size, width / height, grey.mean(), grey.std(), sharp, parts, ragged], float)


def _view_facts(view: View, frames: ndarray) -> ndarray:
    crops = np.asarray(view.images[frames])
    sides = np.asarray(view.box_px[frames, 2], float)
    return np.stack(
        [crop_facts(crop, _rows_of(crop) * side / crop.shape[0]) for crop, side in zip(crops, sides, strict=True)]
    )


def _rows_of(crop: ndarray) -> int:
    return int(np.any(crop, axis=1).sum())


def _sample(views: Sequence[View], frame_step: int, most: int) -> tuple[ndarray, ndarray]:
    """Crops spread evenly over views, and their facts."""
    ends = np.cumsum([-(-view.frames // frame_step) for view in views])
    total = int(ends[-1])
    chosen = np.unique(np.linspace(0, total - 1, min(most, total)).round().astype(int))
    crops, facts = [], []
    for view, end in zip(views, ends, strict=True):
        first = end - -(-view.frames // frame_step)
        frames = (chosen[(chosen >= first) & (chosen < end)] - first) * frame_step
        if len(frames):
            crops.append(np.asarray(view.images[frames]))
            facts.append(_view_facts(view, frames))
    return np.concatenate(crops), np.concatenate(facts)


def measure_domain(network: Observer, dataset: Dataset) -> Domain:
    """The domain of a network out of the dataset that it was trained on; at most 2,000 crops are looked at.

    Args:
        network: trained.
        dataset: its own.
    """
    step = network.config["data"]["frame_step"]
    crops, facts = _sample(training_views(dataset, network.split), step, MOST_CROPS)
    unseen, _ = _sample(validation_views(dataset, network.split), step, _MOST_UNSEEN)
    features = network.observe(crops)[1].astype(np.float64)
    mean = features.mean(axis=0)
    _, values, axes = np.linalg.svd(features - mean, full_matrices=False)
    explained = np.cumsum(values**2) / max(float(np.sum(values**2)), 1e-30)
    # No more than a tenth as many components as crops: the spread along each must be known.
    most = max(1, min(_MOST_COMPONENTS, len(features) // 10))
    count = min(int(np.searchsorted(explained, _EXPLAINED)) + 1, most)
    components, deviations = axes[:count], np.maximum(values[:count] / np.sqrt(len(features)), 1e-6)
    left = features - mean - (features - mean) @ components.T @ components
    rest = max(float(np.sqrt(np.mean(np.sum(left**2, axis=1)))), 1e-6)
    apart = _distances(network.observe(unseen)[1], mean, components, deviations, rest)
    low, median, high = np.percentile(facts, [_RANGE[0], 50, _RANGE[1]], axis=0)
    return Domain(
        low, median, high, mean, components, deviations, rest, float(np.percentile(apart, 99)), len(crops),
        network.checkpoint_digest,
    )  # fmt: skip


def _distances(features: ndarray, mean: ndarray, components: ndarray, deviations: ndarray, rest: float) -> ndarray:
    """Mahalanobis distance over the components, and over all that they leave as if it were one more."""
    centred = np.asarray(features, np.float64) - mean
    along = centred @ components.T
    left = np.maximum(np.sum(centred**2, axis=1) - np.sum(along**2, axis=1), 0)
    squared = np.sum((along / deviations) ** 2, axis=1) + left / rest**2
    return np.sqrt(squared / (len(deviations) + 1))


def write_domain(path: Path, domain: Domain) -> None:
    """Writes the file, atomically."""
    with replacing(path) as temporary:
        np.savez(temporary, schema=SCHEMA, facts=np.array(FACTS), **dataclasses.asdict(domain))


def read_domain(path: Path, weights: str) -> Domain | None:
    """Reads it back; None if there is none, or if it is of other weights or another schema.

    Args:
        path: of the file.
        weights: digest of the network's checkpoint.

    Raises:
        InputError: if the file is damaged.
    """
    if not path.exists():
        return None
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            if int(stored["schema"]) != SCHEMA or tuple(stored["facts"].tolist()) != FACTS:
                return None
            values: dict[str, Any] = {field.name: stored[field.name] for field in dataclasses.fields(Domain)}
        values |= {"rest": float(values["rest"]), "reference": float(values["reference"])}
        domain = Domain(**values | {"crops": int(values["crops"]), "weights": str(values["weights"])})
        if not all(np.isfinite(getattr(domain, name)).all() for name in ("low", "high", "mean", "components")):
            raise ValueError("values that are not finite")
    except _NOT_OURS as error:
        mend = "Remove it: it is made again from the training's dataset"
        raise InputError(path, f"a damaged file ({error})", "what training noted of its crops", mend) from error
    return domain if domain.weights == weights else None
