"""The networks in PyTorch that the benchmark measures ours against: the same outputs, gradients and training steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from h36m_pose import configuration
from h36m_pose.benchmarking import our_step
from h36m_pose.models.parameters import named_leaves
from h36m_pose.models.pose_output import TARGETS
from h36m_pose.models.registry import NETWORKS, POSE_OUTPUTS, draw_model
from h36m_pose.training.optimizer import make_optimizer
from h36m_pose.training.state import new_state
from h36m_pose.training.step import batch_mesh

torch = pytest.importorskip("torch")

from h36m_pose.benchmarking import torch_networks, torch_step  # noqa: E402

SMALL = {
    "jha_2015": {"kernels": (2, 3, 4)},
    "li_chan_2014": {"channels": 3},
    "strided": {"stem_px": 8, "widths": (6, 10), "blocks": (0, 1), "hidden": 14},
}
STATISTICS = {
    "mean_mm": np.linspace(-300, 300, 51, dtype=np.float32).reshape(17, 3),
    "deviation_mm": np.full((17, 3), 150, np.float32),
}
OUR_STATISTICS = {name: jnp.asarray(values) for name, values in STATISTICS.items()}
BATCH = 4


def shuffled(arrays, rng):
    """Arrays with noise added, so that no bias is nought and no scale one."""
    return jax.tree.map(lambda array: array + 0.05 * rng.normal(size=array.shape).astype(np.float32), arrays)


def network(name, outputs=POSE_OUTPUTS):
    """A small network: how it is put together, its weights, pictures it takes."""
    rng = np.random.default_rng(3)
    assemble, params, constants = draw_model(name, outputs, seed=0, **SMALL[name])
    params, constants = shuffled(params, rng), shuffled(constants, rng)
    side = assemble(params, constants).input_px
    return assemble, params, constants, rng.random((BATCH, side, side, 1), np.float32)


def test_every_network_has_a_twin():
    assert set(torch_networks.TWINS) == set(NETWORKS) == set(SMALL)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_twin_gives_the_same_outputs_and_gradients(name):
    assemble, params, constants, images = network(name)
    weights = np.cos(np.arange(BATCH * POSE_OUTPUTS, dtype=np.float32)).reshape(BATCH, POSE_OUTPUTS)

    @jax.jit
    def ours(params, constants):
        def total(params):
            outputs = assemble(params, constants)(jnp.asarray(images))
            return (outputs * weights).sum(), outputs

        return jax.grad(total, has_aux=True)(params)

    slopes, expected = ours(params, constants)
    twin = torch_networks.build_twin(name, POSE_OUTPUTS, params, constants, **SMALL[name]).eval()
    found = twin(torch.tensor(images))
    (found * torch.tensor(weights)).sum().backward()
    # To 1e-4 of outputs of about one.
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-4 * max(1.0, float(np.std(expected))))
    theirs = {key: param.grad for key, param in twin.named_parameters()}
    for key, slope in torch_networks.torch_weights(slopes).items():
        scale = float(slope.abs().max())
        np.testing.assert_allclose(theirs.pop(key), slope, rtol=1e-3, atol=1e-4 * scale, err_msg=key)
    assert not theirs


def steps_of_both(name, task, optim, averaging, outputs, target, target_values):
    """The losses of three training steps, ours and PyTorch's, and the weights after them."""
    assemble, params, constants, images = network(name, outputs)
    our_loss, their_loss = task
    optimizer = make_optimizer(steps=40, **optim)
    state = new_state(params, constants, OUR_STATISTICS, optimizer, averaging)
    step = our_step.make_ready_step(
        mesh=batch_mesh(), assemble=assemble, loss=our_loss, optimizer=optimizer, averaging=averaging
    )
    twin = torch_networks.build_twin(name, outputs, params, constants, **SMALL[name])
    trainer = torch_step.TorchTrainer(twin, their_loss, [optim["peak_lr"]], optim, averaging)
    losses = []
    for _ in range(3):
        state, ours = step(state, our_step.ReadyBatch(jnp.asarray(images), jnp.asarray(target_values)))
        theirs = trainer.train_step(torch.tensor(images), torch.tensor(target_values))
        losses.append((float(ours), float(theirs)))
    return losses, state, trainer


