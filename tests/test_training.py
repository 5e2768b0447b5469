"""Training: it learns, resumes bit for bit, starts from what it should, and stops where it must."""

import hashlib
import json
import os
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stick_dataset import write_stick_dataset

from h36m_pose import configuration, prediction, skeleton
from h36m_pose.data import frames, pipeline
from h36m_pose.errors import InputError
from h36m_pose.models.registry import draw_model
from h36m_pose.rendering.media_files import comment_of
from h36m_pose.training import checkpoint, loop, run_folder
from h36m_pose.training.initial_weights import initial_weights
from h36m_pose.training.optimizer import make_optimizer, make_schedule
from h36m_pose.training.parallel import Devices
from h36m_pose.training.stage import Stage
from h36m_pose.training.state import new_state
from h36m_pose.training.step import evaluate, make_eval_step
from h36m_pose.training.tasks import GridTask, PoseTask

TINY = (
    "model.stem_px=16", "model.widths=6", "model.blocks=0", "model.hidden=14", "grid.cells=3", "batch_size=7",
    "data.frame=camera", "augmentation.noise=0", "augmentation.erase_px=0", "log_every_steps=3", "optim.warmup_steps=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_stick_dataset(tmp_path_factory.mktemp("data"))


def train(dataset, run_dir, stage, *overrides, adopt=False):
    config = configuration.load_experiment("demo")
    configuration.apply_overrides(config, [*TINY, *overrides], stage)
    init = run_folder.pretrained_identity(run_dir, config.finetune.init_from) if stage == "finetune" else "none"
    identity = {
        "settings": configuration.stage_settings(config, stage),
        "dataset_fingerprint": dataset.fingerprint,
        "init": init,
    }
    run_folder.claim(run_dir / stage, identity, adopt)
    return loop.train(config, stage, dataset, run_dir, identity)


@pytest.fixture(scope="module")
def run_dir(dataset, tmp_path_factory):
    """A run with both stages finished."""
    folder = tmp_path_factory.mktemp("run")
    assert train(dataset, folder, "pretrain", "epochs=2") == 0
    assert train(dataset, folder, "finetune", "epochs=2") == 0
    return folder


def digest_of_state(run_dir, stage):
    checkpoints = run_dir / stage / run_folder.CHECKPOINTS
    arrays, about = checkpoint.load(
        checkpoint.folder_of(checkpoints, checkpoint.STEP, checkpoint.steps(checkpoints)[-1])
    )
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(arrays):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest(), about["progress"], about["step"]


def test_a_finished_run_explains_itself(dataset, run_dir):
    for stage in configuration.STAGES:
        folder = run_dir / stage
        assert run_folder.finished(folder)["steps"] == 14
        assert run_folder.read_json(folder / "config.json")["dataset_fingerprint"] == dataset.fingerprint
        environment = run_folder.read_json(folder / "environment.json")
        assert environment["split"].startswith("protocol s11: train S1, S5, S6, S7, S9 and a crowd of 1; validate S8")
        assert environment["packages"]["jax"] == jax.__version__ and environment["devices"]["count"] == 1
        assert list(folder.glob("events*"))
        rows = run_folder.read_metrics(folder / "metrics.jsonl")
        assert [row["step"] for row in rows if row["split"] == "train"] == [3, 6, 9, 12]
        assert [row["step"] for row in rows if row["split"] == "validation"] == [7, 14]
    image = (run_dir / "learning_curves.png").read_bytes()
    assert image.startswith(b"\x89PNG") and len(image) > 10_000
    told = comment_of(run_dir / "learning_curves.png")["whence"]
    assert (told["run"], told["dataset"]) == (run_dir.name, dataset.fingerprint)


@pytest.mark.parametrize("stage", configuration.STAGES)
def test_stopped_and_resumed_equals_uninterrupted(dataset, run_dir, tmp_path, stage, monkeypatch, capsys):
    """SIGTERM in the middle of an epoch and of a window of metrics."""
    if stage == "finetune":
        (tmp_path / "pretrain").symlink_to(run_dir / "pretrain")
    real_note = loop._note_metrics

    def note_and_signal(work, pending, step, writer):
        if step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        real_note(work, pending, step, writer)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_note_metrics", note_and_signal)
        assert train(dataset, tmp_path, stage, "epochs=2") == 143
    assert "run the same command again" in capsys.readouterr().err
    assert digest_of_state(tmp_path, stage)[2] == 5
    assert run_folder.finished(tmp_path / stage) is None
    assert train(dataset, tmp_path, stage, "epochs=2") == 0
    assert "going on from step 5" in capsys.readouterr().out
    assert digest_of_state(tmp_path, stage) == digest_of_state(run_dir, stage)
    ours, theirs = ((folder / stage / "metrics.jsonl").read_text() for folder in (tmp_path, run_dir))
    assert ours == theirs


def test_what_was_logged_after_the_checkpoint_is_logged_once(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 3}\n{"step": 6}\n{"step": 9}\n{"st')
    run_folder.drop_metrics_after(path, 6)
    assert [row["step"] for row in run_folder.read_metrics(path)] == [3, 6]


def test_the_carried_and_the_new_are_told(dataset, run_dir, tmp_path, capsys):
    train(dataset, tmp_path, "finetune", "epochs=1", f"init_from={run_dir}", "carry_over=all_but_last")
    told = capsys.readouterr().out
    assert "convolutions/0/down/kernel" in told and "head/kernel" in told
    assert "features were standardised" in told
    weights, _ = checkpoint.load(run_folder.best_weights(tmp_path / "finetune"))
    assert np.abs(weights["constants"]["standardiser"]["mean"]).max() > 0


def test_carried_features_are_standardised_on_training_frames(dataset, run_dir, tmp_path):
    config = configuration.load_experiment("demo")
    overrides = [*TINY, f"init_from={run_dir}", "carry_over=all_but_last"]
    configuration.apply_overrides(config, overrides, "finetune")
    work = Stage(config, "finetune", dataset, tmp_path, {})
    params, constants = initial_weights(work, lambda words: None)
    batch = pipeline.plain_batch(work.frames.all())
    model = work.assemble(params, jax.tree.map(jnp.asarray, constants))
    features = np.asarray(model.standardiser(model.features(batch.images)))
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-3)
    assert 0.5 < np.median(features.std(0)) < 1.01


def test_weights_of_another_network_are_refused(dataset, run_dir, tmp_path):
    with pytest.raises(InputError, match=r"weights of another network.*convolutions/0/down/kernel"):
        train(dataset, tmp_path, "finetune", f"init_from={run_dir}", "model.widths=5")


def test_a_stage_needs_its_pretraining(dataset, tmp_path):
    with pytest.raises(InputError, match=r"no pretraining.*init_from=none"):
        train(dataset, tmp_path, "finetune")


def test_another_configuration_is_refused_with_the_difference(dataset, run_dir):
    with pytest.raises(InputError, match=r"settings.pretrain.optim.peak_lr = 0.002 instead of 0.5"):
        train(dataset, run_dir, "pretrain", "epochs=2", "optim.peak_lr=0.5")
    with pytest.raises(InputError, match="on the dataset"):
        run_folder.claim(run_dir / "pretrain", {"dataset_fingerprint": "another", "settings": {}, "init": "none"})


def test_how_may_change_freely_and_what_only_if_told(tmp_path):
    def identity(**settings):
        return {"dataset_fingerprint": "d1", "init": "none", "settings": settings}

    before = {"host_devices": 1, "checkpoint": {"keep": 2}, "data": {"input": "auto", "frame_step": 1}}
    run_folder.claim(tmp_path, identity(**before))
    how = {"host_devices": 8, "checkpoint": {"keep": 5}, "data": {"input": "streaming", "frame_step": 1}}
    run_folder.claim(tmp_path, identity(**how), writes=False)
    assert run_folder.read_json(tmp_path / "config.json") == identity(**before)
    run_folder.claim(tmp_path, identity(**how))
    assert run_folder.read_json(tmp_path / "config.json") == identity(**how)
    what = {**how, "data": {"input": "streaming", "frame_step": 5}}
    with pytest.raises(InputError, match=r"\(settings.data.frame_step = 1 instead of 5\).*add --adopt to go on"):
        run_folder.claim(tmp_path, identity(**what))
    run_folder.claim(tmp_path, identity(**what), adopt=True)
    assert run_folder.read_json(tmp_path / "config.before.json") == identity(**how)
    run_folder.claim(tmp_path, identity(**what))


def test_a_stage_goes_on_with_adopted_settings(dataset, tmp_path, capsys):
    assert train(dataset, tmp_path, "pretrain", "epochs=1") == 0
    (tmp_path / "pretrain" / "finished.json").unlink()
    assert train(dataset, tmp_path, "pretrain", "epochs=2", adopt=True) == 0
    assert "going on from step 7 of 14" in capsys.readouterr().out


def test_nan_stops_the_run_and_says_where(dataset, run_dir, tmp_path):
    with pytest.raises(InputError, match=r"weights' norm (inf|nan) in step \d+ \(epoch \d\).*optim.peak_lr"):
        train(dataset, tmp_path, "finetune", "init_from=none", "optim.peak_lr=1e38", "epochs=2", "optim.clip_norm=0")
    assert run_folder.finished(tmp_path / "finetune") is None


def test_both_tasks_learn_a_batch(dataset, tmp_path):
    options = ["augmentation.shift_px=0", "augmentation.scale=0", "augmentation.turn_degrees=0", "augmentation.gain=0"]
    options += ["augmentation.offset=0", "augmentation.gamma=0", "model.hidden=40", "model.widths=24", "epochs=30"]
    options += ["optim.peak_lr=0.005", "averaging=0", "data.frame_step=3"]
    train(dataset, tmp_path, "pretrain", *options)
    losses = [row["loss"] for row in rows_of(tmp_path, "pretrain", "train")]
    assert losses[-1] < 0.6 * losses[0]
    train(dataset, tmp_path, "finetune", *options)
    errors = [row["mpjpe_mm"] for row in rows_of(tmp_path, "finetune", "train")]
    assert errors[-1] < 0.5 * errors[0]


def rows_of(run_dir, stage, split):
    return [row for row in run_folder.read_metrics(run_dir / stage / "metrics.jsonl") if row["split"] == split]


@pytest.mark.parametrize("task", [GridTask(3, "point", 0.0, 0.3, 0.0, 1.0, 1.0), PoseTask("mean_pose", 100.0)])
def test_validation_is_exact_for_any_batch_size(dataset, task):
    outputs = 153 if isinstance(task, GridTask) else 51
    assemble, params, constants = draw_model("strided", outputs, 0, stem_px=16, widths=(6,), blocks=(0,), hidden=14)
    examples = frames.gather_views(dataset.views[:3])
    statistics = {"mean_mm": jnp.ones((17, 3)), "deviation_mm": jnp.full((17, 3), 100.0)}
    state = new_state(params, constants, statistics, make_optimizer(steps=9, **OPTIM), 0.0)
    devices = Devices()
    step = make_eval_step(devices, assemble, task, 128)
    found = [evaluate(devices, step, task, state, examples, size) for size in (5, 24, 31)]
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-5)
    if isinstance(task, PoseTask):
        still = jax.tree.map(lambda array: 0 * array, state.params)
        expected = np.linalg.norm(examples.joints_root_mm - 1, axis=-1).mean()
        zero = evaluate(devices, step, task, state._replace(params=still), examples, 7)
        assert zero["mpjpe_mm"] == pytest.approx(expected, rel=1e-5)


