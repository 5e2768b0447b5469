"""What the studies have in common: how much a row may compute, and the empty fields."""

from ml_collections import ConfigDict

PRETRAIN_EPOCHS = 2
FINETUNE_EPOCHS = 3
EPOCHS = PRETRAIN_EPOCHS + FINETUNE_EPOCHS
"""A third of what `default` takes: some minutes a row on two CPU cores, so that a table fits into an afternoon."""

SHORT = (f"pretrain.epochs={PRETRAIN_EPOCHS}", f"finetune.epochs={FINETUNE_EPOCHS}")
SHORT_FROM_SCRATCH = (f"finetune.epochs={EPOCHS}",)


def new_study(order: int, title: str) -> ConfigDict:
    """A study without rows: three seeds of `default` at the short budget."""
    study = ConfigDict()
    study.order = order
    study.title = title
    study.question = ""
    study.finding = ""
    study.seeds = (0, 1, 2)
    study.experiment = "default"
    study.overrides = SHORT
    study.rows = ConfigDict()
    study.borrowed = ()
    study.chart = ()
    study.race = ()
    return study


def new_row(words: str, *overrides: str, **fields: object) -> ConfigDict:
    """A row; see `h36m_pose.studies.study.Row` for its fields."""
    return ConfigDict({"words": words, "overrides": overrides, **fields})
