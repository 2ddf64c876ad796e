"""A report as one HTML page: nothing to load, light and dark, as wide as the window, its charts with their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import takewhile

from xlcalc.language.harmless import printable

from .bill import Bill
from .files.cells_xml import CellValue
from .problems import problems
from .report import NamedCell, Report, shown

_DARK = "--ink:#e6eaf0;--soft:#9aa6b5;--line:#36404d;--page:#12171e;--pane:#1b222c;--bar:#7fb2ec;--bad:#ff8a80"
_STYLE = f"""
:root{{color-scheme:light dark;--ink:#1b2430;--soft:#5b6776;--line:#d8dee6;--page:#fff;--pane:#f4f6f9;
--bar:#1f5fa8;--bad:#b3261e}}
@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
body{{margin:0 auto;max-width:60rem;padding:1rem;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:break-word}}
h1{{font-size:1.5rem;margin-bottom:0}}h2{{font-size:1.15rem;margin-top:2rem;break-after:avoid}}p{{color:var(--soft)}}
.wide{{overflow-x:auto}}table{{border-collapse:collapse;width:100%;font-size:.9rem}}tr,svg,dl div{{break-inside:avoid}}
th,td{{text-align:left;padding:.35rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}}
th,small,dt{{color:var(--soft);font-weight:600}}small{{display:block;font-weight:400}}
td.n,th.n{{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}}td.n small{{white-space:normal}}
.bad,.warn{{border-left:4px solid var(--bad);background:var(--pane);padding:.1rem 1rem;margin:1rem 0}}
.warn{{border-color:var(--soft)}}.bad h2,.warn h2{{margin-top:.5rem}}ul{{padding-left:1.2rem}}
dl{{display:grid;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr));gap:.6rem}}
dl div{{background:var(--pane);padding:.6rem .8rem}}dt{{font-size:.8rem;line-height:1.3}}
dd{{margin:.3rem 0 0;font-size:1.3rem;font-weight:600;line-height:1.2}}dd.t{{font-size:1rem}}dd small{{font-size:.8rem}}
td:first-child{{min-width:8rem}}
svg{{width:100%;max-width:34rem;height:auto;font:13px system-ui,sans-serif}}svg text{{fill:var(--ink)}}
svg rect{{fill:var(--bar)}}svg line{{stroke:var(--soft)}}
@media (max-width:40rem){{.name{{display:none}}}}
@media print{{:root{{color-scheme:light}}body{{max-width:none;font-size:11px}}}}
"""
_WIDTH, _ROW = 360, 40
_SHORT = 16  # characters of a text that stands under the numbers
_TILES = 10
_CENT, _CENTS = 0.01, 1000
"""USD from which, and up to which, cents are shown."""
_LARGE = ((1e12, "T"), (1e9, "B"), (1e6, "M"))
_RANGES = {"total": "total_cost", "days": "wall_clock_days"}
"""What stands before _p10, _p50 and _p90 in the names of a range, and the result that it is the range of."""


def as_html(report: Report) -> bytes:
    """The page of a report."""
    package = report.recalculation.package
    cover = package.rows("Cover") if "Cover" in package.sheets else {}
    moved = _moved(package.rows("Dashboard")) if "Dashboard" in package.sheets else ""
    wrong = [*(check.sentence() for check in report.failed), *problems(report.recalculation)]
    title = str(cover.get(1, {}).get(1) or report.source)
    about = [str(cover.get(2, {}).get(1) or ""), *_facts(report.inputs)]
    parts = [f"<h1>{escape(title)}</h1><p>{'<br>'.join(escape(one) for one in about if one)}</p>"]
    parts.append(_said("bad", "Failed checks", wrong))
    parts.append(_said("warn", "Warnings", [check.sentence() for check in report.warned]))
    parts.append(_said("warn", "Notes", report.notes))
    results = [one for one in report.results if not one.name.startswith("checks_")]
    tiles = [*takewhile(lambda one: not one.name.startswith("checks_"), report.results)][:_TILES]
    parts.append(_tiles(tiles, next((one for one in results if one.name == "total_in_currency"), None)))
    named = {one.name: one for one in results}
    parts += [_range(stem, of, named, moved if of == "total_cost" else "") for stem, of in _RANGES.items()]
    if bill := report.bill:
        parts.append(_costs(bill))
    parts.append(_named("Results", results))
    parts.append(_named("Inputs", report.inputs))
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )
    return printable(page).encode()


def _moved(rows: Mapping[int, Mapping[int, CellValue]]) -> str:
    """What moves in the range of the total, in the words of the Dashboard: by hours of the run alone."""
    said = (str(value) for row in rows.values() for value in row.values() if "P10 to P90: " in str(value))
    return next((f", by {one.partition(', by ')[2]}" for one in said if ", by " in one), "")


def _facts(inputs: Sequence[NamedCell]) -> list[str]:
    return [f"{one.about}: {one.value}" for one in inputs if one.name in ("scenario", "report_date") and one.value]


def _said(kind: str, title: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    return f'<div class="{kind}"><h2>{title}</h2><ul>{items}</ul></div>' if items else ""


def _tiles(results: Sequence[NamedCell], converted: NamedCell | None) -> str:
    """The key figures; the total in the reader's currency too, where that is another."""
    tiles = ""
    for one in results:
        text, unit = _figure(one.value, one.unit, _amount)
        kind = " class=t" if isinstance(one.value, str) else ""
        amount = converted.value if converted and converted.unit != "USD" else None
        if one.name == "total_cost" and converted and isinstance(amount, (int, float)):
            unit += f" = {_amount(amount)} {converted.unit}"
        said = f"<dd{kind}>{escape(text)} <small>{escape(unit)}</small></dd>"
        tiles += f"<div><dt>{escape(one.about or one.name)}</dt>{said}</div>"
    return f"<dl>{tiles}</dl>" if tiles else ""


