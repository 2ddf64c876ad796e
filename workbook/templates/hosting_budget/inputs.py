"""The assumptions of the hosting budget."""

from __future__ import annotations

from .. import style
from ..book import Book
from ..contracts import UPFRONT
from ..parts import PRICE, Input, Section
from ..serving_parts import serving_sections
from ..shared_inputs import ASSUMED, YOURS, money_section, price_section


def sections(book: Book) -> list[Section]:
    return [
        *serving_sections("llama-3.3-70b", income=True),
        price_section(UPFRONT),
        ("Beside the accelerators", [
            Input("bytes_per_token", "Bytes of a token sent", 4, "bytes", "About 4 of English text; more with JSON around it.", None,
                  style.TENTHS, 0.1, 1000, basis=ASSUMED),
            Input("egress_usd_per_gb", "Traffic out", 0, "USD/GB", "Of output tokens.", None, '"$"0.000', 0, 10, group=PRICE,
                  basis=YOURS),
            Input("log_usd_per_gb", "Logs kept", 0, "USD/GB", "Of prompt and output tokens, for the time you keep them.", None,
                  '"$"0.000', 0, 100, group=PRICE, basis=YOURS),
            Input("balancer_usd", "Load balancer and gateway", 0, "USD/month", "All regions.", None, style.USD, 0, 1e9, basis=YOURS),
            Input("vector_usd", "Vector store", 0, "USD/month", "For retrieval, if there is any.", None, style.USD, 0, 1e9, basis=YOURS),
            Input("guard_share", "Guard model", 0, "share of accelerators' cost", "A second model that reads each request.", None,
                  style.PERCENT, 0, 5, basis=YOURS),
            Input("support_share", "Support and software", 0, "share of accelerators' cost", "Licences and vendor support.", None,
                  style.PERCENT, 0, 5, basis=YOURS),
            Input("staff", "Staff", 0, "full-time people", "On call, operations, evaluation.", None, style.TENTHS, 0, 1e5, basis=YOURS),
            Input("usd_per_person", "Cost of a person", 0, "USD a year", "Salary and overhead.", None, style.USD, 0, 1e8, group=PRICE,
                  basis=YOURS),
        ]),
        money_section(book, "Service starts"),
        ("Limits of the checks", [
            Input("utilisation_floor", "Least use at mean load", 0.1, "share", "Below it, Checks warns: most is paid for nothing.", None,
                  style.PERCENT, 0, 1, fixed=True, basis=ASSUMED),
        ]),
    ]  # fmt: skip
