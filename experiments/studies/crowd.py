"""What is the variety of the studio's crowd worth, and what is the crowd itself?

h36m-pose experiments crowd --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study_of_few

PRETRAINED = "few_pictures/pretrained"


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study_of_few(10, "Domain randomisation: what the crowd's variety is worth")
    study.question = """
        The recipe on a capture of the same size whose crowd of 160 varies in nothing but how they walk: bodies,
        cameras, light and clothing are as S1, S5, S6 and S7 have them. All are tested on the same S11, as it is and in
        other clothes.
    """
    study.finding = """
With one seed: the crowd's variety is worth 20 mm on S11, in its own clothes (47 mm with all alike, 27 with all drawn)
and in others (45 and 27). A crowd that is all alike is worse than none (31 mm), presumably since most pictures then
show bodies that differ in their walk alone.
"""
    study.seeds = (0,)
    study.borrowed = (PRETRAINED, "recipe/no_crowd")
    study.captures["alike"] = ("--preset", "full", "--crowd-varies", "none")
    study.captures["clothes_1"] = ("--preset", "full", "--subjects", "S11", "--wardrobe", "1")
    study.rows["alike"] = new_row("all 160 alike but for how they walk", capture="alike")
    study.rows["alike_clothes_1"] = new_row(
        "all alike, S11 in other clothes (draw 1)", tests="alike", capture="clothes_1"
    )
    study.rows["clothes_1"] = new_row("all drawn, S11 in other clothes (draw 1)", tests=PRETRAINED, capture="clothes_1")
    return study
