"""What do other methods reach under the same protocol?

h36m-pose experiments baselines --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(8, "Baselines")
    study.question = """
        Two predictions that look at no picture; the methods of before the networks on histograms of oriented gradients,
        with what they leave open chosen on the validation subject; and ResNet-18, for one epoch.
    """
    study.finding = """
Neighbours on HOG come surprisingly close: the studio's walks resemble each other, and the crowd holds one like most
test frames. They jump from one training frame to another, which MPJVE shows. ResNet-18 is at 38.1 mm after one epoch,
which takes it twice the time of our five; what it would reach with more was not measured.
"""
    study.seeds = (0,)
    study.borrowed = ("pretraining/scratch", "pretraining/pretrained", "default_recipe/default")
    study.rows["zero_pose"] = new_row("zero pose", baseline="zero_pose")
    study.rows["mean_pose"] = new_row("mean pose of the training subjects", baseline="mean_pose")
    study.rows["hog_nearest"] = new_row("nearest neighbours on HOG", baseline="hog_nearest")
    study.rows["hog_ridge"] = new_row("kernel ridge regression on HOG", baseline="hog_ridge")
    study.rows["resnet_18"] = new_row("ResNet-18, 1 epoch", "finetune.epochs=1", experiment="resnet_18", pretrain=False)
    return study
