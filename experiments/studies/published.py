"""The networks as published: does pretraining help them, with the published optimiser?

h36m-pose experiments published --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study

_SMALL = ("model.kernels=5,10,15", "data.crowd=True")


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(6, "The published networks")
    study.question = """
        `jha_2015` with the kernels of its final results (5, 10, 15), tanh, SGD at 0.001, momentum 0.9, decay 0.0005,
        batches of 128, no augmentation, only the convolutions carried over; 24 epochs in all. The crowd trains too, or
        there would be five bodies to learn from. `adamw` is the same network with our optimiser and learning rate.
    """
    study.experiment = "jha_2015"
    study.overrides = _SMALL
    adamw = ("name=adamw", "peak_lr=1e-3", "schedule=cosine", "warmup_steps=100", "beta2=0.99", "clip_norm=1")
    ours = tuple(f"{stage}.optim.{setting}" for stage in ("pretrain", "finetune") for setting in adamw)
    short, whole = ("pretrain.epochs=8", "finetune.epochs=16"), ("finetune.epochs=24",)
    study.rows["jha_scratch"] = new_row("`jha_2015` [5,10,15] from scratch", *whole, pretrain=False)
    study.rows["jha_pretrained"] = new_row("`jha_2015` [5,10,15] pretrained", *short)
    study.rows["jha_scratch_adamw"] = new_row("`jha_2015` [5,10,15] from scratch, adamw", *whole, *ours, pretrain=False)
    study.rows["jha_pretrained_adamw"] = new_row("`jha_2015` [5,10,15] pretrained, adamw", *short, *ours)
    study.chart = ("jha_scratch", "jha_pretrained", "jha_scratch_adamw", "jha_pretrained_adamw")
    study.race = ("jha_scratch", "jha_pretrained")
    return study
