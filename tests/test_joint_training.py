"""Both heads at once: the losses add up, and the pose comes out of a run as from any other."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import train_runs

from h36m_pose import prediction
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.data.pipeline import Batch
from h36m_pose.losses import grid_cross_entropy
from h36m_pose.training.tasks import GridTask, JointTask, PoseTask

GRID = GridTask(3, "point", 0.0, 0.3, 0.1, 2.0, 50.0)
STATISTICS = {"mean_mm": jnp.ones((17, 3)), "deviation_mm": jnp.full((17, 3), 100.0)}


def test_the_losses_add_up_and_the_gradients_stay_with_their_outputs() -> None:
    rng = np.random.default_rng(0)
    batch = Batch(
        jnp.zeros((5, 128, 128, 1)),
        jnp.asarray(rng.uniform(0, 127, (5, 17, 2)), jnp.float32),
        jnp.asarray(rng.normal(0, 300, (5, 17, 3)), jnp.float32),
    )
    outputs = jnp.asarray(rng.normal(size=(5, 51 + 153)), jnp.float32)
    pose, joint = PoseTask("mean_pose", 100.0), JointTask(PoseTask("mean_pose", 100.0), GRID, 0.7)
    value, slope = jax.value_and_grad(joint.loss)(outputs, joint.targets(batch), STATISTICS)
    ours, our_slope = jax.value_and_grad(pose.loss)(outputs[:, :51], pose.targets(batch), STATISTICS)
    cells, cell_slope = jax.value_and_grad(GRID.loss)(outputs[:, 51:], GRID.targets(batch), STATISTICS)
    assert float(value) == pytest.approx(float(ours) + 0.7 * float(cells), rel=1e-5)
    np.testing.assert_allclose(slope, jnp.concatenate([our_slope, 0.7 * cell_slope], 1), rtol=1e-5, atol=1e-7)
    sums = joint.sums(outputs, joint.targets(batch), jnp.ones(5), STATISTICS)
    means = joint.means(sums)
    assert set(joint.reports) == set(means) and joint.selects_by in means
    assert float(means["mpjpe_mm"]) == pytest.approx(100 * float(ours), rel=1e-5)


def test_labels_are_smoothed_and_cells_weighted() -> None:
    labels = np.zeros((2, 17, 9), bool)
    labels[:, 4, 7] = True
    logits = jnp.asarray(np.random.default_rng(1).normal(size=(2, 153)), jnp.float32)
    p = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    soft = np.where(labels.reshape(2, -1), 0.95, 0.05)
    weights = np.where(labels.reshape(2, -1), 3.0, 1.0)
    expected = (-weights * (soft * np.log(p) + (1 - soft) * np.log(1 - p))).mean()
    assert float(grid_cross_entropy(logits, jnp.asarray(labels), 0.1, 3.0)) == pytest.approx(expected, rel=1e-5)


def test_a_joint_run_predicts_poses(tmp_path: Path) -> None:
    dataset = train_runs.write_dataset(tmp_path / "data")
    fixed = ["train", "finetune", "--experiment", "demo", "--dataset", str(dataset), "--run", str(tmp_path / "run")]
    assert main([*fixed, *train_runs.TINY, "init_from=none", "grid_weight=0.5", "epochs=1"]) == 0
    rows = train_runs.rows(tmp_path / "run", "finetune")
    assert {"mpjpe_mm", "loss", "recall", "precision"} <= set(rows[-1])
    predictor = prediction.load_run(tmp_path / "run")
    assert predictor.parameters == sum(
        np.size(array) for name, array in train_runs.last_arrays(tmp_path / "run", "finetune").items()
        if name.startswith("params/")
    )  # fmt: skip
    view = open_dataset(dataset).select(("S11",))[0]
    poses = predictor.predict_view_mm(view)
    assert poses.shape == (10, 17, 3)
    # The same as the run's own validation, but for the mirrored twin that only predictions have.
    assert np.linalg.norm(poses - view.joints_root_mm, axis=-1).mean() < 2 * rows[-1]["mpjpe_mm"]
