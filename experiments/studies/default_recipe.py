"""What does the default recipe reach with its whole budget, and what does it owe to the crowd?

h36m-pose experiments default_recipe --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import STRONG, new_row, new_study

BODIES = ("data.crowd=False", "pretrain.epochs=11", "finetune.epochs=23")


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(3, "The default recipe")
    study.question = """
        The experiment `default` as it comes: 5 epochs of the grid task, 10 of regression. Without the crowd only the
        release's own training bodies are there; there are fewer pictures then, and the epochs are more, for about as
        many steps.
    """
    study.finding = """
With one seed: 20.2 mm on S11 with the crowd and 23.6 without it; 23.8 and 27.7 with augmentation twice as strong. On
S8, who validates, the crowd is the difference between 37 and 86 mm, or between 40 and 103. S11 lies in the middle of
the training bodies: 1,745 mm tall, they 1,610 to 1,825; S8 is 1,890 mm tall and walks faster than all of them. So the
column of the test subject tells of a new person of usual build, and the crowd is what makes a network bear an unusual
one.
"""
    study.seeds = (0,)
    study.rows["default"] = new_row("`default`")
    study.rows["bodies"] = new_row("without the crowd", *BODIES)
    study.rows["default_strong"] = new_row("`default` with strong augmentation", *STRONG)
    study.rows["bodies_strong"] = new_row("without the crowd, strong augmentation", *STRONG, *BODIES)
    study.chart = ("default", "bodies", "default_strong", "bodies_strong")
    return study
