"""What does the default recipe reach with its whole budget, and what does it owe to the crowd?

h36m-pose experiments default_recipe --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(3, "The default recipe")
    study.question = """
        The experiment `default` as it comes: 5 epochs of the grid task, 10 of regression. Without the crowd only the
        release's own training bodies are there; there are fewer pictures then, and the epochs are more, for about as
        many steps.
    """
    study.seeds = (0,)
    study.overrides = ()
    study.rows["default"] = new_row("`default`")
    study.rows["bodies"] = new_row("without the crowd", "data.crowd=False", "pretrain.epochs=11", "finetune.epochs=23")
    study.chart = ("default", "bodies")
    return study