@pytest.mark.parametrize(("name", "experiment"), [("strided", "demo"), ("jha_2015", "jha_2015")])
def test_three_training_steps_of_a_twin_are_ours(name, experiment):
    settings = configuration.load_experiment(experiment).finetune
    optim = {**settings.optim, "schedule": "constant", "warmup_steps": 0}
    target, unit_mm = settings.target, settings.loss_unit_mm
    task = our_step.pose_loss(target, unit_mm, OUR_STATISTICS), torch_step.TorchPoseLoss(target, unit_mm, STATISTICS)
    poses = np.random.default_rng(5).normal(0, 200, (BATCH, 17, 3)).astype(np.float32)
    losses, state, trainer = steps_of_both(name, task, optim, settings.averaging, POSE_OUTPUTS, target, poses)
    ours, theirs = zip(*losses, strict=True)
    np.testing.assert_allclose(theirs, ours, rtol=1e-4)
    assert len(set(ours)) == 3
    names = [key for key, _ in trainer.network.named_parameters()]
    for values, tree in ((trainer.params, state.params), (trainer.averaged, state.averaged)):
        expected = torch_networks.torch_weights(tree)
        assert len(values) == len(expected)
        for key, value in zip(names, values, strict=False):
            np.testing.assert_allclose(value.detach(), expected[key], atol=2e-4, err_msg=key)


def test_three_steps_of_the_grid_task_are_ours():
    labels = (np.random.default_rng(5).random((BATCH, 17, 4)) < 0.2).astype(np.float32)
    optim = {**configuration.load_experiment("demo").pretrain.optim, "schedule": "constant", "warmup_steps": 0}
    task = our_step.grid_loss(100.0), torch_step.TorchGridLoss(100.0)
    losses, _, _ = steps_of_both("strided", task, optim, 0.0, 68, "", labels)
    ours, theirs = zip(*losses, strict=True)
    np.testing.assert_allclose(theirs, ours, rtol=1e-4)
    assert len(set(ours)) == 3


@pytest.mark.parametrize("target", TARGETS)
def test_both_losses_and_their_slopes_agree(target):
    rng = np.random.default_rng(1)
    outputs = rng.normal(size=(BATCH, POSE_OUTPUTS)).astype(np.float32)
    poses = rng.normal(0, 200, (BATCH, 17, 3)).astype(np.float32)
    if target == "parent_tanh":
        poses[:, 0] = 0  # the root is predicted exactly: no slope there, but a number
    value, slope = jax.value_and_grad(our_step.pose_loss(target, 70.0, OUR_STATISTICS))(
        jnp.asarray(outputs), jnp.asarray(poses)
    )
    leaf = torch.tensor(outputs, requires_grad=True)
    theirs = torch_step.TorchPoseLoss(target, 70.0, STATISTICS)(leaf, torch.tensor(poses))
    theirs.backward()
    assert float(theirs.detach()) == pytest.approx(float(value), rel=1e-5)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(leaf.grad, slope, rtol=1e-3, atol=1e-6)


def test_weights_go_over_by_name_and_none_is_left():
    _, params, constants, _ = network("strided")
    weights = torch_networks.torch_weights(params)
    assert len(weights) == len(list(named_leaves(params)))
    assert weights["convolutions.0.down.weight"].shape == (6, 64, 3, 3)
    assert weights["hidden.1.weight"].shape[0] == 14
    with pytest.raises(RuntimeError, match=r"head\.bias"):
        short = {part: values for part, values in params.items() if part != "head"}
        torch_networks.build_twin("strided", POSE_OUTPUTS, short, constants, **SMALL["strided"])
