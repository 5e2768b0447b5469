"""How far footage is from what a network was trained on: what is measured, kept, and said of it."""

from pathlib import Path

import numpy as np
import predict_runs
import pytest
import stick_dataset

from h36m_pose.data.dataset import open_dataset
from h36m_pose.domain import DOMAIN_FILE, FACTS, Domain, measure_domain, read_domain, write_domain
from h36m_pose.errors import InputError
from h36m_pose.predict.domain_words import judged
from h36m_pose.predict.network import load_network
from h36m_pose.prediction import load_run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run without notes of its domain, and the dataset that it says it was trained on."""
    folder = tmp_path_factory.mktemp("domain")
    dataset = stick_dataset.write_stick_dataset(folder / "dataset", {"S1": 60, "S5": 40, "S8": 30, "S11": 5})
    return predict_runs.write_run(folder / "run", folder / "dataset", None, dataset.fingerprint), folder / "dataset"


def test_an_older_run_measures_its_domain_once_and_says_what_it_does_not_know(trained: tuple[Path, Path]) -> None:
    run, dataset = trained
    network = load_network(run)
    assert "measured now" in network.domain_words
    assert "checkpoint tells none" in network.crop_words
    assert network.parameters.margin == 1.1
    again = load_network(run)
    assert "noted when it ended" in again.domain_words
    assert np.array_equal(again.domain.components, network.domain.components)
    view = next(view for view in open_dataset(dataset).views if view.subject == "S8")
    scores = network.domain.scores(network.predict(view.images)[2])
    assert np.percentile(scores, 99) == pytest.approx(1, abs=0.02)
    far = network.domain.mean + 30 * network.domain.deviations[0] * network.domain.components[0]
    assert network.domain.scores(far[None]) > 2


@pytest.fixture(scope="module")
def domain(trained: tuple[Path, Path]) -> Domain:
    return measure_domain(load_run(trained[0]), open_dataset(trained[1]))


def test_a_domain_of_other_weights_or_a_damaged_one_is_not_believed(domain: Domain, tmp_path: Path) -> None:
    write_domain(tmp_path / DOMAIN_FILE, domain)
    assert read_domain(tmp_path / DOMAIN_FILE, domain.weights) is not None
    assert read_domain(tmp_path / DOMAIN_FILE, "others") is None
    assert read_domain(tmp_path / "none.npz", "any") is None
    (tmp_path / DOMAIN_FILE).write_bytes((tmp_path / DOMAIN_FILE).read_bytes()[:900])
    with pytest.raises(InputError, match="damaged"):
        read_domain(tmp_path / DOMAIN_FILE, domain.weights)


def test_the_verdict_names_what_is_strange(domain: Domain) -> None:
    usual = np.tile(domain.median, (50, 1)).astype(np.float32)
    nothing, calm = np.zeros(50, bool), np.full(50, 0.5, np.float32)
    everything = np.ones(50, bool)
    inside = judged(domain, "known", usual, nothing, calm, everything)
    assert inside["verdict"] == "inside"
    dark = usual.copy()
    dark[:40, FACTS.index("brightness")] = domain.low[FACTS.index("brightness")] - 20
    strange = judged(domain, "known", dark, everything, np.where(np.arange(50) < 30, 3, calm), everything)
    assert strange["verdict"] == "outside"
    for words in ("80% of silhouettes are darker", "60% of frames are stranger", "100% end at the picture's edge"):
        assert words in strange["words"]
    unknown = judged(None, "cannot be told: no dataset", usual, nothing, calm, everything)
    assert unknown["verdict"] == "unknown"
    assert "cannot be told" in unknown["words"]


def test_crops_of_another_margin_are_cut_as_the_checkpoint_says(tmp_path: Path) -> None:
    wide = {**predict_runs.CROPS, "margin": 1.5, "code": "of another version"}
    network = load_network(predict_runs.write_run(tmp_path, crops=wide))
    assert network.parameters.margin == 1.5
    assert "changed since" in network.crop_words
    assert "cannot be told" in network.domain_words
    assert network.domain is None
