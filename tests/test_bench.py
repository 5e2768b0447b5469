"""The verb `h36m-pose bench`: FLOPs against the libraries' own counts, rounds, ratios, and that it runs and refuses."""

import json

import jax
import numpy as np
import pytest
from stick_dataset import write_stick_dataset

from h36m_pose import configuration
from h36m_pose.benchmarking import flops, input_rate, network_rates, rounds
from h36m_pose.benchmarking.job import Job
from h36m_pose.benchmarking.report import network_report
from h36m_pose.cli.main import main
from h36m_pose.errors import InputError
from h36m_pose.models.registry import draw_model

OPTIONS = {
    "jha_2015": {"kernels": (5, 10, 15)},
    "li_chan_2014": {"channels": 3},
    "resnet_18": {},
    "strided": {"stem_px": 8, "widths": (6, 10), "blocks": (1, 2), "hidden": 14},
}
TINY = ["--set", "model.widths=4,4,4", "--set", "model.hidden=8"]


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_flops_are_those_that_pytorch_counts(name):
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    from h36m_pose.benchmarking.torch_networks import build_twin

    assemble, params, constants = draw_model(name, 51, seed=0, **OPTIONS[name])
    side = assemble(params, constants).input_px
    twin = build_twin(name, 51, params, constants, **OPTIONS[name])
    forward, training = (FlopCounterMode(display=False) for _ in range(2))
    with forward:
        twin(torch.zeros(2, side, side, 1))
    with training:
        twin(torch.zeros(2, side, side, 1)).sum().backward()
    assert forward.get_total_flops() == 2 * sum(flops.forward_flops(name, 51, OPTIONS[name]))
    assert training.get_total_flops() == 2 * flops.training_flops(name, 51, OPTIONS[name])


@pytest.mark.parametrize("name", ["jha_2015", "li_chan_2014"])
def test_flops_are_those_that_xla_counts_where_nothing_is_padded(name):
    assemble, params, constants = draw_model(name, 51, seed=0, **OPTIONS[name])
    side = assemble(params, constants).input_px
    pictures = jax.ShapeDtypeStruct((1, side, side, 1), np.float32)
    forward = jax.jit(lambda images: assemble(params, constants)(images))
    counted = forward.lower(pictures).cost_analysis()["flops"]
    assert counted == pytest.approx(sum(flops.forward_flops(name, 51, OPTIONS[name])), rel=0.06)  # biases, pooling


class _Scripted:
    """Stands for a worker; remembers what it was asked, together with the others."""

    def __init__(self, name, measures, asked):
        self.name, self.about, self.asked = name, {"measures": measures}, asked

    def seconds(self, measure, times):
        self.asked.append((self.name, measure, times))
        return float(len(self.asked))


def test_sides_take_turns_and_the_order_turns_round():
    asked = []
    workers = {"ours": _Scripted("ours", ["train", "input"], asked), "torch": _Scripted("torch", ["train"], asked)}
    seconds = rounds.measure_in_turn(workers, rounds=2, times=7)
    order = [("ours", "train"), ("torch", "train"), ("ours", "input")]
    assert [each[:2] for each in asked] == order + order[::-1] + order
    assert [each[2] for each in asked] == [1] * 3 + [7] * 6  # the first round warms up
    assert seconds == {"ours train": [6.0, 7.0], "torch train": [5.0, 8.0], "ours input": [4.0, 9.0]}


def measured(torch_platform):
    """What workers told of a network, made up: ours takes 2 s, then 1 s; PyTorch 3 s, then 3 s."""
    seconds = {"ours train": [2.0, 1.0], "ours predict": [1.0, 1.0], "ours train_augmented": [4.0, 4.0]}
    seconds |= {"ours input": [1.0, 1.0], "ours matmul": [1.0, 4.0]}
    if torch_platform:
        seconds |= {"torch train": [3.0, 3.0], "torch predict": [1.0, 1.0]}
    return {
        "seconds": seconds, "batch_size": 6, "matrix_side": 1000, "outputs": 51, "platform": "cpu", "stage": "finetune",
        "network": {"name": "strided", **OPTIONS["strided"]}, "forward_flops_by_xla": 1.0, "data": "random crops",
        "torch": {"torch": "2", "platform": torch_platform} if torch_platform else None, "devices": "2 cpu",
        "precision": "float32", "first_step_s": {"cold": 2.0}, "memory": {"ours": {"host_bytes": 10**9}},
    }  # fmt: skip


