"""What the studies have in common: how much a row may compute, and the empty fields."""

from types import SimpleNamespace
from typing import Any

PRETRAIN_EPOCHS = 2
FINETUNE_EPOCHS = 3
EPOCHS = PRETRAIN_EPOCHS + FINETUNE_EPOCHS
"""A third of what `default` takes: some minutes a row on two CPU cores, so that a table fits into an afternoon."""

SHORT = (f"pretrain.epochs={PRETRAIN_EPOCHS}", f"finetune.epochs={FINETUNE_EPOCHS}")
SHORT_FROM_SCRATCH = (f"finetune.epochs={EPOCHS}",)

FEW_PRETRAIN_EPOCHS = 4
FEW_FINETUNE_EPOCHS = 6
FEW_EPOCHS = FEW_PRETRAIN_EPOCHS + FEW_FINETUNE_EPOCHS
FEW = ("data.frame_step=5", f"pretrain.epochs={FEW_PRETRAIN_EPOCHS}", f"finetune.epochs={FEW_FINETUNE_EPOCHS}")
FEW_FROM_SCRATCH = (f"finetune.epochs={FEW_EPOCHS}",)
"""One frame of five, with the schedule of `demo`, which is for so many: two fifths of the short budget's time, so that
studies with many rows can have several seeds."""


_PLACE = {"shift_px": 5.0, "scale": 0.1, "turn_degrees": 8.0}
_LIGHT = {"gain": 0.3, "offset": 0.1, "gamma": 0.3, "noise": 0.02}


def augmentation(place: float, light: float, mirror: float = 0.5) -> tuple[str, ...]:
    """Settings of augmentation.

    Args:
        place: how strong shifts, scale and turns are; 1 is strong, and the recipe has 0.5.
        light: how strong the changes of grey values are; 1 is strong, and the recipe has 0.5.
        mirror: probability of a mirror image.
    """
    chosen = {name: place * value for name, value in _PLACE.items()} | {"mirror": mirror}
    chosen |= {name: light * value for name, value in _LIGHT.items()}
    return tuple(f"augmentation.{name}={value:g}" for name, value in chosen.items())


STRONG = augmentation(1, 1)
"""What `default` had before the sweep; the study at the short budget was run with it."""


def new_study(order: int, title: str) -> SimpleNamespace:
    """A study without rows: three seeds of `default`."""
    return SimpleNamespace(
        order=order,
        title=title,
        question="",
        finding="",
        seeds=(0, 1, 2),
        experiment="default",
        overrides=(),
        rows={},
        borrowed=(),
        chart=(),
        race=(),
        layout="rows",
        captures={},
    )


def new_study_of_few(order: int, title: str) -> SimpleNamespace:
    """A study without rows: three seeds of `demo`'s recipe on one frame of five."""
    study = new_study(order, title)
    study.experiment, study.overrides = "demo", FEW
    return study


def new_row(words: str, *overrides: str, **fields: Any) -> dict[str, Any]:
    """A row; see `h36m_pose.studies.study.Row` for its fields."""
    return {"words": words, "overrides": overrides, **fields}
