"""A report as one HTML page: nothing to load, light and dark, as wide as the window, its chart with its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from xlcalc.language.harmless import printable

from .files.cells_xml import CellValue
from .problems import problems
from .report import NamedCell, Report, shown

_STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6776;--line:#d8dee6;--page:#fff;--pane:#f4f6f9;
--bar:#1f5fa8;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--line:#36404d;--page:#12171e;--pane:#1b222c;
--bar:#7fb2ec;--bad:#ff8a80}}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.35rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bad{border-left:4px solid var(--bad);background:var(--pane);padding:.5rem 1rem;margin:1rem 0}
svg{width:100%;height:auto;font:13px system-ui,sans-serif}svg text{fill:var(--ink)}svg rect{fill:var(--bar)}
@media (max-width:40rem){.name{display:none}svg{min-width:34rem}}
caption{text-align:left;color:var(--soft)}@media print{body{max-width:none}}
"""
_WIDTH, _ROW, _LABEL = 640, 26, 210
_SHORT = 16  # characters of a text that stands under the numbers


class Bill(NamedTuple):
    """The lines of cost that the Dashboard shows: heading, heads of the columns, label and values of each line."""

    title: str
    heads: list[str]
    lines: list[tuple[str, list[CellValue]]]


def as_html(report: Report) -> bytes:
    """The page of a report."""
    package = report.recalculation.package
    bill = bill_of(package.rows("Dashboard")) if "Dashboard" in package.sheets else None
    wrong = [*(check.sentence() for check in report.failed), *problems(report.recalculation)]
    title = str((package.value("Cover", "A1") if "Cover" in package.sheets else None) or report.source)
    parts = [f"<h1>{escape(title)}</h1>"]
    if wrong:
        parts.append(f'<div class="bad"><h2>Failed checks</h2><ul>{_items(wrong)}</ul></div>')
    parts.append(_named("Results", report.results))
    if bill:
        parts.append(_chart(bill))
    notes = [check.sentence() for check in report.warned]
    if notes:
        parts.append(f"<h2>Warnings</h2><ul>{_items(notes)}</ul>")
    parts.append(_named("Inputs", report.inputs))
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    return printable(page).encode()


def bill_of(rows: Mapping[int, Mapping[int, CellValue]]) -> Bill | None:
    """The lines of cost on a Dashboard, where it has them: the block under "Cost in USD", to its Total."""
    for row in sorted(rows):
        for column, value in rows[row].items():
            if isinstance(value, str) and value.startswith("Cost in USD"):
                heads = {c: str(v) for c, v in rows.get(row + 1, {}).items() if c > column and v not in (None, "Share")}
                lines = []
                for line in range(row + 2, max(rows) + 1):
                    cells = rows.get(line, {})
                    if column not in cells:
                        break
                    lines.append((str(cells[column]), [cells.get(c) for c in heads]))
                    if cells[column] == "Total":
                        return Bill(value, list(heads.values()), lines)
    return None


def _named(title: str, names: Sequence[NamedCell]) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.about)}</td>{_value(one.value, one.unit)}<td>{escape(one.unit)}</td>"
        f'<td class="name"><code>{escape(one.name)}</code></td></tr>'
        for one in names
    )
    head = '<tr><th>What</th><th class="n">Value</th><th>Unit</th><th class="name">Name</th></tr>'
    return f'<h2>{title}</h2><div class="wide"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _chart(bill: Bill) -> str:
    """Bars of the scenario shown, and the table of their numbers."""
    bars = [(label, values[0]) for label, values in bill.lines[:-1]]
    amounts = [float(v) if isinstance(v, (int, float)) else 0.0 for _, v in bars]
    largest, room = max([*amounts, 1.0]), _WIDTH - _LABEL - 90
    drawn = ""
    for i, ((label, _), amount) in enumerate(zip(bars, amounts, strict=True)):
        top, width = i * _ROW, max(0.0, room * amount / largest)
        drawn += (
            f'<text x="0" y="{top + 17}">{escape(label)}</text>'
            f'<rect x="{_LABEL}" y="{top + 4}" width="{width:.1f}" height="{_ROW - 8}"/>'
            f'<text x="{_LABEL + 6 + width:.1f}" y="{top + 17}">{_amount(amount)}</text>'
        )
    heads = "".join(f'<th class="n">{escape(head)}</th>' for head in bill.heads)
    rows = ""
    for label, values in bill.lines:
        rows += f"<tr><td>{escape(label)}</td>{''.join(_value(value, 'USD') for value in values)}</tr>"
    return (
        f'<h2>{escape(bill.title)}</h2><div class="wide"><svg viewBox="0 0 {_WIDTH} {len(bars) * _ROW}" role="img" '
        f'aria-label="{escape(bill.title)} by line; the table below has the numbers">{drawn}</svg></div>'
        f'<div class="wide"><table><thead><tr><th>Line</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _amount(amount: float) -> str:
    return f"{amount / 1e6:,.2f} M" if abs(amount) >= 1e6 else f"{amount:,.0f}"


def _value(value: CellValue, unit: str) -> str:
    said = shown(value, unit)
    if isinstance(said, bool) or said is None or isinstance(said, str):
        text = "" if said is None else str(said)
        return f"<td{' class=n' if len(text) <= _SHORT else ''}>{escape(text)}</td>"
    text = f"{said:,.0f}" if abs(said) >= 1000 or float(said).is_integer() else f"{said:,.4g}"
    return f'<td class="n">{text}</td>'


def _items(sentences: Sequence[str]) -> str:
    return "".join(f"<li>{escape(one)}</li>" for one in sentences)
