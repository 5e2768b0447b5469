"""Which grid task is the one to pretrain on?

h36m-pose experiments grid --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study_of_few


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study_of_few(6, "Rules and sizes of the grid")
    study.question = """
        A cell counts for a joint if the joint lies in it (`point`), if more than 0.3 of one of its bones does (`bone`),
        or either (`point_or_bone`, the original's rule and the default). The default grid has 10 x 10 cells.
    """
    study.finding = """
With three seeds: the rules and sizes are within a millimetre of each other and of the default on S11, and within what
seeds do on S8. Which cells the first stage asks for does not matter here.
"""
    study.borrowed = ("few_pictures/scratch", "few_pictures/pretrained")
    study.rows["point"] = new_row("point", "grid.rule=point")
    study.rows["bone"] = new_row("bone", "grid.rule=bone")
    study.rows["cells_5"] = new_row("5 x 5 cells", "grid.cells=5")
    study.rows["cells_16"] = new_row("16 x 16 cells", "grid.cells=16")
    return study