OPTIM = {
    "name": "sgd", "peak_lr": 0.1, "schedule": "constant", "warmup_steps": 0, "weight_decay": 0.0, "momentum": 0.9,
    "beta2": 0.0, "clip_norm": 0.0,
}  # fmt: skip


def test_schedules():
    cosine = make_schedule("cosine", 2.0, 10, 100)
    assert [float(cosine(step)) for step in (0, 5, 10, 55, 100)] == pytest.approx([0, 1, 2, 1, 0], abs=1e-6)
    constant = make_schedule("constant", 2.0, 10, 100)
    assert [float(constant(step)) for step in (5, 10, 99)] == pytest.approx([1, 2, 2])
    with pytest.raises(InputError, match="one of cosine, constant"):
        make_schedule("linear", 1.0, 0, 9)


def test_predictions_do_not_depend_on_the_batch(dataset, run_dir):
    predictor = prediction.load_run(run_dir)
    images = np.concatenate([view.images for view in dataset.views])
    assert len(images) > 64
    whole = predictor.predict_mm(images)
    assert whole.shape == (len(images), 17, 3) and whole.dtype == np.float32
    assert not whole[:, 0].any()
    np.testing.assert_array_equal(predictor.predict_mm(images[5:12]), whole[5:12])
    twin = predictor.predict_mm(images[:, :, ::-1])
    np.testing.assert_allclose(twin[:, skeleton.MIRRORED] * (-1, 1, 1), whole, atol=1e-3)


