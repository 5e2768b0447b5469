"""Jha's 2015 project as published: what do its network and its schedule reach under an honest split?

    h36m-pose train pretrain --experiment jha_2015 --dataset data/full/dataset --run runs/jha_2015
    h36m-pose train finetune --experiment jha_2015 --dataset data/full/dataset --run runs/jha_2015

tanh everywhere, SGD 0.001 with momentum 0.9 and weight decay 0.0005, batch 128, only the convolutions carried over, no
augmentation. The report's detection task took every 50th frame for 50 epochs, its regression 100 epochs. Its published
80.42 mm on S11 was measured on test rows a third of which came from a training subject. Its small kernels, which gave
its final results: model.kernels=5,10,15.
"""

from ml_collections import ConfigDict

from experiments import demo


def get_config() -> ConfigDict:
    """The settings; what is not set here is the demo's."""
    config = demo.get_config()
    config.data.protocol = "s11"  # train S1,5,6,7,8,9; test S11, as stated in the report
    config.data.crowd = False
    config.data.frame = "camera"  # as published
    config.model = ConfigDict()
    config.model.name = "jha_2015"
    config.model.kernels = (32, 64, 64)  # maps of the three convolutions
    config.grid.window_px = 13.0  # the report's
    for name in config.augmentation:
        config.augmentation[name] = 0.0
    config.pretrain.epochs = 50
    config.pretrain.loss_scale = 1700.0  # the report's loss is the sum over the 1700 outputs
    config.finetune.epochs = 100
    config.finetune.target = "metres"
    config.finetune.loss_unit_mm = 1000.0  # poses in metres
    config.finetune.mirror_average = False
    for stage in (config.pretrain, config.finetune):
        stage.batch_size = 128
        stage.averaging = 0.0
        stage.optim = published_sgd()
    return config


def published_sgd() -> ConfigDict:
    """The optimiser of the report."""
    optim = ConfigDict()
    optim.name = "sgd"
    optim.peak_lr = 0.001
    optim.schedule = "constant"
    optim.warmup_steps = 0
    optim.weight_decay = 0.0005
    optim.momentum = 0.9
    optim.beta2 = 0.0  # not used by sgd
    optim.clip_norm = 0.0
    return optim
