"""The networks as published: does pretraining help them, with the published optimiser?

h36m-pose experiments published --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study

_SMALL = "model.kernels=5,10,15"
_FEW = "data.frame_step=5"


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(6, "The published networks")
    study.question = """
        `jha_2015` with the kernels of its final results (5, 10, 15), tanh, SGD at 0.001, momentum 0.9, decay 0.0005,
        batches of 128, no augmentation, only the convolutions carried over; 24 epochs in all. The crowd trains too, or
        there would be five bodies to learn from. `adamw` is the same network with our optimiser and learning rate.
        `li_chan_2014` sees one frame of five, 8 epochs in all, and with `adamw` alone: it trains seven
        times slower than the default network (docs/performance.md), and its published optimiser would need days on two
        cores.
    """
    study.experiment = "jha_2015"
    study.overrides = ("data.crowd=True",)
    adamw = ("name=adamw", "peak_lr=1e-3", "schedule=cosine", "warmup_steps=100", "beta2=0.99", "clip_norm=1")
    ours = tuple(f"{stage}.optim.{setting}" for stage in ("pretrain", "finetune") for setting in adamw)
    short, whole = ("pretrain.epochs=8", "finetune.epochs=16"), ("finetune.epochs=24",)
    for ending, words, optimiser in (("", "", ()), ("_adamw", ", adamw", ours)):
        study.rows[f"jha_scratch{ending}"] = new_row(
            f"`jha_2015` [5,10,15] from scratch{words}", _SMALL, *whole, *optimiser, pretrain=False
        )
        study.rows[f"jha_pretrained{ending}"] = new_row(
            f"`jha_2015` [5,10,15] pretrained{words}", _SMALL, *short, *optimiser
        )
    study.rows["li_chan_scratch"] = new_row(
        "`li_chan_2014` from scratch, adamw",
        _FEW,
        "data.protocol=s11",
        "finetune.epochs=8",
        *ours,
        experiment="li_chan_2014",
        pretrain=False,
    )
    study.rows["li_chan_pretrained"] = new_row(
        "`li_chan_2014` pretrained, adamw",
        _FEW,
        "data.protocol=s11",
        "pretrain.epochs=3",
        "finetune.epochs=5",
        *ours,
        experiment="li_chan_2014",
    )
    study.chart = ("jha_scratch", "jha_pretrained", "jha_scratch_adamw", "jha_pretrained_adamw")
    study.race = ("jha_scratch", "jha_pretrained")
    return study
