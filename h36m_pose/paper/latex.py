"""LaTeX out of plain words and numbers: escaped, typeset, laid out in lines that can be read and compared."""

import textwrap
from collections.abc import Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "\u00d7": r"$\times$",
}  # fmt: skip
_LAST_LETTER = "\u00ff"
"""Up to here (Latin-1) any LaTeX sets letters, but for those of Icelandic."""

_ICELANDIC = "\u00d0\u00f0\u00de\u00fe"

_LINE_WIDTH = 110
HEADER = "% Written by h36m-pose paper, which overwrites it: change a copy.\n"
DAGGER = r"$^\dagger$"


def printable(words: str) -> str:
    """The words without characters that fonts of papers lack, which become "U+4E2D"; line ends become spaces."""
    return "".join(each if _is_set(each) else f"U+{ord(each):04X}" for each in " ".join(words.split()))


def _is_set(each: str) -> bool:
    if each.isascii() or each == "\u00d7":
        return each.isprintable()
    return each.isalpha() and each <= _LAST_LETTER and each not in _ICELANDIC


def escape(words: str) -> str:
    """Plain words so that LaTeX prints them as they are."""
    return "".join(_SPECIAL.get(each, each) for each in printable(words).replace('"', "''"))


def code(words: str) -> str:
    """A name in the type of typewriters; long ones may break after a slash or an underscore."""
    broken = escape(words).replace("/", r"/\allowbreak{}").replace(r"\_", r"\_\allowbreak{}")
    return rf"\texttt{{{broken}}}"


def count(number: int, noun: str = "") -> str:
    """A count with its noun: "1 frame", "1,000 frames"."""
    return f"{number:,}" + (f" {noun}{'' if number == 1 else 's'}" if noun else "")


def plain(number: float) -> str:
    """A setting's value with as many digits as it has: 0.002, 64, 1e-05 as a power of ten."""
    words = f"{number:g}"
    if "e" not in words:
        return words
    digits, _, power = words.partition("e")
    return rf"${digits}\times 10^{{{int(power)}}}$" if digits != "1" else rf"$10^{{{int(power)}}}$"


def quantity(value: float, unit: str) -> str:
    """A measured value, to a tenth, with its unit."""
    return rf"{value:.1f}\,{escape(unit)}"


def signed(value: float) -> str:
    """A difference with its sign, to a hundredth."""
    return f"${value:+.2f}$"


def between(bounds: tuple[float, float] | None, digits: int = 1, sign: bool = False) -> str:
    """An interval in brackets; nothing if there is none."""
    if bounds is None:
        return ""
    form = f"{'+' if sign else ''}.{digits}f"
    low, high = (f"${value:{form}}$" for value in bounds)
    return f"[{low}, {high}]"


def listed(words: Sequence[str]) -> str:
    """A, B and C."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def prose(sentences: Sequence[str]) -> str:
    """Sentences as a paragraph, in lines that version control can compare."""
    text = " ".join(sentence for sentence in sentences if sentence)
    return textwrap.fill(text, _LINE_WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"


def table(columns: str, lines: Sequence[str], caption: str, label: str, wide: bool = False, tight: bool = False) -> str:
    """A floating table in the style of booktabs.

    Args:
        columns: such as "lrr".
        lines: rows of `row`, and rules between them.
        caption: in LaTeX.
        label: to refer to it.
        wide: across both columns of a page.
        tight: smaller type, closer columns.
    """
    kind = "table*" if wide else "table"
    parts = [
        rf"\begin{{{kind}}}[tp]", r"\centering", r"\footnotesize" if tight else r"\small",
        rf"\setlength{{\tabcolsep}}{{{2.5 if tight else 4}pt}}",
        rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}", r"\toprule", *lines, r"\bottomrule", r"\end{tabular}",
        prose([rf"\caption{{{caption}}}"]).rstrip(), rf"\label{{{label}}}", rf"\end{{{kind}}}",
    ]  # fmt: skip
    return HEADER + "\n".join(parts) + "\n"


def row(cells: Sequence[str]) -> str:
    """One row of a table."""
    return " & ".join(cells) + r" \\"
