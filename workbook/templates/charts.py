"""Charts of one look: titles, axis titles with units, quiet grid lines, the colours of the workbook."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.chart import BarChart, LineChart, Reference, ScatterChart, Series
from openpyxl.chart.axis import DateAxis
from openpyxl.chart.data_source import StrRef
from openpyxl.chart.label import DataLabel, DataLabelList
from openpyxl.chart.legend import LegendEntry
from openpyxl.chart.marker import DataPoint
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.drawing.text import (
    CharacterProperties,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
)  # fmt: skip
from openpyxl.drawing.text import (
    Font as TextFont,
)
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.worksheet.worksheet import Worksheet

from . import style

_MARKS = ("circle", "square", "triangle", "diamond", "x", "plus", "star")


def bars(
    sheet: Worksheet, title: str, categories: Reference, series: Sequence[tuple[str | Reference, Reference]], *,
         horizontal: bool = False,
    stacked: bool = False, x_title: str = "", y_title: str = "", number_format: str = style.AMOUNT,
         labels: bool = False,
    legend: bool = True, gap: int = 60,
) -> BarChart:  # fmt: skip
    """A bar chart; `series` are headings, or the cells that hold them, and their values."""
    chart = BarChart()
    chart.type = "bar" if horizontal else "col"
    chart.grouping = "stacked" if stacked else "clustered"
    chart.overlap = 100 if stacked else None
    chart.gapWidth = gap
    _fill(chart, categories, series)
    if horizontal:  # the first category on top, the amounts below all
        chart.x_axis.scaling.orientation = "maxMin"
        chart.y_axis.crosses = "max"
    if labels:
        for one in chart.series:
            one.dLbls = _labels("showVal")
            one.dLbls.numFmt = number_format
    _finish(chart, title, x_title, y_title, number_format, legend)
    return chart


def scatter(title: str, series: list[tuple[str, Reference, Reference]], ends: Reference) -> ScatterChart:
    """Estimates over measurements on logarithmic axes; `series` are headings, measured and estimated values, `ends` the
    two values between which both are equal on the line."""
    chart = ScatterChart()
    chart.style, chart.scatterStyle = 13, "lineMarker"
    for index, (heading, measured, estimated) in enumerate(series):
        one = Series(estimated, measured, title=heading)
        color = style.SERIES[index % len(style.SERIES)]
        one.marker.symbol, one.marker.size = _MARKS[index % len(_MARKS)], 6
        one.marker.graphicalProperties = GraphicalProperties(noFill=True, ln=LineProperties(solidFill=color))
        one.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))
        chart.series.append(one)
    line = Series(ends, ends, title="equal")
    line.marker.symbol = "none"
    line.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill="7F7F7F", w=9525))
    chart.series.append(line)
    for axis in (chart.x_axis, chart.y_axis):
        axis.scaling.logBase = 10
        axis.crosses = "min"
        axis.number_format = "General"
        axis.numFmt.sourceLinked = False
    chart.x_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E3E7ED"))
    _finish(chart, title, "measured", "estimated", "General", True)
    return chart


def points(title: str, places: list[tuple[Reference, ...]], x_title: str, y_title: str) -> ScatterChart:
    """Points with the name of each beside it: the cells of its name, its x and its y."""
    chart = ScatterChart()
    chart.style, chart.scatterStyle = 13, "lineMarker"
    for index, (name, x, y) in enumerate(places):
        one = Series(y, x)
        one.tx = SeriesLabel(strRef=StrRef(str(name)))
        color = style.SERIES[index % len(style.SERIES)]
        one.marker.symbol, one.marker.size = _MARKS[index % len(_MARKS)], 10
        one.marker.graphicalProperties = GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=color))
        one.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))
        one.dLbls = _labels("showSerName")
        one.dLbls.position = "r"
        chart.series.append(one)
    _finish(chart, title, x_title, y_title, style.RATE, False)
    chart.x_axis.number_format = "General"
    chart.x_axis.numFmt.sourceLinked = False
    chart.x_axis.majorGridlines = None
    return chart


def income(chart: BarChart, points: list[int]) -> None:
    """Bars that go down are light, with their value inside: clear of the names of the axis, and legible on a short bar."""
    for point in points:
        chart.series[0].dPt.append(
            DataPoint(idx=point, invertIfNegative=False, spPr=GraphicalProperties(solidFill=style.SERIES[1]))
        )
        inside = DataLabel(idx=point, dLblPos="inBase", showVal=True, showSerName=False, showCatName=False, showLegendKey=False,
                           showPercent=False)  # fmt: skip
        inside.txPr = _rich(800)
        chart.series[0].dLbls.dLbl.append(inside)


def hollow(chart: BarChart, index: int) -> None:
    """Make a series of a stacked chart invisible, in its legend too: what stands on it floats."""
    chart.legend.legendEntry.append(LegendEntry(idx=index, delete=True))
    chart.series[index].graphicalProperties = GraphicalProperties(noFill=True, ln=LineProperties(noFill=True))
    chart.series[index].dLbls = None


def _labels(shown: str) -> DataLabelList:
    """The values, or the names, beside what they are of."""
    labels = DataLabelList()
    for flag in ("showVal", "showSerName", "showCatName", "showLegendKey", "showPercent"):
        setattr(labels, flag, flag == shown)
    labels.txPr = _rich(800)
    return labels


def lines(
    chart: LineChart, title: str, categories: Reference, series: list[tuple[str, Reference]], x_title: str, y_title: str
) -> None:
    """Fill a line chart; the lines differ in their dashes too, so that they can be told apart in grey."""
    _fill(chart, categories, series)
    for one, dash in zip(chart.series, ("solid", "dash", "sysDot"), strict=False):
        one.smooth = False
        one.graphicalProperties.line.width = 28000
        one.graphicalProperties.line.dashStyle = dash
    _finish(chart, title, x_title, y_title, style.AMOUNT, True)
    chart.x_axis.number_format = style.COUNT
    chart.x_axis.tickLblSkip = 3


def by_month(chart: BarChart, every: int) -> None:
    """Categories are months on an axis of dates, which is as long as they are: months that are there twice fall
    together. Names stand below every so many of them; 1: of as many as have room."""
    words = chart.x_axis
    chart.x_axis = DateAxis(crossAx=100, baseTimeUnit="months", txPr=words.txPr, spPr=words.spPr)
    if every > 1:
        chart.x_axis.majorUnit, chart.x_axis.majorTimeUnit = every, "months"
    chart.x_axis.delete, chart.x_axis.tickLblPos, chart.x_axis.number_format = False, "low", style.MONTH
    chart.y_axis.crossAx = chart.x_axis.axId


def line_over(
    chart: BarChart, categories: Reference, series: tuple[str, Reference], y_title: str, number_format: str
) -> None:
    """A line on a second axis at the right of a bar chart."""
    line = LineChart()
    line.x_axis, line.y_axis.crossAx = chart.x_axis, chart.x_axis.axId
    _fill(line, categories, [series])
    line.series[0].graphicalProperties.line = LineProperties(solidFill="000000", w=28000)  # no bar's colour
    line.series[0].smooth = False
    line.y_axis.axId = 200
    line.y_axis.crosses = "max"
    line.y_axis.majorGridlines = None
    line.y_axis.delete = False
    line.y_axis.title = _title(y_title, 900)
    line.y_axis.number_format = number_format
    line.y_axis.txPr = _rich(800)
    line.y_axis.scaling.min = 0
    chart += line


def _fill(
    chart: BarChart | LineChart, categories: Reference, series: Sequence[tuple[str | Reference, Reference]]
) -> None:
    for index, (heading, values) in enumerate(series):
        one = Series(values, title=heading if isinstance(heading, str) else None)
        if isinstance(heading, Reference):
            one.tx = SeriesLabel(strRef=StrRef(str(heading)))
        color = style.SERIES[index % len(style.SERIES)]
        if isinstance(chart, BarChart):
            one.graphicalProperties = GraphicalProperties(solidFill=color, ln=LineProperties(noFill=True))
            one.invertIfNegative = False
        else:
            one.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=color))
        chart.series.append(one)
    chart.set_categories(categories)


def place(sheet: Worksheet, chart: BarChart | LineChart | ScatterChart, first: str, last: str) -> None:
    """Put a chart over the cells from `first` to `last`, whatever their size."""
    top, left = coordinate_to_tuple(first)
    bottom, right = coordinate_to_tuple(last)
    corner = AnchorMarker(col=left - 1, row=top - 1)
    chart.anchor = TwoCellAnchor(editAs="oneCell", _from=corner, to=AnchorMarker(col=right, row=bottom))
    sheet.add_chart(chart)


def _finish(
    chart: BarChart | LineChart | ScatterChart, title: str, x_title: str, y_title: str, number_format: str, legend: bool
) -> None:
    chart.title = _title(title, 1200, bold=True)
    chart.title.overlay = False
    for axis, text in ((chart.x_axis, x_title), (chart.y_axis, y_title)):
        axis.delete = False
        axis.title = _title(text, 900) if text else None
        axis.txPr = _rich(800)
        axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill="BFBFBF"))
    chart.x_axis.tickLblPos = "low"
    if not isinstance(chart, ScatterChart) and not isinstance(chart, LineChart):
        chart.x_axis.tickLblSkip = 1
    chart.y_axis.number_format = number_format
    chart.y_axis.numFmt.sourceLinked = False
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="E3E7ED"))
    if legend:
        chart.legend.position = "b"
        chart.legend.txPr = _rich(800)
    else:
        chart.legend = None
    chart.graphical_properties = GraphicalProperties(solidFill="FFFFFF", ln=LineProperties(solidFill=style.LINE))
    chart.roundedCorners = False


def _characters(size: int, bold: bool = False) -> CharacterProperties:
    return CharacterProperties(sz=size, b=bold, solidFill="404040", latin=TextFont(typeface=style.FONT))


def _rich(size: int) -> RichText:
    characters = _characters(size)
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=characters), endParaRPr=characters)])


def _title(words: str, size: int, bold: bool = False) -> Title:
    characters = _characters(size, bold)
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=characters), r=[RegularTextRun(rPr=characters, t=words)])
    title = Title(overlay=False)
    title.tx = Text(rich=RichText(p=[paragraph]))
    return title
