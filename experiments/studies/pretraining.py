"""The original's claim: does the grid task make the regression better, or faster, at the same total compute?

h36m-pose experiments pretraining --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import EPOCHS, SHORT_FROM_SCRATCH, new_row, new_study


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(1, "Does pretraining on the grid task help?")
    study.question = f"""
        The original reports that pretraining "dramatically speeds up" the regression and makes it better. All rows see
        the same number of pictures: {EPOCHS} epochs in all, of both stages together.
    """
    study.finding = """
With two seeds of three, against the claim: pretraining makes the network no better on the test subject, at this size
of capture and budget; all rows lie within a millimetre. The validation subject does not tell them apart: its error
moves by eight millimetres from seed to seed. With one seed the pretrained network reached scratch's last validation
error in about half of the regression's pictures, hardly fewer counting both stages; with the other it never did.
"""
    study.rows["scratch"] = new_row("from scratch", *SHORT_FROM_SCRATCH, pretrain=False)
    study.rows["pretrained"] = new_row("pretrained, convolutions carried over")
    study.rows["pretrained_hidden"] = new_row(
        "pretrained, fully connected layer carried over too",
        "finetune.carry_over=all_but_last",
        starts_from="pretrained",
    )
    study.rows["joint"] = new_row("both heads at once", *SHORT_FROM_SCRATCH, "finetune.grid_weight=0.1", pretrain=False)
    study.rows["scratch_s9_s11"] = new_row(
        "from scratch, protocol s9_s11", *SHORT_FROM_SCRATCH, "data.protocol=s9_s11", pretrain=False
    )
    study.rows["pretrained_s9_s11"] = new_row("pretrained, protocol s9_s11", "data.protocol=s9_s11")
    study.chart = ("scratch", "pretrained", "pretrained_hidden", "joint")
    study.race = ("scratch", "pretrained")
    return study
