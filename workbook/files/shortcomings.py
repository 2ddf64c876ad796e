"""The measured differences between the engines and Excel, as docs/headless.md prints them."""

from __future__ import annotations

from .doubt import Measured, measured

MARK = "<!-- shortcomings -->"
_END = "<!-- end -->"


def as_markdown() -> str:
    """The features in which an engine differs from Excel in some measured cell."""
    rows = sorted(measured().values(), key=lambda one: one.feature.casefold())
    exact = [one for one in rows if one.exact_differs or one.exact_gives_up]
    fast = [one for one in rows if one.fast_differs or one.calls_differ]
    proven = sum(one.proves_fast for one in rows)
    return "\n".join(
        [
            f"Of {len(rows)} functions and contexts the fast engine is believed in {proven}.",
            "",
            "Not as Excel's in the exact engine; named unless the file confirms the value, or less than 2 % differ:",
            "",
            "| Function or context | cells compared | another value | an error instead |",
            "|---|---:|---:|---:|",
            *(f"| {one.feature} | {one.exact_cells} | {one.exact_differs} | {one.exact_gives_up} |" for one in exact),
            "",
            "Not as Excel's in the fast engine, and so calculated by the exact one:",
            "",
            "| Function or context | cells compared | differ | made calls compared | differ |",
            "|---|---:|---:|---:|---:|",
            *(_fast_row(one) for one in fast),
        ]
    )


def _fast_row(one: Measured) -> str:
    return f"| {one.feature} | {one.fast_cells} | {one.fast_differs} | {one.calls} | {one.calls_differ} |"


def written_into(text: str) -> str:
    """A page with the tables after the mark, in place of those that stand there."""
    head, _, rest = text.partition(MARK)
    tail = rest.partition(_END)[2] if _END in rest else rest
    return f"{head}{MARK}\n\n{as_markdown()}\n\n{_END}{tail}"
