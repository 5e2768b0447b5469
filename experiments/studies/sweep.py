"""Which settings does the default recipe take? One at a time, chosen on the validation subject.

h36m-pose experiments sweep --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(4, "The sweep behind the default recipe")
    study.question = """
        One setting of both stages at a time is changed in *pretrained, convolutions carried over*. The column of the
        validation subject alone decides; with one seed, differences of a millimetre or two decide nothing.
    """
    study.seeds = (0,)
    study.borrowed = ("pretraining/pretrained",)
    for name, words, setting in (
        ("lr_half", "half the learning rate", "peak_lr=1e-3"),
        ("lr_double", "twice the learning rate", "peak_lr=4e-3"),
    ):
        study.rows[name] = new_row(words, f"pretrain.optim.{setting}", f"finetune.optim.{setting}")
    study.rows["batch_32"] = new_row("batches of 32", "pretrain.batch_size=32", "finetune.batch_size=32")
    study.rows["wide"] = new_row("half as many channels again (twice the time)", "model.widths=96,192,384")
    study.rows["more_pretraining"] = new_row("3 + 2 epochs", "pretrain.epochs=3", "finetune.epochs=2")
    study.rows["less_pretraining"] = new_row("1 + 4 epochs", "pretrain.epochs=1", "finetune.epochs=4")
    return study
