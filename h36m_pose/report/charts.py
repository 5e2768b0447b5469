"""Charts as SVG, drawn narrow enough for a phone; their colours are the page's, so that they suit light and dark."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy import ndarray

from h36m_pose.report.section import text

WIDTH = 360
_BAR_ROW = 24
_LABEL_WIDTH, _VALUE_WIDTH = 128, 44


@dataclasses.dataclass(frozen=True)
class Bar:
    """One row of a bar chart.

    Attributes:
        label: at its left.
        value: its length.
        reference: length of the pale bar behind, a baseline's; None for none.
        colour: a class of the style sheet: "left", "right", "centre" or "main".
    """

    label: str
    value: float
    reference: float | None = None
    colour: str = "main"


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a line chart; `colour` as for bars, or "muted" or "second"; NaN interrupts it."""

    label: str
    x: Sequence[float] | ndarray
    y: Sequence[float] | ndarray
    colour: str = "main"
    dashed: bool = False
    dots: bool = False


def bar_chart(title: str, bars: Sequence[Bar], unit: str) -> str:
    """Horizontal bars with their values, as a figure with its title.

    Args:
        title: above the chart.
        bars: from top to bottom.
        unit: of the values.
    """
    longest = max([bar.value for bar in bars] + [bar.reference or 0.0 for bar in bars] + [1e-9])
    room = WIDTH - _LABEL_WIDTH - _VALUE_WIDTH
    parts = []
    for row, bar in enumerate(bars):
        y = row * _BAR_ROW
        words = f"{bar.label}: {bar.value:.1f} {unit}"
        if bar.reference is not None:
            words += f"; mean pose {bar.reference:.1f} {unit}"
        parts.append(f"<g><title>{text(words)}</title>")
        parts.append(f'<text class="label" x="{_LABEL_WIDTH - 8}" y="{y + 16}">{text(bar.label)}</text>')
        if bar.reference is not None:
            parts.append(_box("reference", _LABEL_WIDTH, y + 3, bar.reference / longest * room, 18))
        parts.append(_box(f"bar {bar.colour}", _LABEL_WIDTH, y + 6, bar.value / longest * room, 12))
        parts.append(f'<text class="value" x="{WIDTH}" y="{y + 16}">{bar.value:.1f}</text></g>')
    summary = f"{title}. " + "; ".join(f"{bar.label} {bar.value:.1f} {unit}" for bar in bars) + "."
    return _figure(title, summary, "".join(parts), len(bars) * _BAR_ROW)


def _box(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height}" rx="2"/>'


def line_chart(
    title: str, lines: Sequence[Line], x_title: str, y_title: str, log: bool = False, top: float | None = None
) -> str:
    """Lines over a common axis, with a legend in words below, as a figure with its title.

    Args:
        title: above the chart.
        lines: the first is drawn lowest. Those without a label are not in the legend.
        x_title: of the axis below.
        y_title: in front of the legend: what the values are.
        log: a logarithmic scale of the values.
        top: where the scale of the values ends; None for what they need.
    """
    plot = _Plot.around(lines, log, top)
    parts = [plot.grid(x_title)]
    for line in lines:
        kind = f"line {line.colour}{' dashed' if line.dashed else ''}"
        for run in plot.runs(line):
            places = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
            parts.append(f'<polyline class="{kind}" points="{places}"/>')
            if line.dots:
                parts.extend(f'<circle class="dot {line.colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in run)
    named = [line for line in lines if line.label]
    legend = "".join(
        f'<li><span class="key {line.colour}{" dashed" if line.dashed else ""}"></span>{text(line.label)}</li>'
        for line in named
    )
    summary = f"{title}: {y_title} over {x_title}. " + " ".join(_described(line) for line in named)
    below = f'<ul class="legend">{legend}</ul>'
    return _figure(f"{title} ({y_title})", summary, "".join(parts), plot.height, below)


def _described(line: Line) -> str:
    finite = np.asarray(line.y, float)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return f"{line.label}: nothing."
    return f"{line.label}: from {finite[0]:.3g} to {finite[-1]:.3g}, lowest {finite.min():.3g}."


@dataclasses.dataclass(frozen=True)
class _Plot:
    """The scales of a line chart."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    log: bool
    left: float = 42
    top: float = 6
    right: float = WIDTH - 6
    bottom: float = 176
    height: int = 212

    @classmethod
    def around(cls, lines: Sequence[Line], log: bool, top: float | None) -> "_Plot":
        x = np.concatenate([np.asarray(line.x, float) for line in lines])
        y = np.concatenate([np.asarray(line.y, float) for line in lines])
        y = y[np.isfinite(y) & ((y > 0) | (not log))]
        highest = float(y.max()) if len(y) else 1.0
        if log:
            low = float(y.min()) if len(y) else 0.1
            return cls((float(x.min()), float(x.max())), (low / 1.1, max(highest, low * 1.5) * 1.1), log)
        return cls((float(min(x.min(), 0)), float(x.max())), (0.0, top or max(highest, 1e-9) * 1.05), log)

    def place(self, x: float, y: float) -> tuple[float, float]:
        along = (x - self.x_range[0]) / max(self.x_range[1] - self.x_range[0], 1e-9)
        low, high, value = (math.log(max(each, 1e-12)) if self.log else each for each in (*self.y_range, y))
        return (
            self.left + along * (self.right - self.left),
            self.bottom - min(max((value - low) / (high - low), 0.0), 1.0) * (self.bottom - self.top),
        )

    def runs(self, line: Line) -> list[list[tuple[float, float]]]:
        """The line's places, cut where a value is missing."""
        runs: list[list[tuple[float, float]]] = [[]]
        for x, y in zip(line.x, line.y, strict=True):
            if math.isfinite(y):
                runs[-1].append(self.place(float(x), float(y)))
            elif runs[-1]:
                runs.append([])
        return [run for run in runs if run]

    def grid(self, x_title: str) -> str:
        parts = []
        for value in _log_ticks(*self.y_range) if self.log else _ticks(*self.y_range):
            y = self.place(self.x_range[0], value)[1]
            parts.append(f'<line class="grid" x1="{self.left}" x2="{self.right}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text class="tick-y" x="{self.left - 6}" y="{y + 4:.1f}">{value:g}</text>')
        for value in _ticks(*self.x_range):
            x = self.place(value, self.y_range[1])[0]
            parts.append(f'<text class="tick-x" x="{x:.1f}" y="{self.bottom + 16}">{value:g}</text>')
        middle = (self.left + self.right) / 2
        parts.append(f'<text class="tick-x" x="{middle}" y="{self.bottom + 33}">{text(x_title)}</text>')
        return "".join(parts)


def _ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers in a range."""
    rough = max(high - low, 1e-9) / about
    power = 10 ** math.floor(math.log10(rough))
    step = min((1, 2, 5, 10), key=lambda each: abs(each * power - rough)) * power
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [digit * 10.0**power for power in powers for digit in (1, 2, 5) if low <= digit * 10.0**power <= high]


def _figure(title: str, summary: str, inside: str, height: int, below: str = "") -> str:
    return (
        f'<figure class="chart"><figcaption>{text(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{text(summary)}">{inside}</svg>{below}</figure>'
    )
