"""Writes a trained run as files that others can run: StableHLO (JAX on CPUs and CUDA GPUs) and ONNX, with a model card.

Both are compared with the run on crops of its test subjects, and timed beside it on one picture at a time.
`h36m-pose predict VIDEO --run RUN/export` takes the folder instead of the run.

  h36m-pose export runs/demo
  h36m-pose export runs/demo --out /tmp/network --no-onnx
"""

import argparse
from pathlib import Path

from h36m_pose.cli import evaluate
from h36m_pose.errors import InputError
from h36m_pose.exporting.folder import CARD, DOMAIN, ONNX, STABLEHLO, write_card
from h36m_pose.given_folders import require_dataset, require_place, require_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose export`."""
    parser.add_argument("run_dir", metavar="RUN", type=Path, help="run folder, finetuned before")
    parser.add_argument("--out", type=Path, help="folder of the files (default: RUN/export)")
    parser.add_argument("--dataset", type=Path, help="whose crops to compare on (default: the run's own dataset)")
    parser.add_argument("--no-onnx", action="store_true", help="StableHLO alone, which needs no other package")


def run(arguments: argparse.Namespace) -> None:
    """Exports, compares and prints."""
    require_run(arguments.run_dir)
    require_dataset(arguments.dataset)
    run_dir: Path = arguments.run_dir
    out: Path = arguments.out or run_dir / "export"
    require_place(out)
    _, load = evaluate.trained_network(run_dir, None)
    from h36m_pose.domain import write_domain
    from h36m_pose.exporting import check, facts, onnx_file, stablehlo
    from h36m_pose.exporting.model_card import model_card
    from h36m_pose.predict.network import domain_of
    from h36m_pose.training import run_folder

    if not arguments.no_onnx:
        onnx_file.require_onnx()
    dataset = arguments.dataset or evaluate.dataset_of(run_dir / evaluate.STAGE)
    predictor = load()
    crops = check.test_crops(predictor, dataset)
    constants = facts.constants_of(predictor, run_dir)
    environment = run_folder.read_json(run_dir / evaluate.STAGE / run_folder.ENVIRONMENT)
    card = model_card(predictor, constants, facts.results_of(run_dir, predictor), environment)
    out.mkdir(parents=True, exist_ok=True)
    for name in (CARD, ONNX, DOMAIN):  # of an export before, which is no more once the first file is replaced
        (out / name).unlink(missing_ok=True)
    domain, domain_words = domain_of(run_dir, predictor)
    if domain:
        write_domain(out / DOMAIN, domain)
    stablehlo.write_stablehlo(out / STABLEHLO, predictor, constants, card)
    networks: dict[str, check.Network] = {STABLEHLO: stablehlo.read_stablehlo(out / STABLEHLO)}
    if not arguments.no_onnx:
        onnx_file.write_onnx(out / ONNX, predictor, constants, card)
        networks[ONNX] = onnx_file.OnnxNetwork(out / ONNX)
    compared = {}
    own_ms = check.latency_ms(check.run_itself(predictor), crops)
    print(f"{'the run itself (JAX)':<24} {own_ms:6.1f} ms a picture")
    for name, network in networks.items():
        found = check.compare(predictor, network, crops)
        print(
            f"{name:<24} {found.milliseconds:6.1f} ms a picture; differs by {found.words}; "
            f"{(out / name).stat().st_size / 1e6:.1f} MB"
        )
        compared[name] = found.words
        if not found.agrees:
            expected = f"the run's poses within {check.TOLERANCE:.0e} of their size"
            mend = "Do not use it; report it with the run's config.json"
            raise InputError(out / name, f"poses that differ by {found.relative:.0e}", expected, mend)
    write_card(out, card, compared)
    print(f"{'training crops':<24} {domain_words}")
    print(f"{out}: written, with {CARD}")
