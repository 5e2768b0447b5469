"""Where metrics are shown: TensorBoard always, Weights & Biases and MLflow where they are installed."""

import importlib.util
from pathlib import Path

import pytest

from h36m_pose.errors import InputError
from h36m_pose.training.metric_writer import MetricWriter


def write_twice(folder: Path, board: str) -> None:
    """Two attempts, the second from the step that the first was at."""
    folder.mkdir(parents=True)
    for start in (0, 20):
        with MetricWriter(folder, start, [board], {"seed": 3}) as writer:
            writer.write(start + 10, 0.5, "train", {"loss": 2.0})
            writer.write_rates(start + 10, {"images_per_s": 100.0})
            writer.write(start + 20, 1.0, "validation", {"loss": 1.0})


def test_tensorboard_is_written(tmp_path: Path) -> None:
    write_twice(tmp_path / "run", "tensorboard")
    events = sorted((tmp_path / "run").glob("events.out.*"))
    content = b"".join(path.read_bytes() for path in events)
    assert all(name in content for name in (b"train/loss", b"validation/loss", b"rates/images_per_s"))


def test_wandb_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    write_twice(tmp_path / "run" / "pretrain", "wandb")
    logs = list((tmp_path / "run" / "pretrain" / "wandb").rglob("*.wandb"))
    assert logs and b"validation/loss" in b"".join(path.read_bytes() for path in logs)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own libraries
def test_mlflow_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    write_twice(tmp_path / "run" / "pretrain", "mlflow")
    run_id = (tmp_path / "run" / "pretrain" / "mlflow_run").read_text()
    history = mlflow.MlflowClient().get_metric_history(run_id, "validation/loss")
    assert [(metric.step, metric.value) for metric in history] == [(20, 1.0), (40, 1.0)]
    assert mlflow.get_run(run_id).data.params["seed"] == "3"


@pytest.mark.parametrize("board", ["wandb", "mlflow"])
def test_a_board_that_is_not_installed_is_told(tmp_path: Path, board: str) -> None:
    if importlib.util.find_spec(board):
        pytest.skip("it is installed")
    with pytest.raises(InputError, match=f"pip install {board}"):
        MetricWriter(tmp_path, 0, [board], {})
