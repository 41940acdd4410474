"""Plots as SVG that stands in a page: colours are the page's variables, so that they follow light and dark.

No container of SageMaker's has a library for this that writes such files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

WIDTH = 420
#: Room left of bars for names, and right of them for figures.
NAMES, FIGURES = 132, 64
ROW = 24
#: Classes of the two things that are compared.
BASELINE, PERIOD = "baseline", "period"


def _root(height: float, told: str) -> ElementTree.Element:
    """``told`` says what the plot shows to who cannot see it."""
    root = ElementTree.Element("svg", {"viewBox": f"0 0 {WIDTH} {height:g}", "role": "img", "aria-label": told})
    return root


def _add(parent: ElementTree.Element, tag: str, content: "str | None" = None, **attributes: "float | str") -> None:
    names = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    texts = {name: value if isinstance(value, str) else f"{value:.5g}" for name, value in names.items()}
    ElementTree.SubElement(parent, tag, texts).text = content


def _written(root: ElementTree.Element) -> str:
    return ElementTree.tostring(root, encoding="unicode")


@dataclass(frozen=True)
class Bar:
    """A row of values, one for each thing that is compared, and whether it is a violation."""

    name: str
    values: "dict[str, float]"
    failed: bool = False


def bars(rows: Sequence[Bar], told: str, limit: "float | None" = None) -> str:
    """Horizontal bars from 0 on; the limit is a line."""
    highest = max([limit or 0.0, *(value for row in rows for value in row.values.values())]) or 1.0
    root = _root(ROW * len(rows) + 22, told)
    length = WIDTH - NAMES - FIGURES

    def place(value: float) -> float:
        return NAMES + length * max(value, 0.0) / highest

    for index, row in enumerate(rows):
        top = index * ROW
        _add(
            root,
            "text",
            row.name,
            x=NAMES - 8,
            y=top + 16,
            text_anchor="end",
            class_="name failed" if row.failed else "name",
        )
        thickness = 14 / len(row.values)
        for number, (series, value) in enumerate(row.values.items()):
            width = max(place(value) - NAMES, 1)
            _add(
                root,
                "rect",
                x=NAMES,
                y=top + 4 + number * thickness,
                width=width,
                height=thickness - 0.5,
                class_=series,
            )
        _add(root, "text", f"{list(row.values.values())[-1]:.3g}", x=WIDTH - FIGURES + 8, y=top + 16, class_="figure")
    bottom = ROW * len(rows) + 2
    _add(root, "line", x1=NAMES, x2=NAMES, y1=0, y2=bottom, class_="axis")
    if limit is not None:
        _add(root, "line", x1=place(limit), x2=place(limit), y1=0, y2=bottom, class_="limit")
        _add(root, "text", f"limit {limit:g}", x=place(limit), y=bottom + 15, text_anchor="middle", class_="limit")
    return _written(root)


@dataclass(frozen=True)
class Range:
    """A value with the interval around it, and what it is held against."""

    name: str
    value: float
    low: float
    high: float
    mark: "float | None" = None
    failed: bool = False


def ranges(rows: Sequence[Range], told: str, low: float, high: float) -> str:
    """Points with whiskers between two ends of a scale; what lies outside stands at the end."""
    root = _root(ROW * len(rows) + 24, told)
    length = WIDTH - NAMES - FIGURES

    def place(value: float) -> float:
        return NAMES + length * (min(max(value, low), high) - low) / (high - low)

    bottom = ROW * len(rows) + 2
    for tick in (low, (low + high) / 2, high):
        _add(root, "line", x1=place(tick), x2=place(tick), y1=0, y2=bottom, class_="axis")
        _add(root, "text", f"{tick:g}", x=place(tick), y=bottom + 16, text_anchor="middle", class_="tick")
    for index, row in enumerate(rows):
        middle = index * ROW + 12
        series = "failed" if row.failed else PERIOD
        _add(root, "text", row.name, x=NAMES - 10, y=middle + 4, text_anchor="end", class_=f"name {series}")
        _add(root, "line", x1=place(row.low), x2=place(row.high), y1=middle, y2=middle, class_=f"whisker {series}")
        if row.mark is not None:
            _add(root, "rect", x=place(row.mark) - 1.5, y=middle - 7, width=3, height=14, class_=BASELINE)
        _add(root, "circle", cx=place(row.value), cy=middle, r=4, class_=series)
        _add(root, "text", f"{row.value:.3g}", x=WIDTH - FIGURES + 12, y=middle + 4, class_="figure")
    return _written(root)


def distributions(
    before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray], told: str, bins: int = 28
) -> str:
    """Shares of weighted values over the range that holds 98% of either."""
    low = min(_quantile(*each, 0.01) for each in (before, after))
    high = max(_quantile(*each, 0.99) for each in (before, after))
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    shares = {
        series: np.histogram(np.clip(values, edges[0], edges[-1]), edges, weights=weights)[0] / weights.sum()
        for series, (values, weights) in ((BASELINE, before), (PERIOD, after))
    }
    height = 130
    most = max(float(each.max()) for each in shares.values())
    root = _root(height + 22, told)
    across = np.linspace(0, WIDTH, bins + 1)
    for series, share in shares.items():
        tops = height - (height - 8) * share / most
        corners = [
            point for index, top in enumerate(tops) for point in ((across[index], top), (across[index + 1], top))
        ]
        outline = [(0.0, float(height)), *corners, (float(WIDTH), float(height))]
        _add(root, "polygon", points=_points(outline), class_=f"area {series}")
    _add(root, "line", x1=0, x2=WIDTH, y1=height, y2=height, class_="axis")
    for place, anchor, value in (
        (0, "start", edges[0]),
        (WIDTH / 2, "middle", edges[bins // 2]),
        (WIDTH, "end", edges[-1]),
    ):
        _add(root, "text", f"{value:.3g}", x=place, y=height + 17, text_anchor=anchor, class_="tick")
    return _written(root)


def curves(series: "dict[str, tuple[Sequence[float], Sequence[float]]]", told: str, x: str, y: str) -> str:
    """Lines within the unit square."""
    size, left, top = 250.0, 46.0, 8.0
    root = _root(size + 52, told)
    span = WIDTH - left - 10
    for tick in (0.0, 0.5, 1.0):
        across, up = left + span * tick, top + size * (1 - tick)
        _add(root, "line", x1=left, x2=left + span, y1=up, y2=up, class_="axis")
        _add(root, "text", f"{tick:g}", x=left - 8, y=up + 4, text_anchor="end", class_="tick")
        _add(root, "text", f"{tick:g}", x=across, y=top + size + 18, text_anchor="middle", class_="tick")
    for name, (xs, ys) in series.items():
        points = [(left + span * px, top + size * (1 - py)) for px, py in zip(xs, ys, strict=True)]
        _add(root, "polyline", points=_points(points), class_=f"curve {name}")
    _add(root, "text", x, x=left + span / 2, y=top + size + 38, text_anchor="middle", class_="label")
    middle = top + size / 2
    _add(root, "text", y, x=12, y=middle, text_anchor="middle", class_="label", transform=f"rotate(-90 12 {middle:g})")
    return _written(root)


def _points(points: "Sequence[tuple[float, float]]") -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    place = np.searchsorted(np.cumsum(weights), share * weights.sum())
    return float(values[min(int(place), len(values) - 1)])
