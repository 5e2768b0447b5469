"""Does spoiling the training pictures make the network bear spoilt ones, and what does that cost on clean ones?

    h36m-pose train pretrain --experiment robust --dataset data/full/dataset --run runs/robust
    h36m-pose train finetune --experiment robust --dataset data/full/dataset --run runs/robust
    h36m-pose robustness runs/robust

The default recipe with blur, wrong masks, hidden halves and rectangles, and more noise and light, to be compared with
`default` by `h36m-pose robustness` on both.
"""

from ml_collections import ConfigDict

from experiments import default


def get_config() -> ConfigDict:
    """The settings; what is not set here is the default recipe's."""
    config = default.get_config()
    config.augmentation.gain = 0.5
    config.augmentation.noise = 0.15  # the largest standard deviation; a third of the pictures stay below a twentieth
    config.augmentation.erase_px = 40.0
    config.augmentation.blur_px = 3.0
    config.augmentation.leak_px = 8.0
    config.augmentation.halves = 0.3
    return config
