"""Every experiment file builds its networks, tasks and optimisers."""

import jax
import pytest

from h36m_pose import configuration
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.models.parameters import count
from h36m_pose.models.registry import draw_model
from h36m_pose.training.optimizer import make_optimizer
from h36m_pose.training.stage import make_task, outputs_of

NAMES = sorted(file.stem for file in configuration.experiments_folder().glob("[a-z]*.py"))
PUBLISHED = {"jha_2015": (15_220_324, 11_841_523), "li_chan_2014": (12_298_660, 8_919_859)}


def test_the_promised_experiments_are_there():
    assert {"demo", "default", "jha_2015", "li_chan_2014"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_experiments_build(name):
    config = configuration.load_experiment(name)
    Augmentation(**config.augmentation)
    counts = []
    for stage in configuration.STAGES:
        make_task(config, stage)
        options = dict(config.model)
        _, params, _ = draw_model(options.pop("name"), outputs_of(config, stage), config.seed, **options)
        make_optimizer(steps=100, **config[stage].optim).init(params)
        counts.append(count(params))
    assert tuple(counts) == PUBLISHED.get(name, tuple(counts))
    assert all(value < 20e6 for value in counts)


def test_the_published_optimiser_is_the_published_one():
    """v <- 0.9 v - lr * (gradient + 0.0005 w); w <- w + v."""
    optimizer = make_optimizer(steps=100, **configuration.load_experiment("jha_2015").pretrain.optim)
    weights = {"kernel": jax.numpy.full((2, 3), 5.0), "bias": jax.numpy.full(3, 5.0)}
    state = optimizer.init(weights)
    gradient = jax.tree.map(lambda array: 0 * array + 2.0, weights)
    first, state = optimizer.update(gradient, state, weights)
    second, _ = optimizer.update(gradient, state, weights)
    step = -0.001 * (2 + 0.0005 * 5)
    assert float(first["kernel"][1, 2]) == pytest.approx(step, rel=1e-5)
    assert float(second["kernel"][1, 2]) == pytest.approx(1.9 * step, rel=1e-5)
    assert float(first["bias"][1]) == pytest.approx(-0.002, rel=1e-5)


def test_experiments_leave_each_other_alone():
    before = configuration.load_experiment("demo").to_dict()
    configuration.load_experiment("jha_2015")
    assert configuration.load_experiment("demo").to_dict() == before
