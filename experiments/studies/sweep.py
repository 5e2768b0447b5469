"""Which settings does the default recipe take? One at a time, chosen on the validation subject.

h36m-pose experiments sweep --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import augmentation, new_row, new_study_of_few


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
    for name, words, place, light in (
        ("strong", "strong", 1, 1),
        ("quarter", "a quarter", 0.25, 0.25),
        ("place", "strong in place, none in light", 1, 0),
        ("light", "strong in light, none in place", 0, 1),
        ("mirror", "mirror images alone", 0, 0),
    ):
        study.rows[f"augmentation_{name}"] = new_row(f"augmentation: {words}", *augmentation(place, light))
    study.rows["augmentation_none"] = new_row("augmentation: none", *augmentation(0, 0, 0))
    study.rows["less_pretraining"] = new_row("2 + 8 epochs", "pretrain.epochs=2", "finetune.epochs=8")
    return study