def test_ratios_are_paired_and_above_one_where_ours_is_faster():
    result = measured("cpu")
    summary = network_rates.summarise(result)
    assert summary["ratios"]["train"] == {"median": 2.25, "min": 1.5, "max": 3.0}
    assert summary["ratios"]["train, ours with augmentation"]["median"] == 0.75
    assert summary["images_per_s"]["ours train"] == {"median": 4.5, "min": 3.0, "max": 6.0}
    assert summary["matmul_gflops"]["matmul"] == {"median": 1.25, "min": 0.5, "max": 2.0}
    expected = 1e-9 * 6 * flops.training_flops("strided", 51, OPTIONS["strided"]) / 1.0
    assert summary["gflops"]["ours train"]["max"] == pytest.approx(expected)
    assert summary["gflops"]["ours train"]["of_matmul"]["max"] == pytest.approx(expected / 2.0)
    told = network_report(result | summary)
    assert "ours / PyTorch, train " in told and "2.25 (1.50 to 3.00)" in told


@pytest.mark.parametrize(("platform", "words"), [("gpu", "not compared"), (None, "strided")])
def test_nothing_is_compared_with_another_device_or_nothing(platform, words):
    result = measured(platform)
    summary = network_rates.summarise(result)
    assert summary["ratios"] == {}
    assert words in network_report(result | summary)


@pytest.mark.slow
def test_it_runs_without_dataset_and_without_pytorch(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(network_rates, "torch_is_there", lambda: False)
    out = tmp_path / "bench.json"
    words = ["--rounds", "2", "--steps", "1", "--no-compile-times", "--set", "finetune.batch_size=4"]
    assert main(["bench", "--out", str(out), *words, *TINY]) == 0
    told = capsys.readouterr().out
    assert told.count(network_rates.NO_TORCH) == 1 and "ours train" in told
    numbers = json.loads(out.read_text())
    result = numbers["networks"]["demo"]
    assert {"ours train", "ours predict", "ours train_augmented", "ours input"} < set(result["seconds"])
    assert all(len(values) == 2 and min(values) > 0 for values in result["seconds"].values())
    assert result["first_step_s"]["ours"] > 0 and result["batch_size"] == 4
    assert result["memory"]["ours"]["host_bytes"] > 10**8
    assert numbers["environment"]["packages"]["jax"] and result["ratios"] == {}


@pytest.mark.slow
def test_a_second_process_finds_what_the_first_compiled():
    overrides = ("model.widths=4,4,4", "model.hidden=8", "finetune.batch_size=4")
    seconds = dict(rounds.first_steps(Job("ours", "demo", overrides)))
    assert list(seconds) == ["cold", "cached"] and 0 < seconds["cached"] < seconds["cold"]


def test_streaming_is_timed_over_whole_epochs(tmp_path):
    dataset = write_stick_dataset(tmp_path)
    config = configuration.load_experiment("demo")
    config.data.frame = "camera"
    rates = input_rate.measure_streaming(dataset.folder, config, 7, 3)
    assert 0 < rates["min"] <= rates["median"] <= rates["max"]


@pytest.mark.slow
def test_devices_are_set_against_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(network_rates, "torch_is_there", lambda: False)
    out = tmp_path / "bench.json"
    assert main(["bench", "--quick", "--devices", "1,2", "--out", str(out), *TINY]) == 0
    scaling = json.loads(out.read_text())["networks"]["demo"]["devices_scaling"]
    assert scaling["1"]["speedup"] == {"median": 1, "min": 1, "max": 1}
    assert scaling["2"]["efficiency"]["median"] == pytest.approx(scaling["2"]["speedup"]["median"] / 2)
    assert "2 devices, whole training step" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["pretrain", "finetune"])
def test_it_runs_beside_pytorch(stage, tmp_path, capsys):
    pytest.importorskip("torch")
    out = tmp_path / "bench.json"
    assert main(["bench", "--quick", "--stage", stage, "--out", str(out), *TINY]) == 0
    result = json.loads(out.read_text())["networks"]["demo"]
    assert set(result["ratios"]) == {"train", "predict", "train, ours with augmentation"}
    assert "ours / PyTorch, train" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--networks", "strided,jha_2014"], "Did you mean jha_2015?"),
        (["--rounds", "0"], "--rounds: found 0"),
        (["--set", "model.widht=3"], "model.wid"),
        (["--networks", "none"], "no --root"),
        (["--devices", "1;2"], "numbers with commas between"),
    ],
)
def test_mistakes_are_told_in_a_line(words, line, tmp_path, capsys):
    assert main(["bench", "--out", str(tmp_path / "bench.json"), *words]) == 2
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1


def test_what_a_worker_meets_is_told_by_its_parent(tmp_path):
    with pytest.raises(InputError, match="nothing-here"):
        rounds.Worker(Job("ours", "demo", dataset=str(tmp_path / "nothing-here")))
