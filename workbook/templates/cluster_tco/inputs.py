"""The assumptions of the cluster's cost."""

from __future__ import annotations

from .. import style
from ..book import Book, Source
from ..parts import EFFICIENCY, MIX, PRICE, VOLUME, Input, Section
from ..shared_inputs import (
    ASSUMED,
    ELECTRICITY,
    EPOCH_COSTS,
    NODE_POWER,
    YOURS,
    accelerator_input,
    money_section,
    price_section,
)

SERVER = Source(
    "Epoch AI, hardware prices",
    "Epoch AI, training-cost-trends, Hardware prices.csv: 8-GPU HGX H100 server at 31,904.63 USD a GPU, archive.ph/miFcW; "
    "other 8-GPU H100 systems listed from 230,000 to 375,000 USD in 2023 to 2025",
    "https://github.com/epoch-research/training-cost-trends",
    "2025-01-31",
)
UNCERTAINTY = Source(
    "Epoch AI, uncertainty of costs",
    "Epoch AI, training-cost-trends, uncertainty.ipynb: 90 % credible intervals around a central figure: price of hardware 0.5 to 2, "
    "price of energy 0.6 to 1.7",
    "https://github.com/epoch-research/training-cost-trends/blob/main/uncertainty.ipynb",
    "2026-11-28",
)


LIFE_MONTHS = 72
"""The longest life: so many months Timeline has."""
LISTED_SYSTEM = (255_237, "h100-sxm", 8)
"""The price that a new workbook starts with, and whose it is."""


