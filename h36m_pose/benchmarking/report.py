"""What the benchmark tells on the screen."""

from typing import Any

_ROWS = {
    "train": "network, loss, optimiser on a ready batch",
    "train_compiled": "the same, PyTorch compiled",
    "train, ours with augmentation": "ours with fetching and augmentation, PyTorch without",
    "predict": "outputs of a ready batch",
    "predict_compiled": "the same, PyTorch compiled",
}


def network_report(result: dict[str, Any]) -> str:
    """A network's numbers, as `network_rates.measure_network` gives them, in a few aligned lines."""
    torch = result["torch"]
    lines = [
        f"{result['network']['name']}, {result['stage']}, batch {result['batch_size']}, trained in "
        f"{result['precision']}, {result['data']}; "
        f"ours on {result['devices']}" + (f", PyTorch {torch['torch']} on {torch['platform']}" if torch else "")
    ]
    lines += [f"  {_label(name):<34} {_spread(rate, 0)} images/s" for name, rate in result["images_per_s"].items()]
    if torch and not result["ratios"]:
        lines.append("  PyTorch ran on another kind of device: not compared")
    lines += [
        f"  {'ours / PyTorch, ' + name:<45} {_spread(ratio, 2)}  ({_ROWS[name]})"
        for name, ratio in result["ratios"].items()
    ]
    flops = result["flops_per_image"]
    lines.append(
        f"  {1e-6 * flops['forward']:.0f} MFLOP per picture forward ({1e-6 * flops['forward_by_xla']:.0f} by XLA's "
        f"count), {1e-6 * flops['training']:.0f} in training"
    )
    lines += [f"  {_label(name):<34} {_spread(rate, 0)} GFLOP/s" for name, rate in result["matmul_gflops"].items()]
    for name, rate in result["gflops"].items():
        share = 100 * rate["of_matmul"]["median"]
        lines.append(f"  {_label(name):<34} {_spread(rate, 0)} GFLOP/s, {share:.0f} % of the matrix product's")
    first = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result["first_step_s"].items())
    lines.append(f"  first training step, compilation included: {first}")
    for side, memory in result["memory"].items():
        device = f", {1e-6 * memory['device_bytes']:.0f} MB on the device" if "device_bytes" in memory else ""
        lines.append(f"  peak memory, {side}: {1e-6 * memory['host_bytes']:.0f} MB{device}")
    return "\n".join(lines)


def scaling_report(scaling: dict[str, Any]) -> str:
    """What `scaling.measure_device_scaling` gives, a line for each number of devices."""
    return "\n".join(
        f"  {count + ' devices, whole training step':<34} {_spread(row['images_per_s'], 0)} images/s, "
        f"{_spread(row['speedup'], 2).strip()} times, efficiency {row['efficiency']['median']:.2f}"
        for count, row in scaling.items()
    )


def _label(name: str) -> str:
    return name.replace("torch", "PyTorch").replace("_", " ")


def _spread(values: dict[str, float], digits: int) -> str:
    median, low, high = (f"{values[key]:.{digits}f}" for key in ("median", "min", "max"))
    return f"{median:>8} ({low} to {high})"
