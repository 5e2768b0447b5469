"""Exported networks say what the run says, to others' runtimes and to predict, and carry what is needed to use them."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from film_fixture import film
from PIL import Image
from train_runs import train, write_dataset

import h36m_pose
from h36m_pose import configuration, trust
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.errors import InputError
from h36m_pose.exporting import check, facts, folder, onnx_file, stablehlo
from h36m_pose.models.pose_output import POSE_OUTPUTS, pose_statistics
from h36m_pose.models.registry import draw_model
from h36m_pose.predict.exported import open_network
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
    onnx = onnx_file.OnnxNetwork(out / "network.onnx")
    metadata = onnx.metadata
    card = (out / "model_card.md").read_text()
    assert metadata["model_card"] == network.card
    assert card.startswith(network.card)
    assert onnx.constants == network.constants
    listed = subprocess.run(["sha256sum", "--check", "model_card.md"], cwd=out, capture_output=True, text=True)
    assert sorted(listed.stdout.splitlines()) == [f"{name}: OK" for name in ("domain.npz", *sorted(NAMES[:2]))]
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


def test_the_files_tell_where_they_come_from(exported, capsys):
    run_dir, out, dataset = exported
    weights, fingerprint = load_run(run_dir).checkpoint_digest, open_dataset(Path(dataset)).fingerprint
    for path in (*(out / name for name in NAMES), out):
        capsys.readouterr()
        assert main(["whence", str(path), "--json", "--verify"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["again"] == [f"h36m-pose export {run_dir}"]
        assert [told["record"][name] for name in ("run", "weights", "dataset")] == ["run", weights, fingerprint]
        assert [check["verdict"] for check in told["checks"]] == ["same"] * 4
    assert main(["whence", str(run_dir), "--json"]) == 0
    trained, _ = json.loads(capsys.readouterr().out)["again"]
    assert trained.startswith("h36m-pose train finetune --experiment demo") and trained.endswith("epochs=1")


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
    assert (tmp_path / "domain.npz").read_bytes() == (out / "domain.npz").read_bytes()
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


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a picture of the film and a folder of masks."""
    folder = tmp_path_factory.mktemp("footage")
    (folder / "masks").mkdir()
    for number, mask in enumerate(film().masks[:3]):
        Image.fromarray(mask * 255).save(folder / "masks" / f"{number}.png")
    Image.fromarray(film().images[0]).save(folder / "picture.png")
    return folder


@pytest.mark.parametrize("runtime", ["stablehlo", "onnx"])
def test_an_export_gives_the_run_s_poses(runtime: str, exported, footage: Path) -> None:
    run_dir, out, _ = exported
    options = {"fps": 8, "masks": footage / "masks"}
    wanted = h36m_pose.load(run_dir)(film().images[:3], **options)
    found = h36m_pose.load(out, runtime)(film().images[:3], **options)
    assert wanted.valid.all()
    assert np.abs(wanted.joints_root_mm - wanted.mirrored_root_mm).max() > 1
    for name in ("joints_root_mm", "mirrored_root_mm", "joints_px"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), atol=0.01, err_msg=name)
    for name in ("box_px", "silhouette_px", "valid", "time_s"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name)), name
    assert np.isfinite(wanted.domain_score).all()
    np.testing.assert_allclose(found.domain_score, wanted.domain_score, rtol=1e-3)
    assert found.about["domain"]["verdict"] == wanted.about["domain"]["verdict"] != "unknown"
    assert {"checkpoint_digest", "crop_margin", "mirror_average", "frame_of_the_network"} <= set(wanted.about)
    apart = {name for name, value in wanted.about.items() if found.about[name] != value}
    assert apart == {"run", "crops", "domain"}
    assert "at most 0.00" in found.about["network"]


def test_a_network_that_averages_nothing_predicts_the_mirrored_crops_too(exported, tmp_path: Path) -> None:
    predictor = load_run(exported[0], mirror_average=False)
    constants = facts.constants_of(predictor, exported[0])
    stablehlo.write_stablehlo(tmp_path / folder.STABLEHLO, predictor, constants, "")
    folder.write_card(tmp_path, "", {})
    network = open_network(tmp_path)
    crops = np.random.default_rng(0).integers(0, 256, (67, 128, 128), np.uint8)
    poses, twins, features = network.predict(crops)
    wanted, seen = predictor.observe(crops)
    np.testing.assert_allclose(poses, wanted, atol=0.01)
    np.testing.assert_allclose(features, seen, atol=1e-3 * np.abs(seen).max())
    mirrored = trust.mirror_back(predictor.observe(crops[:, :, ::-1])[0])
    np.testing.assert_allclose(twins, mirrored, atol=0.01)
    assert network.domain is None
    assert "cannot be told from this exported network" in network.domain_words


