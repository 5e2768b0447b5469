"""Which settings does the default recipe take? One at a time, chosen on the validation subject.

h36m-pose experiments sweep --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study_of_few


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study_of_few(5, "The sweep behind the default recipe")
    study.question = """
        One setting of both stages at a time is changed in *pretrained, one frame of five*. The column of the
        validation subject alone decides; with one seed, differences of a millimetre or two decide nothing.
    """
    study.seeds = (0,)
    study.borrowed = ("few_pictures/pretrained",)
    for name, words, setting in (
        ("lr_half", "half the learning rate", "peak_lr=1e-3"),
        ("lr_double", "twice the learning rate", "peak_lr=4e-3"),
    ):
        study.rows[name] = new_row(words, f"pretrain.optim.{setting}", f"finetune.optim.{setting}")
    study.rows["batch_32"] = new_row("batches of 32", "pretrain.batch_size=32", "finetune.batch_size=32")
    study.rows["wide"] = new_row("half as many channels again (twice the time)", "model.widths=96,192,384")
    study.rows["more_pretraining"] = new_row("6 + 4 epochs", "pretrain.epochs=6", "finetune.epochs=4")
    study.rows["less_pretraining"] = new_row("2 + 8 epochs", "pretrain.epochs=2", "finetune.epochs=8")
    return study