def test_a_predictor_knows_where_it_comes_from(dataset, run_dir):
    predictor = prediction.load_run(run_dir)
    trained = frames.gather_views(dataset.select(predictor.split.train))
    np.testing.assert_allclose(predictor.train_mean_pose_mm, trained.joints_root_mm.mean(0), atol=0.01)
    assert predictor.split.test == ("S11",) and predictor.dataset_fingerprint == dataset.fingerprint
    assert prediction.run_identity(run_dir)["weights"] == predictor.checkpoint_digest
    with pytest.raises(ValueError, match="expected"):
        predictor.predict_mm(np.zeros((3, 64, 64), np.uint8))


def test_runs_that_cannot_predict_are_told(dataset, run_dir, tmp_path):
    with pytest.raises(InputError, match="no such stage"):
        prediction.load_run(tmp_path / "none")
    with pytest.raises(InputError, match="a network of the stage pretrain"):
        prediction.load_run(run_dir, stage="pretrain")
    folder = tmp_path / "copy" / "finetune"
    folder.mkdir(parents=True)
    for name in ("config.json", "finished.json"):
        (folder / name).write_text((run_dir / "finetune" / name).read_text())
    best = run_folder.best_weights(run_dir / "finetune")
    weights, about = checkpoint.load(best)
    about["settings"]["model"]["hidden"] = 9
    checkpoint.save(folder / "checkpoints" / best.name, weights, about)
    with pytest.raises(InputError, match="a checkpoint of another network"):
        prediction.load_run(tmp_path / "copy")
    (folder / "finished.json").unlink()
    with pytest.raises(InputError, match="not finished"):
        prediction.load_run(tmp_path / "copy")


def test_damaged_files_of_a_run_are_told(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="damaged JSON"):
        run_folder.read_json(tmp_path / "config.json")
    (tmp_path / "finished.json").write_text("{}")
    with pytest.raises(InputError, match="no best_step"):
        run_folder.best_weights(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps([3]))
    with pytest.raises(InputError, match="no object"):
        run_folder.read_json(tmp_path / "config.json")
