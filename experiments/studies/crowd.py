"""What is the variety of the studio's crowd worth? Bodies, cameras, light and clothing, one at a time kept as they are.

h36m-pose experiments crowd --dataset data/full/dataset
"""

from types import SimpleNamespace

from experiments.studies._budget import new_row, new_study

ASPECTS = ("bodies", "cameras", "light", "clothing")


def get_study() -> SimpleNamespace:
    """See the module."""
    study = new_study(9, "Domain randomisation: what the crowd's variety is worth")
    study.question = """
        The recipe on captures of the same size whose crowd of 160 varies in less: what is not drawn for each of them
        is as S1, S5, S6 and S7 have it. All are tested on the same S11; the last row on S11 in other clothes.
    """
    study.seeds = (0,)
    study.borrowed = ("pretraining/pretrained", "recipe/no_crowd", "generalisation/clothes_1")
    study.captures["alike"] = ("--preset", "full", "--crowd-varies", "none")
    study.rows["alike"] = new_row("all 160 alike but for how they walk", capture="alike")
    for aspect in ASPECTS:
        rest = ",".join(other for other in ASPECTS if other != aspect)
        study.captures[f"same_{aspect}"] = ("--preset", "full", "--crowd-varies", rest)
        study.rows[f"same_{aspect}"] = new_row(f"{aspect} not drawn", capture=f"same_{aspect}")
    study.captures["clothes_1"] = ("--preset", "full", "--subjects", "S11", "--wardrobe", "1")
    study.rows["alike_clothes_1"] = new_row(
        "all alike, S11 in other clothes (draw 1)", tests="alike", capture="clothes_1"
    )
    return study
