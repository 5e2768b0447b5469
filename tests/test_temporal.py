"""Temporal heads: what they see, that they start as the single frames, that they learn; the verb from start to end."""

import dataclasses
import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from stick_dataset import write_stick_dataset
from train_runs import train

from h36m_pose.cli.main import main
from h36m_pose.data.dataset import View
from h36m_pose.prediction import load_run
from h36m_pose.predictions_file import read_predictions
from h36m_pose.summary import read_results
from h36m_pose.temporal import choice, fitting, frozen, study
from h36m_pose.temporal.frozen import Observed
from h36m_pose.temporal.head import TemporalHead, lowest_cosines
from h36m_pose.temporal.windows import KINDS, frames_before

FRAMES = {"S1": 26, "S5": 26, "S6": 26, "S7": 26, "S8": 24, "S9": 26, "S11": 23, "S101": 20}
QUICK = fitting.Recipe(hidden=8, steps=40, validate_every=20, stretch=6, batch_size=5)


def head_of(window: int, kind: str, features: int = 3, drawn: bool = False) -> TemporalHead:
    head = TemporalHead(window, kind, features=features, hidden=6, cosines=4, feature_cosines=2, rngs=nnx.Rngs(0))
    if drawn:  # as if it had learnt something
        for number, (_, part) in enumerate(nnx.iter_graph(head)):
            if isinstance(part, nnx.Param):
                key = jax.random.fold_in(jax.random.key(1), number)
                part[...] = part[...] + 0.1 * jax.random.normal(key, part[...].shape)
    return head


