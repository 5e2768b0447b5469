"""Li & Chan (ACCV 2014), the pretraining variant: detection first, then a new head on the same convolutions.

    h36m-pose train pretrain --experiment li_chan_2014 --dataset data/full/dataset --run runs/li_chan_2014
    h36m-pose train finetune --experiment li_chan_2014 --dataset data/full/dataset --run runs/li_chan_2014

Random 112x112 cuts of the crop, each joint relative to its parent through tanh (1200 mm), batch 128. Deviations: grey
crops repeated to three channels instead of colour, no noise along the colours' principal axes, the 10x10 grid of this
project instead of the authors' 8x8 windows, one loss in mm instead of squared errors, He's initial weights. The paper
lists no optimiser; these are the settings of Jha's report. Published on Walking, S9 and S11: 80.09 mm.
"""

from ml_collections import ConfigDict

from experiments import demo, jha_2015


def get_config() -> ConfigDict:
    """The settings; what is not set here is the demo's."""
    config = demo.get_config()
    config.data.protocol = "s9_s11"
    config.data.crowd = False
    config.data.frame = "camera"  # as published
    config.model = ConfigDict()
    config.model.name = "li_chan_2014"
    config.model.channels = 3
    for name in config.augmentation:
        config.augmentation[name] = 0.0  # the random cut is part of the network's input
    config.pretrain.epochs = 50
    config.pretrain.loss_scale = 1700.0  # the sum over all outputs, as in the paper
    config.finetune.epochs = 100
    config.finetune.target = "parent_tanh"
    config.finetune.loss_unit_mm = 1200.0  # the scale of the outputs
    config.finetune.mirror_average = False
    for stage in (config.pretrain, config.finetune):
        stage.batch_size = 128
        stage.averaging = 0.0
        stage.optim = jha_2015.published_sgd()
    return config
