"""The template cluster-tco: what a cluster of one's own costs over its life, against renting or reserving one."""

from __future__ import annotations

from .. import style
from ..assemble import build as assemble
from ..book import Book
from ..parts import PROJECT, Constant, Figure, Picture, Template, range_of
from . import offers
from .checks import CHECKS
from .inputs import LIFE_MONTHS, LISTED_SYSTEM, sections
from .lines import AFTER, BLOCKS, CLOCK, COSTS, RESULTS

_HOUR = '"$"0.00'
TEMPLATE = Template(
    title="Cluster: build, rent or reserve",
    subject="What a cluster of your own costs over its life, and how well used it must be to beat renting",
    about=[
        "Give size, price of a system, power and how well it will be used on Inputs: the workbook gives capital, cash by month, cost "
        "of a useful accelerator-hour, and the use at which owning breaks even with each way of renting.",
        "Everything is plain Excel: no function is needed but to look up the accelerator's id.",
        "From the command line: xlcalc report cluster-tco --set accelerators=2048 --set utilisation=0.8 -o report.xlsx",
    ],
    scope=[
        "In scope: systems, network, storage, control plane, spares, delivery; financing; power or colocation, insurance, "
        "maintenance, software, staff; residual value; own lines, contingency, tax; rent of the same useful hours beside it, with the same "
        "contingency and tax.",
        "Left out unless you add it: land and building, grid connection, water, taxes on profit, the value of being early.",
    ],
    sections=sections,
    overrides={
        "low": {"utilisation": 0.85, "residual_share": 0.4, "maintenance_share": 0.08, "network_share": 0.13},
        "high": {"utilisation": 0.5, "residual_share": 0.0, "maintenance_share": 0.15, "price_percentile": 0.25},
    },
    blocks=BLOCKS, costs=COSTS, basis=PROJECT, months=LIFE_MONTHS, amounts=style.MILLIONS, results=RESULTS, clock=CLOCK, after=AFTER,
    after_title="Against renting the same useful hours on demand, and the books", starts="plan_start", ends="plan_end", signed="loan_usd*{repaid}+{paid_cost_interest}", checks=CHECKS,
    tiles=[
        Figure("Cost over the life", "total_cost", style.AMOUNT, range_of("prices of systems and power", "use")),
        Figure("A useful hour, owned", "own_usd_per_hour", _HOUR, "USD, capital and loan at the discount rate"),
        Figure("The same hour, rented", "rent_usd_per_hour", _HOUR, "USD on demand, contingency and tax on both"),
        Figure("Breaks even at a use of", "breakeven_use", style.PERCENT, "against renting on demand"),
        Figure("Capital", "capex", style.AMOUNT, "paid at the start or financed"),
        Figure("Power needed", "hall_kw", '#,##0 "kW"', '="on average "&TEXT(power_kw,"#,##0")&" kW at the meter"'),
        Figure("Worth against renting", "saving_discounted", style.AMOUNT, "present value of the saving"),
        Figure("Pays back in month", "payback_month", "General", "against renting on demand"),
    ],
    facts=[
        Figure("Accelerator", "accelerator_id"), Figure("Systems", "systems", style.WHOLE),
        Figure("Accelerators, spares apart", "accelerators_bought", style.WHOLE),
        Figure("Hours with work", "utilisation_shown", style.PERCENT), Figure("Availability", "uptime_shown", style.PERCENT),
        Figure("Capital per accelerator", "capex_each", '"$"#,##0'),
        Figure("Running cost a month, interest apart", "opex_month", style.AMOUNT),
        Figure("Recovery of capital", "recovery_factor", '0.0% "a year (CRF)"'),
        Figure("Rented, committed for 3 years", "reserve_usd_per_hour", '"$"0.00 "a useful hour"'),
        Figure("Owning over that, by the hour", "breakeven_use_3y", style.PERCENT),
        Figure("Best offer, a useful hour", "best_offer_usd_per_hour", _HOUR),
        Figure("Return on the capital (IRR)", "saving_irr", style.PERCENT),
        Figure("Energy a year", "energy_mwh", '#,##0 "MWh"'),
        Figure("Rental price taken from", "price_on_demand_basis"), Figure("Age of the prices", "price_age", '#,##0 "days"'),
    ],
    compared=[
        Figure("Capital", "capex", style.USD), Figure("Running cost a month", "opex_month", style.USD),
        Figure("A useful hour, owned", "own_usd_per_hour", _HOUR), Figure("Rented on demand", "rent_usd_per_hour", _HOUR),
        Figure("Rented, one year", "reserve_1y_usd_per_hour", _HOUR), Figure("Rented, three years", "reserve_usd_per_hour", _HOUR),
        Figure("Breaks even at a use of", "breakeven_use", style.PERCENT), Figure("Power needed", "hall_kw", style.WHOLE),
        Figure("Total, P10", "total_p10", style.USD), Figure("Total, P90", "total_p90", style.USD),
    ],
    drivers=[
        ("usd_per_system", "Price of a system"), ("network_share", "Network's share"), ("utilisation", "Hours with work"),
        ("life_months", "Life"), ("residual_share", "Residual value"), ("usd_per_kwh", "Electricity"),
        ("maintenance_share", "Maintenance"), ("staff", "Staff"),
    ],
    headlines=["total_cost", "capex", "own_usd_per_hour", "rent_usd_per_hour", "breakeven_use", "hall_kw", "power_kw", "saving_discounted",
               "saving_irr", "payback_month", "checks_ok", "checks_failed", "checks_warned"],
    headline="Cost of the cluster over its life, residual value off",
    constants=[Constant("listed_system_usd", "Price of a system that Inputs starts with", LISTED_SYSTEM[0], "USD", "", style.USD),
               Constant("listed_system_accelerator", "Its accelerator", f'="{LISTED_SYSTEM[1]}"', "", "", style.GENERAL),
               Constant("listed_system_size", "Accelerators in it", LISTED_SYSTEM[2], "devices", ""),
               Constant("to_tenth", "Exponent that turns a twentieth into a tenth", 0.7791, "exponent",
                        "1.2816 over 1.6449 standard deviations: P10 and P90 of a lognormal distribution whose P5 and P95 are known.",
                        "0.0000"),
               Constant("kwh_per_mwh", "kWh in a MWh", 1000, "kWh", ""),
               Constant("use_30", "Use shown beside: 30 %", 0.3, "share", "", style.PERCENT),
               Constant("use_70", "Use shown beside: 70 %", 0.7, "share", "", style.PERCENT),
               Constant("use_90", "Use shown beside: 90 %", 0.9, "share", "", style.PERCENT)],
    lists={"yes_no_list": ["yes", "no"], "depreciation_list": ["straight-line", "declining"]},
    pictures=[Picture("A useful accelerator-hour", "USD", ["own_usd_per_hour", "rent_usd_per_hour", "reserve_usd_per_hour"],
                      number_format='"$"0.00')],
    extra=[offers.build],
)  # fmt: skip


def build() -> Book:
    return assemble(TEMPLATE)
