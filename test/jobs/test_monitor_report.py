"""The page for people: whole in itself, and true to what was found."""

import html
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import charts
import numpy as np
import pytest
from outcome import Found, Violation, nothing
from page import CHECKS, Heading, Plot, Section, Table, render

VOID = {"meta", "br", "link"}
HEADING = Heading("data-quality", "fraud <prod>", "2026-11-21T11:00:00Z", None)


class Tags(HTMLParser):
    """Knows which elements are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parse(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not re.search(r"(src|href)=|https?://|url\(", page), "the page asks for something else"
    return tags


def found(**more: object) -> Found:
    return Found(rows=1200, violations=[], documents={}, metrics=[], **more)


def test_a_page_tells_every_violation_and_takes_no_text_for_markup():
    violations = [Violation("<b>V1</b>", "drift", check, f"{check} & more") for check in CHECKS]
    page = render(HEADING, Found(1200, violations, {}, [], labelled_rows=300), [])
    parse(page)
    for each in violations:
        assert html.escape(each.feature) in page
        assert html.escape(each.description) in page
    assert "fraud &lt;prod&gt;" in page
    assert f"{len(CHECKS)} violations" in page
    assert "300 (25%)" in page


@pytest.mark.parametrize(
    "result, said", [(found(), "no violations"), (nothing("no label has arrived.", {}, 0, 7), "No label has arrived.")]
)
def test_a_page_without_violations_says_why(result, said):
    page = render(HEADING, result, [])
    parse(page)
    assert said in page


def test_plots_and_tables_stand_in_the_page():
    sketch = (np.array([1.0, 2.0, 3.0]), np.array([1, 2, 1]))
    rows = [charts.Bar("V1", {charts.BASELINE: 1.0, charts.PERIOD: 2.0}), charts.Bar("V2", {charts.PERIOD: 0.0})]
    drawings = [
        charts.bars(rows, "x", 1.5),
        charts.ranges([charts.Range("a", 0.5, 0.4, 9.0, None, True)], "x", 0, 1),
        charts.distributions(sketch, (np.array([2.0]), np.array([5])), "a <title>"),
        charts.curves({charts.PERIOD: ([0, 1], [0, 1])}, "x", "across", "up"),
    ]
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)  # noqa: S314 (our own)
        assert "nan" not in drawing
        assert root.get("aria-label")
    page = render(HEADING, found(), [Section("S", "n", [Plot("p", each) for each in drawings], Table(["a"], [["b"]]))])
    assert parse(page).seen.count("svg") == len(drawings)


def test_a_distribution_of_one_value_is_drawn_too():
    same = (np.array([3.0]), np.array([10]))
    points = re.findall(r'points="([^"]+)"', charts.distributions(same, same, "x"))
    assert len(points) == 2
    assert points[0] == points[1]


def test_bars_are_as_long_as_their_values():
    rows = [charts.Bar(str(value), {charts.PERIOD: value}) for value in (1.0, 2.0, 4.0)]
    widths = [float(each) for each in re.findall(r'width="([\d.]+)"', charts.bars(rows, "x"))]
    assert widths[1] == pytest.approx(2 * widths[0], rel=1e-3)
    assert widths[2] == pytest.approx(4 * widths[0], rel=1e-3)
