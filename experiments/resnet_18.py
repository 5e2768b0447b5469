"""ResNet-18 from scratch, with the default recipe's data, augmentation and targets: is our network too small?

    h36m-pose train finetune --experiment resnet_18 --dataset data/full/dataset --run runs/resnet_18

Eleven million parameters; eleven times the arithmetic of `strided` (`benchmarking.flops`). There is no first
stage unless `finetune.init_from=pretrain` asks for one.
"""

from ml_collections import ConfigDict

from experiments import default


def get_config() -> ConfigDict:
    """The settings; what is not set here is that of `default`."""
    config = default.get_config()
    config.model = ConfigDict()
    config.model.name = "resnet_18"
    config.finetune.init_from = "none"
    for stage in (config.pretrain, config.finetune):
        stage.optim.peak_lr = 1e-3
    return config
