"""A trained run made ready for pictures from outside: its network, how its crops were cut, what it was trained on."""

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose import provenance, skeleton, trust
from h36m_pose.data.dataset import CROP_PX, open_dataset
from h36m_pose.domain import DOMAIN_FILE, Domain, measure_domain, read_domain, write_domain
from h36m_pose.errors import InputError
from h36m_pose.prediction import Predictor, load_run
from h36m_pose.training import run_folder
from preprocessing.background import Subtraction
from preprocessing.transform import code_digest
from preprocessing.view import Parameters

STAGE = "finetune"


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """A run's network, or an exported one.

    Attributes:
        run: its folder.
        predict: from crops to poses (frames, 17, 3) in mm in the network's own axes, the mean with those of the
            mirrored crops if the run was trained for that; those of the mirrored crops, mirrored back; and features.
        facts: what tells it from others, as a file of poses has it.
        whence: where it comes from, of `provenance.FACTS`.
        parameters: how its crops were cut.
        crop_words: where these come from.
        domain: what it was trained on; None if that cannot be told.
        domain_words: where that comes from, or why it cannot be told.
        origin: what was loaded, in words, if it is not the run itself.
    """

    run: Path
    predict: Callable[[ndarray], tuple[ndarray, ndarray, ndarray]]
    facts: dict[str, Any]
    whence: dict[str, Any]
    parameters: Parameters
    crop_words: str
    domain: Domain | None
    domain_words: str
    origin: str = ""

    @property
    def in_crop_frame(self) -> bool:
        """Whether poses come in the crop's own axes, so that a camera must turn them back."""
        return self.facts["frame_of_the_network"] == "crop"

    def about(self) -> dict[str, Any]:
        """What a file of poses says of the run."""
        return {
            "run": str(self.run),
            **self.facts,
            **({"network": self.origin} if self.origin else {}),
            "crop_margin": self.parameters.margin,
            "crop_px": CROP_PX,
            "crops": self.crop_words,
            "domain": self.domain_words,
        }


def load_network(run: str | Path) -> Network:
    """Loads a run's best weights and what belongs to them.

    Raises:
        InputError: if the run is not trained to the end or damaged, or was trained on crops of another kind.
    """
    run = Path(run)
    predictor = load_run(run, STAGE, mirror_average=False)
    weights = run_folder.best_weights(run / STAGE)
    # The setting that the run was trained with, which loading without mirror images put out of sight.
    trained = run_folder.read_json(run / STAGE / run_folder.CONFIG)["settings"]["finetune"]["mirror_average"]
    parameters, words = crop_parameters(predictor.crops, weights)
    domain, domain_words = domain_of(run, predictor)
    facts = {
        "model": predictor.config["model"]["name"],
        "checkpoint_digest": predictor.checkpoint_digest,
        "checkpoint_step": predictor.checkpoint_step,
        "dataset_fingerprint": predictor.dataset_fingerprint,
        "mirror_average": bool(trained),
        "frame_of_the_network": predictor.config["data"]["frame"],
    }
    whence = provenance.of_run(run)
    return Network(run, _predicting(predictor, bool(trained)), facts, whence, parameters, words, domain, domain_words)


def _predicting(predictor: Predictor, mirror_average: bool) -> Callable[[ndarray], tuple[ndarray, ndarray, ndarray]]:
    """What `Network.predict` is to be, of a predictor of single crops, without their mirror images."""

    def predict(crops: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        poses, features = predictor.observe(crops)
        twins, _ = predictor.observe(np.ascontiguousarray(crops[:, :, ::-1]))
        twins = trust.mirror_back(twins)
        if mirror_average:
            mean = (poses + twins) / 2
            return mean - mean[:, skeleton.ROOT, None], twins, features
        return poses, twins, features

    return predict


def crop_parameters(stored: dict[str, Any] | None, weights: Path) -> tuple[Parameters, str]:
    """How crops are to be cut, and where that is known from.

    Args:
        stored: what the weights tell of it.
        weights: where they lie.

    Raises:
        InputError: if crops of another size are told.
    """
    ours = Parameters()
    if not stored or "margin" not in stored:
        return ours, "cut by this version's own parameters: the checkpoint tells none"
    if stored.get("crop_px", CROP_PX) != CROP_PX:
        mend = "Use the version of h36m-pose that made it"
        raise InputError(weights, f"a network for crops of {stored['crop_px']} px", f"{CROP_PX} px", mend)
    fields = {field.name for field in dataclasses.fields(Subtraction)}
    thresholds = {name: value for name, value in stored.get("subtraction", {}).items() if name in fields}
    parameters = Parameters(margin=float(stored["margin"]), subtraction=Subtraction(**thresholds))
    words = "cut by the parameters stored in the checkpoint"
    if stored.get("code") not in (None, code_digest()):
        words += "; the code that cuts them has changed since"
    return parameters, words


def domain_of(run: Path, predictor: Predictor) -> tuple[Domain | None, str]:
    """What the network was trained on: noted by training, or measured now if the dataset is still there."""
    path = run / STAGE / DOMAIN_FILE
    domain = read_domain(path, predictor.checkpoint_digest)
    if domain:
        return domain, f"{domain.crops:,}, noted when it ended"
    environment = run / STAGE / run_folder.ENVIRONMENT
    place = run_folder.read_json(environment).get("dataset") if environment.exists() else None
    if place is None:
        return None, "cannot be told: the run does not say which dataset it was trained on"
    try:
        dataset = open_dataset(place)
    except InputError:
        return None, f"cannot be told: training noted nothing, and its dataset is not at {place} any more"
    if dataset.fingerprint != predictor.dataset_fingerprint:
        return None, f"cannot be told: training noted nothing, and at {place} lies another dataset now"
    domain = measure_domain(predictor, dataset)
    with contextlib.suppress(PermissionError):
        write_domain(path, domain)
    return domain, f"{domain.crops:,}, measured now in {place}"
