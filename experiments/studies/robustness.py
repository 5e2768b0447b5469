"""What do spoilt pictures cost, and what does it help to have seen such in training?

h36m-pose experiments robustness --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(11, "Spoilt pictures")
    study.question = """
        The test pictures are spoilt in one way at a time, one frame of five. `robust` is the same recipe and
        budget with blur, wrong masks, hidden halves and more noise among the augmentations.
    """
    study.finding = """
With one seed: whatever changes the silhouette is what costs (background in the mask, a hidden half, holes), grey values
and noise hardly. `robust` halves the worst of it, and costs 10 mm on clean crops at this budget, which is a third of
that of the experiment `robust` itself.
"""
    study.layout = "conditions"
    study.seeds = (0,)
    every = ("--every", "5")
    study.rows["default"] = new_row("the recipe", tests="default_recipe/default", verb="robustness", options=every)
    study.rows["robust"] = new_row("`robust`", tests="default_recipe/robust", verb="robustness", options=every)
    return study