def sections(book: Book) -> list[Section]:
    return [
        ("What is built", [
            accelerator_input(),
            Input("accelerators", "Accelerators needed", 1024, "devices", "Whole systems are bought.", None, style.WHOLE, 1, 1e7, True,
                  group=VOLUME),
            Input("node_size", "Accelerators in a system", 8, "devices", "Bought together. On demand those needed are paid, for a term whole instances that are listed.", None, style.WHOLE, 1, 1024, True, group=MIX),
            Input("usd_per_system", "Price of a system", LISTED_SYSTEM[0], "USD", "Server with its accelerators. An 8-GPU HGX H100 as listed on "
                  "31 January 2025: take your quote.", SERVER, style.USD, 1, 1e9, group=PRICE),
            Input("network_share", "Network between systems", 0.19, "share of capital with it",
                  "Epoch AI: 19 % of a cluster's cost; 9 to 13 % of the cost of a model.", EPOCH_COSTS, style.PERCENT, 0, 0.9,
                  group=PRICE),
            Input("storage_usd", "Storage", 0, "USD", "Bought with the cluster.", None, style.USD, 0, 1e12, basis=YOURS),
            Input("control_usd", "Control plane and management", 0, "USD", "Login, scheduler, monitoring nodes.", None, style.USD, 0,
                  1e12, basis=YOURS),
            Input("spares_share", "Spare systems", 0.05, "share of systems", "On the shelf or idle. Offers name 5 to 10 %.", None,
                  style.PERCENT, 0, 1, basis=ASSUMED),
            Input("delivery_share", "Freight, duty, installation", 0, "share of the above", "Customs and site work with it.", None, style.PERCENT, 0, 2,
                  basis=YOURS),
        ]),
        ("Life and financing", [
            Input("life_months", "Life", 60, "months", "Four to six years are usual in published accounts.", None, style.WHOLE, 12, LIFE_MONTHS,
                  True, basis=ASSUMED),
            Input("residual_share", "Residual value", 0.2, "share of systems' price", "At the end of the life; 20 to 40 % are named for "
                  "early resale.", None, style.PERCENT, 0, 0.9, basis=ASSUMED, group=PRICE),
            Input("depreciation", "Depreciation", "straight-line", "", "For the books on Timeline: straight-line, or declining at twice that "
                  "rate for half of the life, then straight.", among="depreciation_list"),
            Input("financed_share", "Financed by a loan", 0, "share of capital", "Repaid in equal parts.", None, style.PERCENT, 0, 1),
            Input("loan_rate", "Interest of the loan", 0.1, "share a year", "An assumption.", None, style.PERCENT, 0, 1, basis=ASSUMED,
                  group=PRICE),
            Input("loan_months", "Term of the loan", 36, "months", "Equal parts of it are repaid each month. An assumption.", None, style.WHOLE, 1, 60, True, basis=ASSUMED),
        ]),
        ("Use", [
            Input("utilisation", "Hours with work", 0.7, "share", "Of the hours that it is up. An assumption: the "
                  "question that decides.", None, style.PERCENT, 0.01, 1, basis=ASSUMED, group=EFFICIENCY),
            Input("uptime", "Availability", 0.95, "share", "Less failures, restarts and maintenance; Llama 3's training reached 90 %.",
                  None, style.PERCENT, 0.01, 1, basis=ASSUMED, group=EFFICIENCY),
        ]),
        ("Running it", [
            Input("watts", "Power of one accelerator with its server", None, "W", "Measured, if you know it.", None, style.WHOLE, 1,
                  1e5, blank="TDP times the next line"),
            Input("server_power_factor", "Server over accelerators", 1.5, "ratio",
                  "An 8-GPU H100 node was measured at up to 8.4 kW, 1,050 W a GPU of 700 W.", NODE_POWER, "0.00", 1, 4),
            Input("load", "Average load", 0.75, "share of power", "While it works.", EPOCH_COSTS, style.PERCENT, 0.01, 1),
            Input("idle_load", "Load without work", 0.3, "share of power", "An assumption.", None, style.PERCENT, 0, 1, basis=ASSUMED),
            Input("pue", "Power usage effectiveness", 1.25, "ratio", "Epoch AI: 1.1 for the largest clouds, 1.25 elsewhere.",
                  EPOCH_COSTS, "0.00", 1, 3),
            Input("usd_per_kwh", "Price of electricity", 0.0929, "USD/kWh", "Average of US industry.", ELECTRICITY, '"$"0.0000', 0, 5,
                  group=PRICE),
            Input("colo_usd_per_kw", "Colocation", None, "USD/kW-month", "Of the rated power; it contains electricity and cooling.",
                  None, style.USD, 0, 1e4, blank="your own hall: electricity at the price above", group=PRICE),
            Input("insurance_share", "Insurance", 0.0075, "share of capital a year", "0.5 to 1 % are named.", None, "0.00%", 0, 0.5,
                  basis=ASSUMED),
            Input("maintenance_share", "Maintenance and support", 0.1, "share of systems and network a year", "8 to 15 % are named.", None,
                  style.PERCENT, 0, 1, basis=ASSUMED, group=PRICE),
            Input("software_usd", "Software", 0, "USD/accelerator-year", "Licences.", None, style.USD, 0, 1e6, basis=YOURS, group=PRICE),
            Input("staff", "Staff", 0, "full-time people", "Operations, network, procurement.", None, style.TENTHS, 0, 1e5, basis=YOURS),
            Input("usd_per_person", "Cost of a person", 0, "USD a year", "Salary and overhead.", None, style.USD, 0, 1e8, basis=YOURS, group=PRICE),
        ]),
        price_section(mixed=False),
        money_section(book, "Cluster starts"),
        ("How sure the prices are: nine in ten lie between these multiples of the figures above", [
            Input("system_price_low", "Systems, low end", 0.5, "factor", "1 and 1 with a quote in hand. Epoch's interval for prices of "
                  "hardware that are read from lists.", UNCERTAINTY, "0.00", 0.01, 1, fixed=True),
            Input("system_price_high", "Systems, high end", 2, "factor", "As above.", UNCERTAINTY, "0.00", 1, 10, fixed=True),
            Input("energy_price_low", "Electricity, low end", 0.6, "factor", "Epoch's interval, by the spread between states.",
                  UNCERTAINTY, "0.00", 0.01, 1, fixed=True),
            Input("energy_price_high", "Electricity, high end", 1.7, "factor", "As above.", UNCERTAINTY, "0.00", 1, 10, fixed=True),
        ]),
    ]  # fmt: skip
