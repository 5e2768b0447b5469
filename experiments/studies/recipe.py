"""What is each ingredient of the default recipe worth? One is taken away, or changed, at a time.

h36m-pose experiments recipe --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments import demo, robust
from experiments.studies._budget import new_row, new_study_of_few

_AUGMENTATION = ("shift_px", "scale", "turn_degrees", "mirror", "gain", "offset", "gamma", "noise")


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study_of_few(4, "The recipe, one ingredient at a time")
    study.question = """
        Each row changes one thing of *pretrained, one frame of five*. Test-time averaging is tested on the same
        networks. What the recipe is chosen by is the column of the validation subject; the test subject is shown beside
        it. Without the crowd there are fewer pictures, and the epochs are more, for about as many steps.
    """
    study.finding = """
With one seed. On S11: the camera's frame instead of the crop's costs 10 mm, no crowd 4 mm, no averaging of weights 2
mm, and no averaging with the mirror image's prediction 2 mm; smoothed labels and weighted cells gain nothing. What
`robust` adds costs 15 mm on clean pictures at this budget (see *Spoilt pictures* for what it buys). On S8, where the
recipe itself moves by 7 mm from seed to seed, only the crowd is beyond doubt: without it the error is 28 mm larger.
"""
    study.seeds = (0,)
    study.borrowed = ("few_pictures/pretrained",)
    study.rows["no_augmentation"] = new_row("no augmentation", *(f"augmentation.{name}=0" for name in _AUGMENTATION))
    study.rows["camera_frame"] = new_row("poses in the camera's frame, not the crop's", "data.frame=camera")
    study.rows["no_weight_average"] = new_row("no averaging of weights", "pretrain.averaging=0", "finetune.averaging=0")
    study.rows["no_mirror_average"] = new_row(
        "no mirror averaging at test time", tests="few_pictures/pretrained", options=("--mirror-average", "no")
    )
    study.rows["smoothing"] = new_row("cells' labels smoothed by 0.1", "grid.smoothing=0.1")
    study.rows["positive_weight"] = new_row("cells that hold a joint count five times", "grid.positive_weight=5")
    study.rows["robust"] = new_row("the augmentations of `robust` besides", *_robust())
    no_crowd = ("data.crowd=False", "pretrain.epochs=9", "finetune.epochs=14")
    study.rows["no_crowd"] = new_row("no crowd", *no_crowd)
    return study


def _robust() -> tuple[str, ...]:
    """What the experiment `robust` adds to the recipe."""
    ours, plain = robust.get_config().augmentation, demo.get_config().augmentation
    return tuple(f"augmentation.{name}={value:g}" for name, value in ours.items() if value != plain[name])
