"""The recipe to start from: our network, pretrained on the grid task, for the `full` capture and the real release.

    make preprocess pretrain finetune evaluate render PRESET=full
    H36M_ROOT=/path/to/release make preprocess pretrain finetune evaluate render EXPERIMENT=default

The demo's network and recipe with more epochs. Measured on `full` on 2 virtual cores of an AMD EPYC, 2026-11-22, with
seed 0 (`h36m-pose experiments default_recipe`): 20.2 mm on S11, 0.130 of the mean pose's 155.4 mm. The release has 50
near duplicates a second: `data.frame_step=5` takes every fifth.
"""

from ml_collections import ConfigDict

from experiments import demo


def get_config() -> ConfigDict:
    """The settings; what is not set here is the demo's."""
    config = demo.get_config()
    config.pretrain.epochs = 5
    config.finetune.epochs = 10
    for stage in (config.pretrain, config.finetune):
        stage.averaging = 0.998
        stage.optim.warmup_steps = 500
    return config
