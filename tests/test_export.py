"""Exported networks say what the run says, to others' runtimes, and carry what is needed to use them."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from train_runs import train, write_dataset

from h36m_pose import configuration
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.errors import InputError
from h36m_pose.exporting import check, onnx_file, stablehlo
from h36m_pose.models.pose_output import POSE_OUTPUTS, pose_statistics
from h36m_pose.models.registry import draw_model
from h36m_pose.prediction import Predictor, functions_of, load_run

NAMES = ("network.stablehlo.zip", "network.onnx", "model_card.md")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A tiny run, the folder of its export, and what was printed."""
    folder = tmp_path_factory.mktemp("export")
    dataset = write_dataset(folder / "data")
    train(dataset, folder / "run", "init_from=none", "epochs=1", stage="finetune")
    assert main(["evaluate", str(folder / "run")]) == 0
    assert main(["export", str(folder / "run")]) == 0
    return folder / "run", folder / "run" / "export", str(dataset)


def crops_of(dataset: str, subject: str) -> np.ndarray:
    return np.concatenate([np.asarray(view.images) for view in open_dataset(Path(dataset)).select((subject,))])


def test_both_files_give_the_run_s_poses_for_any_number_of_crops(exported):
    run_dir, out, dataset = exported
    predictor, crops = load_run(run_dir), crops_of(dataset, "S11")
    session = onnxruntime.InferenceSession(out / "network.onnx")
    network = stablehlo.read_stablehlo(out / "network.stablehlo.zip")
    for number in (1, 3, len(crops)):
        wanted = predictor.observe(crops[:number])[0]
        assert np.abs(wanted).max() > 100
        np.testing.assert_allclose(session.run(["poses_mm"], {"crops": crops[:number]})[0], wanted, atol=0.01)
        np.testing.assert_allclose(network(crops[:number]), wanted, atol=0.01)


def test_the_files_carry_what_is_needed_to_use_them(exported):
    run_dir, out, dataset = exported
    network = stablehlo.read_stablehlo(out / "network.stablehlo.zip")
    metadata = onnx_file.OnnxNetwork(out / "network.onnx").metadata
    card = (out / "model_card.md").read_text()
    assert metadata["model_card"] == network.card == card
    assert json.loads(metadata["constants"]) == network.constants
    assert network.constants["weights"] == load_run(run_dir).checkpoint_digest
    assert network.constants["preprocessing"] == open_dataset(Path(dataset)).manifest["parameters"]
    assert "the camera's frame" in network.constants["output"]["frame"]
    mpjpe = json.loads((run_dir / "results.json").read_text())["metrics"]["mpjpe"]["network"]
    assert f"| MPJPE (mm) | {mpjpe:.1f} |" in card and "protocol s11" in card
    for name in NAMES:
        assert (
            b"/home" not in (content := (out / name).read_bytes())
            and str(Path(__file__).parent).encode() not in content
        )


def test_the_snippets_of_the_card_run(exported, tmp_path, monkeypatch):
    _, out, dataset = exported
    crops = crops_of(dataset, "S8")
    snippets = re.findall(r"```python\n(.*?)```", (out / "model_card.md").read_text(), re.DOTALL)
    assert len(snippets) == 2
    monkeypatch.chdir(out)
    poses = []
    for snippet in snippets:
        file = tmp_path / "snippet.py"
        file.write_text(
            f"import numpy as np\ncrops = np.load('crops.npy')\n{snippet}\nnp.save('poses.npy', poses_mm)\n"
        )
        np.save(out / "crops.npy", crops)
        subprocess.run([sys.executable, file], check=True, timeout=120)
        poses.append(np.load(out / "poses.npy"))
    np.testing.assert_allclose(*poses, atol=0.01)


def test_the_same_run_gives_the_same_bytes(exported, tmp_path):
    run_dir, out, _ = exported
    assert main(["export", str(run_dir), "--out", str(tmp_path), "--no-onnx"]) == 0
    assert not (tmp_path / "network.onnx").exists()
    assert (tmp_path / NAMES[0]).read_bytes() == (out / NAMES[0]).read_bytes()


def test_another_network_is_refused(exported, monkeypatch, capsys, tmp_path):
    run_dir, _, dataset = exported
    predictor, crops = load_run(run_dir), crops_of(dataset, "S11")
    same = check.compare(predictor, check.run_itself(predictor), crops)
    assert same.agrees and same.milliseconds > 0 and same.crops == len(crops)
    assert not check.compare(predictor, lambda some: predictor.observe(some)[0] + 0.5, crops).agrees
    only_alone = check.compare(
        predictor, lambda some: predictor.observe(some)[0] * (1.01 if len(some) == 1 else 1.0), crops
    )
    assert not only_alone.agrees
    monkeypatch.setattr(check, "TOLERANCE", -1.0)
    assert main(["export", str(run_dir), "--no-onnx", "--out", str(tmp_path)]) == 2
    assert "poses that differ by" in capsys.readouterr().err


def test_what_cannot_be_used_is_told_in_a_line(exported, tmp_path, monkeypatch, capsys):
    run_dir, out, _ = exported
    content = (out / NAMES[0]).read_bytes()
    for name, data in {"cut.zip": content[: len(content) // 2], "text.zip": b"text", "empty.zip": b""}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match="no exported network"):
            stablehlo.read_stablehlo(tmp_path / name)
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    (tmp_path / "flipped.zip").write_bytes(flipped)
    with pytest.raises(InputError, match="CRC"):
        stablehlo.read_stablehlo(tmp_path / "flipped.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(InputError, match="no exported network"):
        stablehlo.read_stablehlo(tmp_path / "other.zip")
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    assert main(["export", str(run_dir)]) == 2
    assert "found no package jax2onnx; expected it, for ONNX. Run pip install" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "nothing")]) == 2
    assert "found no such folder; expected a run's folder" in capsys.readouterr().err


class Network(Predictor):
    """A network that was never trained: no more of a run than exporting needs."""

    def __init__(self, function, compute, features):
        for name, value in (("function", function), ("_compute", compute), ("features", features)):
            object.__setattr__(self, name, value)


@pytest.mark.slow  # each takes a quarter of a minute
@pytest.mark.parametrize("name", ["strided", "jha_2015", "li_chan_2014", "resnet_18"])
def test_every_network_can_be_exported(name, tmp_path):
    experiment = "demo" if name == "strided" else name
    options = {key: value for key, value in configuration.load_experiment(experiment).model.items() if key != "name"}
    assemble, params, constants = draw_model(name, POSE_OUTPUTS, 0, **options)
    poses = np.random.default_rng(0).normal(0, 300, (9, 17, 3)).astype(np.float32)
    arrays = {"params": params, "constants": constants, "statistics": pose_statistics(poses)}
    target = "parent_tanh" if name == "li_chan_2014" else "mean_pose"
    function, compute = functions_of(assemble, arrays, {"target": target, "mirror_average": True})
    predictor = Network(function, compute, len(params["head"]["kernel"]))
    stablehlo.write_stablehlo(tmp_path / "network.zip", predictor, {}, "")
    onnx_file.write_onnx(tmp_path / "network.onnx", predictor, {}, "")
    crops = np.random.default_rng(1).integers(0, 256, (5, 128, 128), np.uint8)
    for network in (
        stablehlo.read_stablehlo(tmp_path / "network.zip"),
        onnx_file.OnnxNetwork(tmp_path / "network.onnx"),
    ):
        assert check.compare(predictor, network, crops).agrees
