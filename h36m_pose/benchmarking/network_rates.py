"""A network's rates, ours beside PyTorch's, and what they amount to."""

import contextlib
import dataclasses
import importlib.util
from typing import Any

from h36m_pose.benchmarking.flops import forward_flops, training_flops
from h36m_pose.benchmarking.job import Job
from h36m_pose.benchmarking.rounds import Worker, first_steps, measure_in_turn, ratios, spread

NO_TORCH = "PyTorch is not installed, its rows are left out; for them: .venv/bin/pip install 'torch>=2.6,<3'"


def torch_is_there() -> bool:
    """Whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def measure_network(job: Job, rounds: int, times: int, compile_times: bool = True) -> dict[str, Any]:
    """Times our steps and, if it is installed, PyTorch's; plain JSON values.

    Args:
        job: of our side.
        rounds: how often everything is timed.
        times: steps per round.
        compile_times: whether to time first steps of fresh processes, too.
    """
    with contextlib.ExitStack() as stack:
        workers = {"ours": stack.enter_context(Worker(job))}
        if torch_is_there():
            workers["torch"] = stack.enter_context(Worker(dataclasses.replace(job, side="torch")))
        seconds = measure_in_turn(workers, rounds, times)
        about = {side: worker.about for side, worker in workers.items()}
        memory = {side: worker.memory() for side, worker in workers.items()}
    result = {
        **about["ours"],
        "stage": job.stage,
        "data": "a dataset" if job.dataset else "random crops",
        "torch": about.get("torch"),
        "seconds": seconds,
        "memory": memory,
        "first_step_s": {"torch": about["torch"]["first_step_s"]} if "torch" in about else {},
    }
    result["first_step_s"] |= dict(first_steps(job)) if compile_times else {"ours": about["ours"]["first_step_s"]}
    return result | summarise(result)


def summarise(result: dict[str, Any]) -> dict[str, Any]:
    """What follows from the seconds: images per second, ratios to PyTorch, GFLOP/s and shares of the best matmul.

    Ratios are paired by round and above 1 where ours is faster; there are none where PyTorch ran on another kind of
    device.
    """
    seconds, batch = result["seconds"], result["batch_size"]
    products = {name: values for name, values in seconds.items() if name.startswith("ours matmul")}
    network = dict(result["network"])
    name = network.pop("name")
    flops = {
        "forward": sum(forward_flops(name, result["outputs"], network)),
        "forward_by_xla": result["forward_flops_by_xla"],
        "training": training_flops(name, result["outputs"], network),
    }
    matmul = {
        key.removeprefix("ours "): spread([2e-9 * result["matrix_side"] ** 3 / each for each in values])
        for key, values in products.items()
    }
    gflops = {}
    for row, kind in (("train", "training"), ("predict", "forward")):
        for side in ("ours", "torch"):
            if f"{side} {row}" in seconds:
                rates = [1e-9 * flops[kind] * batch / each for each in seconds[f"{side} {row}"]]
                mixed = row == "train" and result["precision"] == "bfloat16"
                product = matmul.get("matmul_bfloat16" if mixed else "matmul", matmul["matmul"])
                shares = [rate / product["max"] for rate in rates]
                gflops[f"{side} {row}"] = {**spread(rates), "of_matmul": spread(shares)}
    alike = result["torch"] is not None and result["torch"]["platform"] == result["platform"]
    compared = {}
    for row in seconds if alike else ():
        side, measure = row.split(" ")
        if side == "torch":
            ours = f"ours {measure.removesuffix('_compiled')}"
            compared[f"{measure}"] = spread(ratios(seconds[row], seconds[ours]))
    if alike:
        compared["train, ours with augmentation"] = spread(
            ratios(seconds["torch train"], seconds["ours train_augmented"])
        )
    return {
        "images_per_s": {
            name: spread([batch / each for each in values]) for name, values in seconds.items() if name not in products
        },
        "ratios": compared,
        "flops_per_image": flops,
        "matmul_gflops": matmul,
        "gflops": gflops,
    }
