"""How figures of a paper look and are saved: one column wide, fonts embedded, the same bytes for the same numbers.

The colours are of the Okabe-Ito palette in an order of falling darkness, so that they keep apart in grey print; lines
also differ by dash and marker, bars by hatch.
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import replacing
from h36m_pose.paper.latex import printable

COLUMN_IN = 3.3
"""Width of a column of a two-column page, in inches."""

FORMATS = ("pdf", "svg")
REFERENCE = "#6e6e6e"
FAINT = "#d9d9d9"
MAIN = "#0072b2"

_SETTINGS: Any = {
    "font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 8.0, "axes.labelsize": 8.0,
    "axes.titlesize": 8.0, "xtick.labelsize": 7.0, "ytick.labelsize": 7.0, "legend.fontsize": 7.0,
    "legend.frameon": False, "axes.linewidth": 0.6, "lines.linewidth": 1.2, "axes.spines.top": False,
    "axes.spines.right": False, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "hatch.linewidth": 0.5,
    "pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "h36m-pose", "axes.unicode_minus": True,
    "text.usetex": False, "text.parse_math": False, "axes.formatter.use_mathtext": False, "path.simplify": True,
    "savefig.bbox": None, "savefig.facecolor": "white", "figure.facecolor": "white",
}  # fmt: skip
_METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}

_RECORD = {"pdf": "Subject", "svg": "Description"}


@dataclasses.dataclass(frozen=True)
class Look:
    """How one run of several is drawn."""

    colour: str
    dash: Any
    marker: str
    hatch: str


LOOKS = (
    Look(MAIN, "-", "o", ""),
    Look("#d55e00", (0, (4, 1.2)), "s", "////"),
    Look("#009e73", (0, (1, 1)), "^", "...."),
    Look("#e69f00", (0, (5, 1, 1, 1)), "D", "xxxx"),
    Look("#56b4e9", (0, (7, 2)), "v", "\\\\\\\\"),
    Look("#1a1a1a", (0, (2, 1)), "P", "++++"),
)


def look_of(number: int) -> Look:
    """The look of a run by its number."""
    return LOOKS[number % len(LOOKS)]


def labels_of(names: Sequence[str]) -> list[str]:
    """What runs are called in a legend."""
    if len(names) == 1:
        return ["network"]
    return [f"{chr(ord('A') + number)}: {printable(name)}" for number, name in enumerate(names)]


@contextlib.contextmanager
def figure_style() -> Iterator[None]:
    """Matplotlib's settings for a block, whatever the user's own are."""
    import matplotlib

    matplotlib.use("Agg")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def save(figure: Any, folder: Path, name: str, record: str) -> list[Path]:
    """Writes a figure as PDF and as SVG, with where it comes from and without a date; returns the paths."""
    paths = [folder / f"{name}.{form}" for form in FORMATS]
    for path, form in zip(paths, FORMATS, strict=True):
        with replacing(path) as temporary:
            figure.savefig(temporary, format=form, dpi=300, metadata={**_METADATA[form], _RECORD[form]: record})
    return paths
