"""What do spoilt pictures cost, and what does it help to have seen such in training?

h36m-pose experiments robustness --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(11, "Spoilt pictures")
    study.question = """
        The test pictures are spoilt in one way at a time, one frame of five. *Few pictures* is *pretrained, one frame
        of five*; *few, as `robust`* is the same recipe and budget with what the experiment `robust` adds to the
        augmentations: blur, wrong masks, hidden halves and more noise.
    """
    study.finding = """
With one seed: whatever changes the silhouette is what costs (background in the mask, a hidden half, holes), grey
values and noise hardly. More training does not mend it: `default` is 7 mm ahead on clean crops and no better on the
worst ones. Having seen such pictures does: the worst damage is halved, for 15 mm on clean crops at the budget of few
pictures.
"""
    study.layout = "conditions"
    study.seeds = (0,)
    every = ("--every", "5")
    for name, words, tests in (
        ("default", "`default`", "default_recipe/default"),
        ("few", "few pictures", "few_pictures/pretrained"),
        ("few_robust", "few, as `robust`", "recipe/robust"),
    ):
        study.rows[name] = new_row(words, tests=tests, verb="robustness", options=every)
    return study
