"""The original's claim: does the grid task make the regression better, or faster, at the same total compute?

h36m-pose experiments pretraining --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import EPOCHS, SHORT, SHORT_FROM_SCRATCH, STRONG, new_row, new_study


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(1, "Does pretraining on the grid task help?")
    study.overrides = (*STRONG, *SHORT)
    study.question = f"""
        The original reports that pretraining "dramatically speeds up" the regression and makes it better. All rows see
        the same number of pictures: {EPOCHS} epochs in all, of both stages together. The learning rate rises for 500
        steps of each stage, which is half of the second one's 1,068 after pretraining and less of its 1,780 from
        scratch; whether such a difference decides was asked where pictures are few, below.
    """
    study.finding = """
With three seeds, against the claim: pretraining makes the network no better on the test subject, at this size of
capture and budget, and carrying over the fully connected layer too makes it worse. The validation subject does not
tell the rows apart: its error moves by five millimetres from seed to seed. Pretrained, the regression reaches
scratch's last validation error in a good third to half of its pictures with two seeds, hardly sooner when both stages
are counted, and never with the third.
"""
    study.rows["scratch"] = new_row("from scratch", *SHORT_FROM_SCRATCH, pretrain=False)
    study.rows["pretrained"] = new_row("pretrained, convolutions carried over")
    study.rows["pretrained_hidden"] = new_row(
        "pretrained, fully connected layer carried over too",
        "finetune.carry_over=all_but_last",
        starts_from="pretrained",
    )
    study.rows["joint"] = new_row("both heads at once", *SHORT_FROM_SCRATCH, "finetune.grid_weight=0.1", pretrain=False)
    study.chart = ("scratch", "pretrained", "pretrained_hidden", "joint")
    study.race = ("scratch", "pretrained")
    return study