def _range(stem: str, name: str, results: Mapping[str, NamedCell], moved: str) -> str:
    """A range as a line from P10 to P90 over a scale from 0, and the table of its numbers."""
    named = {"this report": name, **{f"P{share}": f"{stem}_p{share}" for share in (10, 50, 90)}}
    found = {title: results[one] for title, one in named.items() if one in results}
    amounts = {title: float(one.value) for title, one in found.items() if isinstance(one.value, (int, float))}
    if len(amounts) < len(found) or not {"this report", "P10", "P90"} <= set(amounts):
        return ""
    this = found["this report"]
    scale = _WIDTH / max(*amounts.values(), 1e-9)
    at, low, high = (max(0.0, amounts[title]) * scale for title in ("this report", "P10", "P90"))
    points = " · ".join(
        f"{title} {_amount(amount)}" for title, amount in amounts.items() if title in ("P10", "P50", "P90")
    )
    drawn = (
        f'<line x1="0" y1="32" x2="{_WIDTH}" y2="32"/>'
        f'<rect x="{low:.1f}" y="26" width="{max(high - low, 1):.1f}" height="12"/>'
        f'<line x1="{at:.1f}" y1="18" x2="{at:.1f}" y2="42"/>'
        f'<text x="{at:.1f}" y="13" text-anchor="{"end" if at > _WIDTH / 2 else "start"}">this report '
        f"{_amount(amounts['this report'])}</text>"
        f'<text x="{_WIDTH}" y="56" text-anchor="end">{points}</text>'
    )
    title = f"Range of {this.about[:1].lower()}{this.about[1:]}, {this.unit}{moved}"
    return f"<h2>{escape(title)}</h2>{_drawing(60, title, drawn)}{_table([*found.values()])}"


def _costs(bill: Bill) -> str:
    """Bars of the scenario shown, without lines that are 0, and the table of all numbers."""
    amounts = [(label, float(v)) for label, (v, *_) in bill.lines[:-1] if isinstance(v, (int, float)) and v]
    low, high = (find([0.0, *(amount for _, amount in amounts)]) for find in (min, max))
    scale = _WIDTH / (high - low or 1.0)
    drawn = ""
    for i, (label, amount) in enumerate(amounts):
        drawn += (
            f'<text x="0" y="{i * _ROW + 14}">{escape(label)}</text>'
            f'<text x="{_WIDTH}" y="{i * _ROW + 14}" text-anchor="end">{_amount(amount)}</text>'
            f'<rect x="{(min(amount, 0.0) - low) * scale:.1f}" y="{i * _ROW + 19}" '
            f'width="{abs(amount) * scale:.1f}" height="{_ROW - 26}"/>'
        )
    heads = "".join(f'<th class="n">{escape(head)}</th>' for head in bill.heads)
    rows = ""
    for label, values in bill.lines:
        rows += f"<tr><td>{escape(label)}</td>{''.join(_value(value, '') for value in values)}</tr>"
    return (
        f"<h2>{escape(bill.title)}</h2>{_drawing(len(amounts) * _ROW, f'{bill.title} by line', drawn)}"
        f"{_scrolled(f'<th>Line</th>{heads}', rows)}"
    )


def _drawing(height: int, title: str, drawn: str) -> str:
    label = escape(f"{title}; the table below has the numbers")
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">{drawn}</svg>'


def _named(title: str, names: Sequence[NamedCell]) -> str:
    return f"<h2>{title}</h2>{_table(names)}" if names else ""


def _table(names: Sequence[NamedCell]) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.about or one.name)}</td>{_value(one.value, one.unit)}"
        f'<td class="name"><code>{escape(one.name)}</code></td></tr>'
        for one in names
    )
    return _scrolled('<th>What</th><th class="n">Value</th><th class="name">Name</th>', rows)


def _scrolled(head: str, rows: str) -> str:
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>'


def _value(value: CellValue, unit: str) -> str:
    text, rest = _figure(shown(value, unit), unit, _whole)
    number = isinstance(value, (int, float)) or len(text) <= _SHORT
    return f"<td{' class=n' if number else ''}>{escape(text)}{f'<small>{escape(rest)}</small>' if rest else ''}</td>"


def _figure(value: float | str | bool | None, unit: str, written: Callable[[float], str]) -> tuple[str, str]:
    """A value and its unit as people read them: shares as percentages, days without a unit."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).upper(), unit if unit != "date" else ""
    if isinstance(value, str):
        return value, "" if unit in ("date", "name", "text") else unit
    if unit.startswith("share"):
        return f"{value * 100:,.4g}%", unit.removeprefix("share").strip()
    if unit.startswith("USD") and _CENT <= abs(value) < _CENTS:
        return f"{value:,.2f}", unit
    return written(value), unit


def _amount(amount: float) -> str:
    """A number as few digits say it: 32.07 M."""
    for size, letter in _LARGE:
        if abs(amount) >= size:
            return f"{amount / size:,.2f} {letter}"
    return _whole(amount)


def _whole(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 or float(number).is_integer() else f"{number:,.4g}"
