"""The page's files that lie beside the code, with their gaps filled."""

import importlib.resources

_GAP = "@@"


def resource(name: str) -> str:
    """A file of this folder as text."""
    return importlib.resources.files("h36m_pose.report").joinpath(name).read_text(encoding="utf-8")


def filled(name: str, **values: str) -> str:
    """A file of this folder with each `@@NAME@@` replaced; what is put in is not looked through again.

    Args:
        name: of the file.
        **values: HTML by the names of the gaps.
    """
    pieces = resource(name).split(_GAP)
    return "".join(piece if place % 2 == 0 else values[piece] for place, piece in enumerate(pieces))
