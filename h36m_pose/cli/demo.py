"""Runs the whole pipeline on a synthetic capture: capture, preprocess, pretrain, finetune, evaluate, render, report.

Each step is a command of its own, printed before it runs, and can be typed by hand. Run again, the demo does only what
is missing.

  h36m-pose demo
  h36m-pose demo --folder /tmp/trial
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose demo`."""
    parser.add_argument("--folder", type=Path, default=Path(), help="where data/ and runs/ go (default: here)")
    parser.add_argument("--preset", default="demo", help="size of the synthetic capture, demo or full (default: demo)")
    parser.add_argument("--experiment", default="demo", help="what to train, a name in experiments/ (default: demo)")
    parser.add_argument("--workers", type=int, default=2, help="processes for capture and preprocessing (default: 2)")


def run(arguments: argparse.Namespace) -> int:
    """Runs the seven steps one after the other; stops at the first that fails and returns its exit status."""
    raw = arguments.folder / "data" / arguments.preset / "raw"
    dataset = arguments.folder / "data" / arguments.preset / "dataset"
    run_folder = arguments.folder / "runs" / arguments.preset
    workers = ["--workers", str(arguments.workers)]
    trained = ["--experiment", arguments.experiment, "--dataset", str(dataset), "--run", str(run_folder)]
    steps = (
        ["capture", str(raw), "--preset", arguments.preset, *workers],
        ["preprocess", str(raw), str(dataset), *workers],
        ["train", "pretrain", *trained],
        ["train", "finetune", *trained],
        ["evaluate", str(run_folder), "--dataset", str(dataset)],
        ["render", str(run_folder), "--dataset", str(dataset), "--root", str(raw)],
        ["report", str(run_folder), "--dataset", str(dataset), "--root", str(raw)],
    )
    products = {
        "video": run_folder / "walking.mp4",
        "four samples": run_folder / "four_samples.png",
        "learning curves": run_folder / "learning_curves.png",
        "results": run_folder / "results.json",
        "report": run_folder / "report.html",
    }
    watched = [raw / "capture.json", dataset / "manifest.json", *products.values()]
    before = _times(watched)
    started = time.monotonic()
    seconds: list[float] = []
    for number, step in enumerate(steps, start=1):
        print(f"\n[{number}/{len(steps)}] h36m-pose {' '.join(step)}", flush=True)
        step_started = time.monotonic()
        status = subprocess.run([sys.executable, "-m", "h36m_pose.cli.main", *step], check=False).returncode
        if status:
            return status
        seconds.append(time.monotonic() - step_started)
    _print_summary(run_folder, products, [step[:2] for step in steps], seconds)
    if before == _times(watched):
        print(f"\nEverything was complete already: nothing changed, checked in {time.monotonic() - started:.0f} s.")
    return 0


def _times(paths: list[Path]) -> dict[Path, int | None]:
    """When each file was last written, in ns; None where there is no file."""
    return {path: path.stat().st_mtime_ns if path.exists() else None for path in paths}


def _print_summary(run_folder: Path, products: dict[str, Path], steps: list[list[str]], seconds: list[float]) -> None:
    from h36m_pose.evaluation import format_results, read_results  # loads JAX, hence not at the top

    print(f"\n{format_results(read_results(run_folder / 'results.json'))}\n")
    names = [" ".join(step) if step[0] == "train" else step[0] for step in steps]
    print("time: " + ", ".join(f"{name} {spent:.0f} s" for name, spent in zip(names, seconds, strict=True)))
    print(f"run directory:    {run_folder}")
    for name, path in products.items():
        print(f"{name + ':':<17} {path}")
