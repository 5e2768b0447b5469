"""The parts of the page, and the escaping of everything that comes from a run."""

import base64
import dataclasses
import html
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray


@dataclasses.dataclass(frozen=True)
class Section:
    """One part of the page.

    Attributes:
        name: its anchor.
        title: its heading.
        body: HTML.
        data: what the page's script needs of it, as plain JSON values; None for nothing.
    """

    name: str
    title: str
    body: str
    data: dict[str, Any] | None = None


def text(value: Any) -> str:
    """A value as text in HTML, between tags or in quotes."""
    return html.escape(str(value), quote=True)


def missing(name: str, title: str, why: str, command: str) -> Section:
    """A section that the run cannot fill.

    Args:
        name: its anchor.
        title: its heading.
        why: what the run lacks, a sentence.
        command: that makes what is lacking.
    """
    return Section(name, title, f'<p class="remark">{text(why)} To make it: <code>{text(command)}</code></p>')


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], number_columns: Sequence[int] = ()) -> str:
    """A table that scrolls sideways by itself where the screen is narrow.

    Args:
        caption: what it shows.
        head: headings of the columns, HTML; without any word they are left out.
        rows: cells, HTML; the first of each is the row's heading.
        number_columns: which columns hold numbers.
    """
    headings = "".join(
        f'<th scope="col"{_aligned(place, number_columns)}>{words}</th>' for place, words in enumerate(head)
    )
    lines = []
    for row in rows:
        first, *rest = row
        cells = "".join(f"<td{_aligned(place, number_columns)}>{cell}</td>" for place, cell in enumerate(rest, 1))
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    headed = f"<thead><tr>{headings}</tr></thead>" if any(head) else ""
    # Not a <caption>: that would be as wide as the table, and be cut where the table scrolls.
    return (
        f'<p class="caption">{text(caption)}</p><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{text(caption)}"><table aria-label="{text(caption)}">{headed}'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _aligned(place: int, number_columns: Sequence[int]) -> str:
    return ' class="number"' if place in number_columns else ""


def packed(array: ndarray, kind: str) -> str:
    """An array as base64 of its little-endian values, rounded and clipped to a type such as "<i2" or "u1"."""
    dtype = np.dtype(kind)
    values = np.asarray(array)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = np.clip(np.round(values), limits.min, limits.max)
    return base64.b64encode(np.ascontiguousarray(values.astype(dtype)).tobytes()).decode("ascii")
