"""What published systems measured on the 'Walking' videos of Human3.6M, with where it is printed."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Published:
    """One published result.

    Attributes:
        year: of the publication.
        system: what it is called.
        source: where it is printed.
        test: who was tested, and what else tells it from other rows.
        mpjpe_mm: on Walking, root-relative.
    """

    year: int
    system: str
    source: str
    test: str
    mpjpe_mm: float


PUBLISHED = (
    Published(2014, "LinKDE", "Ionescu et al., TPAMI 2014, as rerun by Li & Chan", "S9 and S11", 97.07),
    Published(2014, "Pretrained by joint detection", "Li & Chan, ACCV 2014, table 1", "S9 and S11", 80.09),
    Published(2014, "Detection and regression at once", "Li & Chan, ACCV 2014, table 1", "S9 and S11", 77.60),
    Published(
        2015,
        "The original of this pipeline",
        "Jha, EPFL project report 2015",
        "S11, overlapping its training set",
        80.42,
    ),
    Published(2016, "Autoencoder of poses", "Tekin et al., BMVC 2016", "S9 and S11", 65.75),
    Published(2017, "Coarse-to-fine volumes", "Pavlakos et al., CVPR 2017", "S9 and S11", 59.1),
    Published(2018, "Integral regression", "Sun et al., ECCV 2018", "S9 and S11", 38.9),
    Published(2019, "243 frames of a video at once", "Pavllo et al., CVPR 2019", "S9 and S11", 32.8),
)
"""Source of the figures: the papers named, several as quoted in the tables of later ones."""
