"""The networks in PyTorch that the benchmark measures ours against: the same outputs, gradients and training steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from h36m_pose import configuration
from h36m_pose.benchmarking import our_step
from h36m_pose.models.parameters import named_leaves
from h36m_pose.models.pose_output import POSE_OUTPUTS, TARGETS
from h36m_pose.models.registry import NETWORKS, draw_model
from h36m_pose.training.optimizer import make_optimizer
from h36m_pose.training.parallel import Devices
from h36m_pose.training.state import new_state
from h36m_pose.training.tasks import GridTask, PoseTask

torch = pytest.importorskip("torch")

from h36m_pose.benchmarking import torch_networks, torch_step  # noqa: E402

SMALL = {
    "jha_2015": {"kernels": (2, 3, 4)},
    "li_chan_2014": {"channels": 3},
    "resnet_18": {},
    "strided": {"stem_px": 8, "widths": (6, 10), "blocks": (0, 1), "hidden": 14},
}
STATISTICS = {
    "mean_mm": np.linspace(-300, 300, 51, dtype=np.float32).reshape(17, 3),
    "deviation_mm": np.full((17, 3), 150, np.float32),
}
OUR_STATISTICS = {name: jnp.asarray(values) for name, values in STATISTICS.items()}
BATCH = 4
ROUNDING = {"resnet_18": 2e-3}
"""Of gradients, of the largest of their array; more where they come through seventeen layers."""


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
        np.testing.assert_allclose(
            theirs.pop(key), slope, rtol=1e-3, atol=ROUNDING.get(name, 1e-4) * scale, err_msg=key
        )
    assert not theirs


def test_a_mixed_step_of_a_twin_is_nearly_ours():
    options = {"stem_px": 16, "widths": (6,), "blocks": (1,), "hidden": 5}
    assemble, params, constants = draw_model("strided", POSE_OUTPUTS, seed=0, **options)
    settings = configuration.load_experiment("demo").finetune
    rng = np.random.default_rng(5)
    images = rng.random((BATCH, 128, 128, 1), np.float32)
    poses = rng.normal(0, 200, (BATCH, 17, 3)).astype(np.float32)
    optimizer = make_optimizer(steps=40, **settings.optim)
    found = {}
    for precision in ("float32", "bfloat16"):
        state = new_state(params, constants, OUR_STATISTICS, optimizer, settings.averaging)
        step = our_step.make_ready_step(
            Devices(), assemble, PoseTask("mean_pose", 70.0), optimizer, settings.averaging, precision
        )
        _, ours = step(state, our_step.ReadyBatch(jnp.asarray(images), jnp.asarray(poses)))
        twin = torch_networks.build_twin("strided", POSE_OUTPUTS, params, constants, **options)
        loss = torch_step.TorchPoseLoss("mean_pose", 70.0, STATISTICS)
        trainer = torch_step.TorchTrainer(twin, loss, [1e-3], dict(settings.optim), settings.averaging, precision)
        theirs = trainer.train_step(torch.tensor(images), torch.tensor(poses))
        assert theirs.dtype == torch.float32
        found[precision] = float(ours), float(theirs)
    np.testing.assert_allclose(*found["bfloat16"], rtol=1e-2)
    np.testing.assert_allclose(found["bfloat16"], found["float32"], rtol=1e-2)
    assert found["bfloat16"][0] != found["float32"][0] and found["bfloat16"][1] != found["float32"][1]


@pytest.mark.parametrize("experiment", ["demo", "jha_2015"])  # AdamW, clipped and averaged; SGD
def test_three_training_steps_of_a_twin_are_ours(experiment):
    options = {"stem_px": 16, "widths": (6,), "blocks": (1,), "hidden": 5}
    assemble, params, constants = draw_model("strided", POSE_OUTPUTS, seed=0, **options)
    settings = configuration.load_experiment(experiment).finetune
    optim = {**settings.optim, "schedule": "constant", "warmup_steps": 0}
    rng = np.random.default_rng(5)
    images = rng.random((BATCH, 128, 128, 1), np.float32)
    poses = rng.normal(0, 200, (BATCH, 17, 3)).astype(np.float32)
    optimizer = make_optimizer(steps=40, **optim)
    step = our_step.make_ready_step(
        Devices(),
        assemble,
        PoseTask("mean_pose", 70.0),
        optimizer,
        settings.averaging,
    )
    state = new_state(params, constants, OUR_STATISTICS, optimizer, settings.averaging)
    twin = torch_networks.build_twin("strided", POSE_OUTPUTS, params, constants, **options)
    their_loss = torch_step.TorchPoseLoss("mean_pose", 70.0, STATISTICS)
    trainer = torch_step.TorchTrainer(twin, their_loss, [optim["peak_lr"]], optim, settings.averaging)
    losses = []
    for _ in range(3):
        state, ours = step(state, our_step.ReadyBatch(jnp.asarray(images), jnp.asarray(poses)))
        losses.append((float(ours), float(trainer.train_step(torch.tensor(images), torch.tensor(poses)))))
    np.testing.assert_allclose(*zip(*losses, strict=True), rtol=1e-4)
    assert losses[2][0] < losses[1][0] < losses[0][0]
    names = [name for name, _ in twin.named_parameters()]
    for values, tree in ((trainer.params, state.params), (trainer.averaged, state.averaged)):
        expected = torch_networks.torch_weights(tree)
        assert len(values) == len(expected)
        for name, value in zip(names, values, strict=bool(values)):
            np.testing.assert_allclose(value.detach(), expected[name], atol=2e-5, err_msg=name)


def test_the_grid_tasks_loss_and_its_slopes_agree():
    rng = np.random.default_rng(5)
    labels = (rng.random((BATCH, 17, 4)) < 0.2).astype(np.float32)
    logits = rng.normal(size=(BATCH, 68)).astype(np.float32)
    value, slope = jax.value_and_grad(GridTask(2, "point", 0.0, 0.3, 0.0, 1.0, 100.0).loss)(
        jnp.asarray(logits), jnp.asarray(labels), {}
    )
    leaf = torch.tensor(logits, requires_grad=True)
    theirs = torch_step.TorchGridLoss(100.0)(leaf, torch.tensor(labels))
    theirs.backward()
    assert float(theirs.detach()) == pytest.approx(float(value), rel=1e-5)
    np.testing.assert_allclose(leaf.grad, slope, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("target", TARGETS)
def test_both_losses_and_their_slopes_agree(target):
    rng = np.random.default_rng(1)
    outputs = rng.normal(size=(BATCH, POSE_OUTPUTS)).astype(np.float32)
    poses = rng.normal(0, 200, (BATCH, 17, 3)).astype(np.float32)
    if target == "parent_tanh":
        poses[:, 0] = 0  # the root is predicted exactly: no slope there, but a number
    value, slope = jax.value_and_grad(PoseTask(target, 70.0).loss)(
        jnp.asarray(outputs), jnp.asarray(poses), OUR_STATISTICS
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
