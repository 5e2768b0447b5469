"""Can a small network learn the pose of a body it has never seen, in minutes, on two CPU cores?

    h36m-pose train pretrain --experiment demo --dataset data/demo/dataset --run runs/demo
    h36m-pose train finetune --experiment demo --dataset data/demo/dataset --run runs/demo

For the studio's `demo` capture (3,720 training crops). Expected: a third of the mean pose's error or less. Measured by
`make demo` on 2 virtual cores of an AMD EPYC, 2026-11-22, seed 0: 31.8 mm on S11, 0.205 of the mean pose's 155.6 mm;
139 s of pretraining and 176 s of finetuning, compilation included.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """The settings, each with its unit or reason."""
    config = ConfigDict()
    config.seed = 0  # of weights, order of frames and augmentation
    config.host_devices = 1  # into which the CPU is split; all cores work for one as well (docs/performance.md)
    config.parallel = "jit"  # how devices share it: one program over a mesh; or "pmap", a copy per device
    config.precision = "float32"  # of activations in training; or "bfloat16", with float32 sums and losses
    config.writers = ("tensorboard",)  # besides metrics.jsonl and rates.jsonl; also "wandb", "mlflow"

    config.data = ConfigDict()
    config.data.protocol = "s11"  # train S1,5,6,7,8,9; test S11
    config.data.crowd = True  # the studio's random bodies train too
    config.data.validation_subjects = ("S8",)  # held out of the training subjects, chooses the checkpoint
    config.data.left_out_cameras = ()  # ids; neither trains nor validates, and the test is on them alone
    config.data.frame = "crop"  # poses as seen along the ray to the crop's middle, turned back at the end; or "camera"
    config.data.frame_step = 1  # every so many-th training frame of a view
    config.data.input = "auto"  # "resident" on the device if it fits, else "streaming" from disk; or one of these
    config.data.validation_at_most = 2000  # frames; more are thinned evenly

    config.model = ConfigDict()
    config.model.name = "strided"
    config.model.stem_px = 4  # squares of 4x4 pixels become channels
    config.model.widths = (64, 128, 256)  # channels at 16x16, 8x8 and 4x4
    config.model.blocks = (0, 1, 1)  # residual blocks at each: few positions and many channels are fast on CPUs
    config.model.hidden = 256  # units of the fully connected layer

    config.grid = ConfigDict()
    config.grid.rule = "point_or_bone"  # the report's definition
    config.grid.cells = 10  # along each side
    config.grid.window_px = 0.0  # 0: cells of 12.8 px that tile the crop; the report's were 13
    config.grid.bone_share = 0.3  # of a bone's length that must lie in a cell
    config.grid.smoothing = 0.0  # of the labels in the loss: 0.1 makes them 0.05 and 0.95
    config.grid.positive_weight = 1.0  # how many times a cell that holds a joint counts in the loss

    config.augmentation = ConfigDict()
    config.augmentation.shift_px = 2.5  # half widths of uniform distributions; see data/augmentation.py
    config.augmentation.scale = 0.05
    config.augmentation.turn_degrees = 4.0
    config.augmentation.stretch = 0.0  # of widths, and as much less of heights, poses alike: other proportions
    config.augmentation.mirror = 0.5  # probability
    config.augmentation.gain = 0.15
    config.augmentation.offset = 0.05  # of the grey range
    config.augmentation.gamma = 0.15
    config.augmentation.noise = 0.01  # of the grey range
    config.augmentation.erase_px = 0.0
    config.augmentation.blur_px = 0.0
    config.augmentation.leak_px = 0.0
    config.augmentation.halves = 0.0  # probability

    config.checkpoint = ConfigDict()
    config.checkpoint.first_seconds = 2.0  # early, so that a machine that dies often still advances; doubled each time
    config.checkpoint.every_seconds = 60.0  # up to this
    config.checkpoint.every_steps = 0  # besides; 0 for by time alone
    config.checkpoint.keep = 2  # latest ones; the best on validation is kept besides

    config.log_every_steps = 10

    config.pretrain = ConfigDict()
    config.pretrain.epochs = 6
    config.pretrain.batch_size = 64
    config.pretrain.accumulate = 1  # parts that each device computes one after the other, to save memory
    config.pretrain.loss_scale = 100.0  # the gradient is that of the mean over all cells, times this
    config.pretrain.averaging = 0.99  # decay of the weights' moving average per step; 0 for none
    config.pretrain.optim = _optimizer(peak_lr=2e-3)

    config.finetune = ConfigDict()
    config.finetune.epochs = 8
    config.finetune.batch_size = 64
    config.finetune.accumulate = 1
    config.finetune.averaging = 0.99
    config.finetune.target = "mean_pose"  # outputs are deviations from the training mean pose
    config.finetune.loss_unit_mm = 100.0  # the gradient is that of MPJPE in this unit
    config.finetune.grid_weight = 0.0  # of the grid task's loss beside it, both heads at once; 0 for the pose alone
    config.finetune.init_from = "pretrain"  # this run's; or the folder of another run; or "none"
    config.finetune.carry_over = "convolutions"  # or "all_but_last" or "none"
    config.finetune.mirror_average = True  # predictions: mean of the picture's and its mirror image's
    config.finetune.optim = _optimizer(peak_lr=2e-3)
    return config


def _optimizer(peak_lr: float) -> ConfigDict:
    optim = ConfigDict()
    optim.name = "adamw"  # or "sgd"
    optim.peak_lr = peak_lr
    optim.schedule = "cosine"  # falls to 0 at the end; or "constant"
    optim.warmup_steps = 100
    optim.weight_decay = 0.02  # of kernels, times the learning rate
    optim.momentum = 0.9  # beta 1 of adamw
    optim.beta2 = 0.99  # adamw alone; short memory suits short runs
    optim.clip_norm = 1.0  # of the whole gradient; 0 for no clipping
    return optim
