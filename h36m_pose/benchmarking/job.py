"""What a worker is told to measure. No JAX here: the worker prepares its process before that is loaded."""

import dataclasses

from ml_collections import ConfigDict

from h36m_pose import configuration


@dataclasses.dataclass(frozen=True)
class Job:
    """What a worker is told to measure; plain values.

    Attributes:
        side: "ours" or "torch".
        experiment: its name or file.
        overrides: changes of its settings, such as "model.hidden=64".
        stage: "pretrain" or "finetune".
        dataset: folder of a dataset; empty for random crops.
    """

    side: str
    experiment: str
    overrides: tuple[str, ...] = ()
    stage: str = "finetune"
    dataset: str = ""

    def config(self) -> ConfigDict:
        """The experiment with its changes."""
        config = configuration.load_experiment(self.experiment)
        return configuration.apply_overrides(config, self.overrides, self.stage)
