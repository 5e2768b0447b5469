"""The original's claim again, where pictures are few: does the grid task help then? Under both protocols.

h36m-pose experiments few_pictures --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import FEW_EPOCHS, FEW_FROM_SCRATCH, new_row, new_study_of_few


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study_of_few(2, "Does it help when pictures are few?")
    study.question = f"""
        The same people, but one frame of five, and the recipe of `demo`, which is for so few: {FEW_EPOCHS} epochs in
        all, of both stages together. Protocol s9_s11 trains without S9 and tests on S9 and S11. The studies below that
        have many rows start from *pretrained* here.
    """
    study.rows["scratch"] = new_row("from scratch, one frame of five", *FEW_FROM_SCRATCH, pretrain=False)
    study.rows["pretrained"] = new_row("pretrained, one frame of five")
    study.rows["scratch_s9_s11"] = new_row(
        "from scratch, one frame of five, protocol s9_s11", *FEW_FROM_SCRATCH, "data.protocol=s9_s11", pretrain=False
    )
    study.rows["pretrained_s9_s11"] = new_row("pretrained, one frame of five, protocol s9_s11", "data.protocol=s9_s11")
    study.chart = ("scratch", "pretrained")
    study.race = ("scratch", "pretrained")
    return study
