"""What the studies have in common: how much a row may compute, and the empty fields."""

from types import SimpleNamespace
from typing import Any

PRETRAIN_EPOCHS = 2
FINETUNE_EPOCHS = 3
EPOCHS = PRETRAIN_EPOCHS + FINETUNE_EPOCHS
"""A third of what `default` takes: some minutes a row on two CPU cores, so that a table fits into an afternoon."""

SHORT = (f"pretrain.epochs={PRETRAIN_EPOCHS}", f"finetune.epochs={FINETUNE_EPOCHS}")
SHORT_FROM_SCRATCH = (f"finetune.epochs={EPOCHS}",)


def new_study(order: int, title: str) -> SimpleNamespace:
    """A study without rows: three seeds of `default` at the short budget."""
    return SimpleNamespace(
        order=order,
        title=title,
        question="",
        finding="",
        seeds=(0, 1, 2),
        experiment="default",
        overrides=SHORT,
        rows={},
        borrowed=(),
        chart=(),
        race=(),
        layout="rows",
        captures={},
    )


def new_row(words: str, *overrides: str, **fields: Any) -> dict[str, Any]:
    """A row; see `h36m_pose.studies.study.Row` for its fields."""
    return {"words": words, "overrides": overrides, **fields}