def spoil(out: Path, how: str) -> None:
    """Makes an export what it should not be."""
    card, network, onnx_network = (out / name for name in (folder.CARD, folder.STABLEHLO, folder.ONNX))
    if how == "a flipped bit":
        content = bytearray(network.read_bytes())
        content[len(content) // 2] ^= 1
        network.write_bytes(content)
    elif how in ("no StableHLO", "no card", "no domain"):
        {"no StableHLO": network, "no card": card, "no domain": out / folder.DOMAIN}[how].unlink()
    elif how == "a card of something else":
        card.write_text("# My holidays\n")
    elif how == "other notes on the training":
        (out / folder.DOMAIN).write_bytes(b"PK")
    elif how == "a foreign network":
        with zipfile.ZipFile(network, "w") as archive:
            archive.writestr("readme", "hello")
        folder.write_card(out, "", {})
    elif how == "a foreign program":
        constants = stablehlo.read_stablehlo(network).constants
        parts = {"program.stablehlo": "hello", "constants.json": json.dumps(constants), folder.CARD: ""}
        with zipfile.ZipFile(network, "w") as archive:
            for name, text in parts.items():
                archive.writestr(name, text)
        folder.write_card(out, "", {})
    elif how == "a foreign ONNX file":
        value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
        output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
        graph = onnx.helper.make_graph([onnx.helper.make_node("Abs", ["x"], ["y"])], "g", [value], [output])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
        onnx_network.write_bytes(model.SerializeToString())
        folder.write_card(out, "", {})
    else:
        onnx_network.write_bytes(b"no protobuf, but of this very digest")
        folder.write_card(out, "", {})


@pytest.mark.parametrize(
    ("how", "runtime", "found"),
    [
        ("a flipped bit", "stablehlo", "network.stablehlo.zip: found a file of SHA-256 "),
        ("no StableHLO", "stablehlo", "Add --runtime onnx"),
        ("no card", "stablehlo", "model_card.md: found no text"),
        ("a card of something else", "onnx", "model_card.md: found no SHA-256 of network.onnx"),
        ("no domain", "onnx", "domain.npz: found no such file"),
        ("other notes on the training", "onnx", "domain.npz: found a file of SHA-256 "),
        ("a foreign network", "stablehlo", "found no exported network"),
        ("a foreign program", "stablehlo", "found no exported network"),
        ("a foreign ONNX file", "onnx", "network.onnx: found nothing of its weights"),
        ("no ONNX file", "onnx", "network.onnx: found no ONNX file"),
    ],
)
def test_what_was_not_exported_is_one_line(
    how: str, runtime: str, found: str, exported, footage: Path, tmp_path: Path, capsys
) -> None:
    out = Path(shutil.copytree(exported[1], tmp_path / "export"))
    spoil(out, how)
    words = [str(footage / "picture.png"), "--run", str(out), "--runtime", runtime, "--out", str(tmp_path / "poses")]
    assert main(["predict", *words]) == 2
    error = capsys.readouterr().err
    assert found in error
    assert error.count("\n") == 1
    assert not (tmp_path / "poses").exists()


def test_a_run_is_no_export(exported, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found a run; expected an exported network"):
        h36m_pose.load(exported[0], "onnx")
    with pytest.raises(InputError, match="one of stablehlo, onnx"):
        h36m_pose.load(exported[1], "tensorrt")
    with pytest.raises(InputError, match="no such stage"):
        h36m_pose.load(tmp_path)


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
    constants = {"weights": "", "step": 0, "model": name, "frame": "camera", "dataset_fingerprint": ""}
    constants |= {"features": predictor.features, "mirror_average": True, "preprocessing": {}}
    stablehlo.write_stablehlo(tmp_path / "network.zip", predictor, constants, "")
    onnx_file.write_onnx(tmp_path / "network.onnx", predictor, constants, "")
    crops = np.random.default_rng(1).integers(0, 256, (5, 128, 128), np.uint8)
    for network in (
        stablehlo.read_stablehlo(tmp_path / "network.zip"),
        onnx_file.OnnxNetwork(tmp_path / "network.onnx"),
    ):
        assert check.compare(predictor, network, crops).agrees