def inputs(batch: int = 2, frames: int = 19, features: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    poses = rng.normal(size=(batch, frames, 17, 3)).astype(np.float32) * 100
    return poses - poses[:, :, :1], rng.normal(size=(batch, frames, features)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_an_untrained_head_repeats_the_single_frames(kind):
    poses, features = inputs()
    first = frames_before(5, kind)
    out = jax.jit(head_of(5, kind))(poses, features)
    np.testing.assert_allclose(out, poses[:, first : first + 15], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_sees_its_window_and_nothing_else(kind):
    """The derivative of one target frame by all frames is nought outside its window and nowhere within."""
    poses, features = inputs()
    head = head_of(7, kind, drawn=True)
    target = 6

    def one(poses: jax.Array, features: jax.Array) -> jax.Array:
        return jnp.sum(head(poses, features)[:, target] ** 2)

    for slope in jax.jit(jax.grad(one, argnums=(0, 1)))(poses, features):
        seen = np.abs(np.asarray(slope)).reshape(2, 19, -1).max((0, 2)) > 0
        assert np.flatnonzero(seen).tolist() == list(range(target, target + 7))


def test_the_filters_weights_sum_to_one_whatever_is_learnt():
    """A pose that does not change comes out as it is, but for the correction."""
    poses, features = inputs(features=0)
    still = np.repeat(poses[:, :1], 9, axis=1)
    head = head_of(9, "centred", features=0, drawn=True)
    head.last.kernel[...], head.last.bias[...] = 0 * head.last.kernel[...], 0 * head.last.bias[...]
    np.testing.assert_allclose(jax.jit(head)(still, features[:, :9]), still[:, :1], atol=1e-3)


def test_cosines_see_a_constant_as_itself_and_are_orthogonal():
    basis = lowest_cosines(9, 4)
    np.testing.assert_allclose(np.ones(9) @ basis, [1, 0, 0, 0], atol=1e-6)
    products = basis.T @ basis
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-6)


def test_examples_stay_within_their_views():
    observed = [observed_walk(frames, seed) for seed, frames in enumerate((12, 9))]
    components = fitting.principal_components(observed, 2)
    for kind in KINDS:
        data = fitting.sequences(observed, components, 5, kind, 4)
        assert data.starts.tolist() == [*range(9), *range(16, 22)]
        first = frames_before(5, kind)
        np.testing.assert_array_equal(data.target_mm[first : first + 12], observed[0].view.joints_root_mm)
        np.testing.assert_array_equal(data.target_mm[16 + first : 16 + first + 9], observed[1].view.joints_root_mm)
        np.testing.assert_array_equal(data.poses_mm[:, 16 + first : 25 + first], observed[1].poses_root_mm)
        assert data.poses_mm.shape == (2, 16 + 13, 17, 3) and data.features.shape == (2, 29, 2)
    seen = np.concatenate([components(each.features).reshape(-1, 2) for each in observed])
    np.testing.assert_allclose(seen.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(np.cov(seen, rowvar=False), np.eye(2), atol=1e-4)


def observed_walk(frames: int, seed: int, jitter_mm: float = 8.0) -> Observed:
    """A stretch of one smooth motion with jittering predictions, in two passes."""
    rng = np.random.default_rng(seed)
    phases = np.random.default_rng(99).uniform(0, 6, (17, 3))
    time = rng.integers(60) + np.arange(frames)[:, None, None]
    target = (60 * np.sin(2 * np.pi * time / 60 + phases)).astype(np.float32)
    target -= target[:, :1]
    noisy = target + rng.normal(size=(2, *target.shape)).astype(np.float32) * jitter_mm
    view = View(
        "S1", "Walking", "54138969", 50.0, np.zeros((frames, 128, 128), np.uint8), target[..., :2], target,
        target[:, 0], target[:, 0], None, False, frozen.Path(), {},
    )  # fmt: skip
    return Observed(view, noisy - noisy[:, :, :1], rng.normal(size=(2, frames, 5)).astype(np.float32))


JITTER = fitting.Recipe(
    hidden=8, steps=200, validate_every=100, stretch=12, batch_size=8, peak_lr=1e-2, velocity_weight=1.0
)


@functools.cache
def fitted(kind: str, attempt: int = 0) -> tuple[fitting.FittedHead, choice.Score]:
    """A head for jittering walks, and the single frames' score on the validation walks."""
    del attempt
    training = [observed_walk(60, seed) for seed in range(4)]
    validation = [observed_walk(50, seed) for seed in (4, 5)]
    reference = choice.measure([each.poses_root_mm[0] for each in validation], validation)
    return fitting.fit(training, validation, 9, kind, JITTER, reference), reference


@pytest.mark.parametrize("kind", KINDS)
def test_a_trained_head_halves_jitter_at_no_cost(kind):
    head, reference = fitted(kind, 0)
    unseen = [observed_walk(55, 6)]
    single = choice.measure([unseen[0].poses_root_mm[0]], unseen)
    smooth = choice.measure([head.predict_mm(unseen[0])], unseen)
    assert head.score.mpjve < reference.mpjve / 2 and head.score.mpjpe < reference.mpjpe
    assert smooth.mpjve < single.mpjve / 2 and smooth.mpjpe < single.mpjpe


def test_the_same_seed_gives_the_same_head():
    poses = [fitted("centred", attempt)[0].predict_mm(observed_walk(20, 6)) for attempt in (0, 1)]
    np.testing.assert_array_equal(*poses)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finetuned run of a tiny network and its dataset."""
    folder = tmp_path_factory.mktemp("temporal")
    dataset = write_stick_dataset(folder / "data", FRAMES)
    train(dataset.folder, folder / "run", "init_from=none", "epochs=3", stage="finetune")
    return folder / "run", dataset


def test_frozen_poses_are_those_of_the_evaluation_and_varied_crops_are_turned_back(run, tmp_path):
    run_dir, dataset = run
    predictor = load_run(run_dir)
    views = dataset.select(("S8",))
    (seen,) = frozen.observe(predictor, views, tmp_path / "cache.npz", (0.0, 1.0))
    assert seen.poses_root_mm.shape == (3, 24, 17, 3) and seen.features.shape == (3, 24, 14)
    np.testing.assert_array_equal(seen.poses_root_mm[0], predictor.predict_view_mm(views[0]))
    assert np.abs(seen.poses_root_mm[1] - seen.poses_root_mm[0]).mean() > 1
    without = dataclasses.replace(predictor, _compute=lambda images: pytest.fail("observed again"))
    (again,) = frozen.observe(without, views, tmp_path / "cache.npz", (0.0, 1.0))
    np.testing.assert_array_equal(again.poses_root_mm, seen.poses_root_mm)
    jitter = [np.abs(np.diff(poses - seen.poses_root_mm[0], axis=0)).mean() for poses in seen.poses_root_mm]
    assert jitter[1] > 1.5 * jitter[2] > 0, "slow variation jitters less than that of each frame on its own"


def test_a_turned_crop_gives_the_pose_of_the_upright_one():
    """`_about_axis` is the inverse of what augmentation does to poses."""
    from h36m_pose.data import crop_frame
    from h36m_pose.data.augmentation import Move, move_joints_root_mm

    poses = np.random.default_rng(0).normal(size=(3, 17, 3)).astype(np.float32)
    turns = np.array([0.3, -1.0, 0.0], np.float32)
    move = Move(jnp.zeros((3, 2, 2)), jnp.zeros((3, 2)), jnp.zeros(3, bool), jnp.asarray(turns), jnp.ones(3))
    turned = np.asarray(move_joints_root_mm(jnp.asarray(poses), move))
    np.testing.assert_allclose(crop_frame.turn_back(turned, frozen._about_axis(turns)), poses, atol=1e-5)


def test_the_verb_measures_all_variants_once(run, monkeypatch, capsys):
    run_dir, dataset = run
    monkeypatch.setattr(study, "Recipe", lambda: QUICK)
    monkeypatch.setattr(study, "STRENGTHS", (0.0, 1.0))
    words = ["temporal", str(run_dir), "--windows", "3,9"]
    assert main(words) == 0
    told = capsys.readouterr().out
    names = ["single_frame", "one_euro", "savitzky_golay", "centred_3", "centred_9"]
    results = read_results(run_dir / "temporal" / "results.json")
    assert list(results["variants"]) == names
    for name in names:
        assert f"\n{name} " in told
        row = results["variants"][name]
        whole = read_results(run_dir / "temporal" / name / "results.json")
        assert row["mpjve"] == whole["metrics"]["mpjve"]["network"] and row["constancy"] >= 0
        predictions = read_predictions(run_dir / "temporal" / name / "predictions.npz")
        assert [span.name for span in predictions.spans] == ["S11 Walking 1.54138969"]
    rows = results["variants"]
    assert rows["centred_9"]["delay_frames"] == 4 and rows["centred_9"]["delay_ms"] == 80
    single = read_predictions(run_dir / "temporal" / "single_frame" / "predictions.npz").predicted_root_mm
    (view,) = dataset.select(("S11",))
    np.testing.assert_allclose(single, load_run(run_dir).predict_view_mm(view), atol=1e-4)
    assert "test S11" in results["protocol"] and "validation" in results["chosen"]
    written = {path: path.stat().st_mtime_ns for path in (run_dir / "temporal").rglob("*") if path.is_file()}
    assert main(words) == 0
    assert "up to date" in capsys.readouterr().out
    assert written == {path: path.stat().st_mtime_ns for path in written}
    assert main(["temporal", str(run_dir), "--windows", "5", "--kinds", "causal", "--features", "3"]) == 0
    kept = json.loads((run_dir / "temporal" / "results.json").read_text())["variants"]
    added = kept.pop("causal_5_features_3")
    assert added["settings"]["features"] == 3 and added["delay_frames"] == 0
    assert kept == rows
    (seen,) = (run_dir / "temporal").glob("features_test_*.npz")
    for path in ("results.json", "centred_9/results.json", "centred_9/predictions.npz", seen.name):
        capsys.readouterr()
        assert main(["whence", str(run_dir / "temporal" / path), "--json", "--verify"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["record"]["run"] == run_dir.name and told["again"][0].startswith("h36m-pose temporal ")


def test_the_verb_refuses_what_makes_no_sense(run, tmp_path, capsys):
    run_dir, _ = run
    for words, told in (
        (["temporal", str(tmp_path)], "no finetune stage"),
        (["temporal", str(run_dir), "--windows", "8"], "odd numbers"),
        (["temporal", str(run_dir), "--windows", "nine"], "9,27,81"),
        (["temporal", str(run_dir), "--features", "-1"], "0,24"),
        (["temporal", str(run_dir), "--kinds", "late"], "centred, causal"),
        (["render", str(run_dir), "--root", str(tmp_path), "--temporal", "smooth"], "h36m-pose temporal"),
    ):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert told in error and error.count("\n") == 1
