"""Rows of studies that take seconds, and results as the runner keeps them."""

import train_runs

from h36m_pose.studies import study

TINY = tuple(f"finetune.{word}" if word.startswith(("batch", "epochs", "optim")) else word for word in train_runs.TINY)
SCRATCH = study.Row(
    "scratch", "from scratch", "demo", (*TINY, "finetune.epochs=2", "checkpoint.first_seconds=60"), pretrain=False
)
AGAIN = study.Row("again", "without mirror images", "demo", tests="scratch", options=("--mirror-average", "no"))
SMALL = study.Study(
    "small", 1, "A small study", "Why?", "", (0, 1), {"scratch": SCRATCH, "again": AGAIN}, (), ("scratch",), ()
)


def a_result(row: str, seed: int, mpjpe: float, curve: list[list[float]], pretrain: int = 0) -> dict:
    """A row's file as `runner` writes it, with other numbers."""
    stages = {"finetune": {"images": curve[-1][0], "best": min(value for _, value in curve), "curve": curve}}
    if pretrain:
        stages = {"pretrain": {"images": pretrain}, **stages}
    return {
        "schema": 1, "study": "race", "row": row, "words": row, "seed": seed, "date": "2026-01-02",
        "seconds": 120.0, "processor_seconds": 90.0,
        "machine": {"processor": "P", "cores": 2, "rows_side_by_side": 1}, "environment": {"commit": "abc"},
        "dataset": {"fingerprint": "d" * 20, "frames": 9}, "stages": stages, "settings": {},
        "test": {
            "protocol": "p; synthetic capture, not Human3.6M itself", "frames": 7,
            "metrics": {"mpjpe": mpjpe, "pa_mpjpe": 5.0, "n_mpjpe": 6.0, "mpjve": 7.0},
        },
    }  # fmt: skip
