"""The networks that `robustness` sets against the default one, and what they give on clean pictures.

h36m-pose experiments spoilt_training --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(8, "Training on spoilt pictures: clean test pictures")
    study.question = """
        What augmentation by spoiling costs where nothing is spoilt, and cameras that were never seen: nothing filmed by
        the camera trains, and it alone is tested. Compare with the same camera's error in *the recipe*.
    """
    study.seeds = (0,)
    study.borrowed = ("pretraining/pretrained",)
    study.rows["robust"] = new_row("`robust`", experiment="robust")
    for camera in ("54138969", "60457274"):
        study.rows[f"without_{camera}"] = new_row(
            f"trained without camera {camera}, tested on it", f"data.left_out_cameras={camera}"
        )
    return study
