"""The steps of the cluster's cost. `{line}` is that step in the same column; other words are names."""

from __future__ import annotations

from .. import style
from ..parts import PAID_BACK, Block, Cost, Line, TimeRow
from ..shared_inputs import hardware_lines, price_lines

_INT = style.WHOLE
_HOUR = "USD/accelerator-hour"
_RATE = style.RATE
_CAPITAL: Block = ("What is bought", [
    *hardware_lines(),
    Line("plan_start", "Cluster starts", "date", "{start_date}", "", style.DATE),
    Line("plan_end", "Life ends", "date", "EDATE({start_date}-DAY({start_date})+1,{life_months})-1",
         "Calendar months, from that of the start.", style.DATE),
    Line("life_years", "Life", "years", "{life_months}/months_per_year", "", style.HUNDREDTHS),
    Line("systems", "Systems", "systems", "ROUNDUP({accelerators}/{node_size},0)", "Whole systems.", _INT, "Systems, spares apart"),
    Line("accelerators_bought", "Their accelerators", "accelerators", "{systems}*{node_size}", "", _INT),
    Line("spares", "Spare systems", "systems", "ROUNDUP(ROUND({systems}*{spares_share},rounding_digits),0)", "Whole systems.", _INT),
    Line("systems_usd", "Systems", "USD", "{systems}*{usd_per_system}", "", style.USD),
    Line("spares_usd", "Spare systems", "USD", "{spares}*{usd_per_system}", "", style.USD),
    Line("network_usd", "Network", "USD", "({systems_usd}+{spares_usd})*{network_share}/(1-{network_share})",
         "Its share is of capital with it.", style.USD),
    Line("delivery_usd", "Freight, duty, installation", "USD",
         "({systems_usd}+{spares_usd}+{network_usd}+{storage_usd}+{control_usd})*{delivery_share}", "", style.USD),
    Line("capex", "Capital", "USD", "{systems_usd}+{spares_usd}+{network_usd}+{storage_usd}+{control_usd}+{delivery_usd}", "", style.USD,
         "Capital", True),
    Line("capex_each", "Capital per accelerator", "USD", "{capex}/{accelerators_bought}", "", style.USD, "Capital per accelerator"),
    Line("residual_usd", "Residual value", "USD", "({systems_usd}+{spares_usd})*{residual_share}", "", style.USD),
    Line("loan_usd", "Loan", "USD", "{capex}*{financed_share}", "", style.USD),
])  # fmt: skip
_POWER: Block = ("Power and useful hours", [
    Line("system_watts", "Power of one with its server", "W",
         'IF(ISNUMBER({watts}),{watts},IF({tdp_watts}>0,{tdp_watts}*{server_power_factor},NA()))',
         "#N/A where no TDP is published: missing is not 0.", _INT),
    Line("rated_kw", "Rated power", "kW", "{accelerators_bought}*{system_watts}/watts_per_kw", "", _INT, "Rated power of the systems"),
    Line("hall_kw", "Power that the hall must give", "kW", "{rated_kw}*{pue}", "Rated power with cooling; spares are off.", _INT,
         "Power that the hall must give, cooling included"),
    Line("worked", "Hours with work, of all that are bought", "share", "{uptime}*{utilisation}*{accelerators}/{accelerators_bought}", "",
         style.PERCENT),
    Line("average_load", "Average load", "share of power",
         "{idle_load}+{worked}*({load}-{idle_load})", "At work, and without.", style.PERCENT),
    Line("power_kw", "Power at the meter", "kW", "{rated_kw}*{average_load}*{pue}", "On average.", _INT, "Average power at the meter"),
    Line("energy_mwh", "Energy a year", "MWh", "{power_kw}*hours_per_day*days_per_year/kwh_per_mwh", "", _INT, "Energy a year"),
    Line("up_year", "Accelerator-hours a year that are up", "accelerator-hours", "{accelerators}*hours_per_month*months_per_year*{uptime}",
         "Of those needed.", _INT),
    Line("useful_hours", "Useful accelerator-hours a month", "accelerator-hours", "{up_year}*{utilisation}/months_per_year", "Of those needed: what a last system has beyond them is not used.", _INT),
])  # fmt: skip
BLOCKS: list[Block] = [_CAPITAL, _POWER, ("Price of renting", price_lines(mixed=False))]

_BUY = "((1-financed_share_shown)*{first}+financed_share_shown*{repaid})"


def _running(name: str, label: str, month: str, how: str = "") -> Cost:
    return Cost(Line(name, label, "USD", f"{month}*{{life_months}}", how, style.USD, label), f"{name}*{{life_share}}")


COSTS = [
    Cost(Line("cost_systems", "Systems", "USD", "{systems_usd}+{spares_usd}", "With spares.", style.USD, "Systems"), f"cost_systems*{_BUY}"),
    Cost(Line("cost_network", "Network", "USD", "{network_usd}", "", style.USD, "Network"), f"cost_network*{_BUY}"),
    Cost(Line("cost_storage", "Storage and control plane", "USD", "{storage_usd}+{control_usd}", "", style.USD,
              "Storage and control plane"), f"cost_storage*{_BUY}"),
    Cost(Line("cost_delivery", "Freight, duty, installation", "USD", "{delivery_usd}", "", style.USD, "Freight, duty, installation"),
         f"cost_delivery*{_BUY}"),
    Cost(Line("cost_interest", "Interest of the loan", "USD", "{loan_usd}*{loan_rate}/months_per_year*({loan_months}+1)*half",
              "On what is not yet repaid.", style.USD, "Interest of the loan"), "loan_usd*loan_rate_shown/months_per_year*{debt}"),
    _running("cost_power", "Electricity or colocation",
             "IF(ISNUMBER({colo_usd_per_kw}),{rated_kw}*{colo_usd_per_kw},{power_kw}*hours_per_month*{usd_per_kwh})"),
    _running("cost_insurance", "Insurance", "{capex}*{insurance_share}/months_per_year"),
    _running("cost_maintenance", "Maintenance and support", "({systems_usd}+{network_usd})*{maintenance_share}/months_per_year"),
    _running("cost_software", "Software", "{accelerators_bought}*{software_usd}/months_per_year"),
    _running("cost_staff", "Staff", "{staff}*{usd_per_person}/months_per_year"),
    Cost(Line("cost_residual", "Residual value", "USD", "-{residual_usd}", "Comes back at the end.", style.USD, "Residual value"),
         "cost_residual*{last_month}", income=True),
]  # fmt: skip
CLOCK = [
    TimeRow("life_share", "Of the life, in the month", "share",
            "MAX(0,MIN({number}+{width},life_months_shown)-{number})/life_months_shown", "0.00%"),
    TimeRow("first", "Bought now", "1 or 0", "({number}=0)*1", "0"),
    TimeRow("repaid", "Of the loan, repaid", "share", "MAX(0,MIN({number}+{width},loan_months_shown)-{number})/loan_months_shown", "0.00%"),
    TimeRow("debt", "Of the loan, owed at the start", "share", "MAX(0,1-{number}/loan_months_shown)", "0.00%"),
    TimeRow("last_month", "Life ends now", "1 or 0", "AND({number}<life_months_shown,{number}+{width}>=life_months_shown)*1", "0"),
]  # fmt: skip
_HALF = "ROUNDUP(life_months_shown*half,0)"


def _declined(months: str) -> str:
    return f"MAX(residual_usd,capex*(1-1/(life_months_shown*half))^{months})"


def _book(months: str) -> str:
    """What stands in the books after so many months of declining at twice the even rate, from half of the life on evenly."""
    left = f"MAX(0,life_months_shown-{months})/(life_months_shown-{_HALF})"
    return f"IF({months}<={_HALF},{_declined(months)},residual_usd+({_declined(_HALF)}-residual_usd)*{left})"


AFTER = [
    TimeRow("rent_month", "Rent of the useful hours, on demand", "USD", "useful_hours*rent_usd_per_hour*{life_share}*life_months_shown",
            style.USD, "SUM({all})"),
    TimeRow("saving", "Saved against renting, with inflation", "USD", "{rent_month}*{inflation_factor}-{nominal}", style.USD, "SUM({all})"),
    TimeRow("saving_so_far", "Saved so far", "USD", "SUM({to_date})", style.USD),
    TimeRow("saving_discounted", "Saved, at today's value", "USD", "{saving}*{discount_factor}", style.USD, "SUM({all})",
            "Present value of what owning saves against renting on demand"),
    TimeRow("saving_irr", "The same, for the return (IRR a year)", "USD", "{saving}", style.USD,
            'IF(INDEX({all},1,1)>=0,"no outlay",IFERROR((1+IRR({all}))^months_per_year-1,"none"))', "Yearly return of owning against renting",
            "share a year", style.PERCENT),
    TimeRow("payback_month", "Month, where not yet paid back", "month", "({saving_so_far}<0)*({number}+1)", "0",
            PAID_BACK, "Month in which owning has paid back against renting on demand", "month"),
    TimeRow("depreciated", "Depreciation", "USD",
            f'IF(depreciation_shown="declining",{_book("{number}")}-{_book("({number}+{width})")},(capex-residual_usd)*{{life_share}})',
            style.USD, "SUM({all})"),
    TimeRow("operating_result", "Result before contingency and tax", "USD",
            "{rent_month}/((1+contingency_shown)*(1+tax_shown))-({paid_subtotal}-{paid_cost_systems}-{paid_cost_network}-{paid_cost_storage}"
            "-{paid_cost_delivery}-{paid_cost_residual})-{depreciated}", style.USD, "SUM({all})"),
]  # fmt: skip


def _moved(end: str) -> str:
    """How far the total moves to that end of prices: what moves with systems and with electricity, independent of each other."""
    systems = f"({{per_system_price}}*(system_price_{end}^to_tenth-1))"
    energy = f"({{per_energy_price}}*(energy_price_{end}^to_tenth-1))"
    return f"SQRT({systems}*{systems}+{energy}*{energy})"


def _at(use: str) -> str:
    """A useful hour at another use, with the electricity of that use."""
    return f"({{own_idle_year}}+{{full_use_year}}*{use})/({{up_year}}*{use})"


RESULTS: list[Block] = [
    ("Range of the total: P10, P50, P90", [
        Line("priced_share", "Capital that moves with the price of systems", "share",
             "({systems_usd}+{spares_usd}+{network_usd})*(1+{delivery_share})/{capex}", "Storage and control plane stay.", style.PERCENT),
        Line("per_system_price", "Of the total, moves with the price of systems", "USD",
             "({cost_systems}+{cost_network}+{cost_maintenance}+({cost_insurance}+{cost_interest})*{priced_share}"
             "+({systems_usd}+{spares_usd}+{network_usd})*{delivery_share})*(1+{contingency})*(1+{tax})+{cost_residual}",
             "Network, maintenance, insurance and residual value follow it.", style.USD),
        Line("per_energy_price", "Of the total, moves with the price of electricity", "USD",
             "IF(ISNUMBER({colo_usd_per_kw}),0,{cost_power}*(1+{contingency})*(1+{tax}))", "Nothing where colocation is paid.", style.USD),
        Line("total_p10", "Total at the tenth (P10)", "USD", f"{{total_cost}}-{_moved('low')}",
             "The ends of Inputs hold nine in ten prices; P10 and P90 lie nearer, as in a lognormal distribution.", style.USD,
             "Cost over the life where prices are as low as the lowest tenth"),
        Line("total_p50", "Total at the prices of Inputs (P50)", "USD", "{total_cost}", "", style.USD),
        Line("total_p90", "Total at nine tenths (P90)", "USD", f"{{total_cost}}+{_moved('high')}", "", style.USD,
             "Cost over the life where prices are as high as the highest tenth"),
    ]),
    ("A useful hour: owned and rented", [
        Line("opex_month", "Running cost a month", "USD/month",
             "({cost_power}+{cost_insurance}+{cost_maintenance}+{cost_software}+{cost_staff})/{life_months}",
             "Own lines, interest of a loan, contingency and tax apart.", style.USD,
             "Running cost a month"),
        Line("recovery_factor", "Capital recovery factor", "share a year",
             "IF({discount_rate}=0,1/{life_years},{discount_rate}*(1+{discount_rate})^{life_years}/((1+{discount_rate})^{life_years}-1))",
             "CRF = r (1+r)^n / ((1+r)^n - 1): the yearly payment that repays capital with its cost.", "0.0%", "Capital recovery factor"),
        Line("month_discount", "A month's discount", "factor", "(1+{discount_rate})^(-1/months_per_year)", "v", "0.0000"),
        Line("loan_sum", "Discounts of the loan's months", "sum",
             "IF({discount_rate}=0,{loan_months},(1-{month_discount}^{loan_months})/(1-{month_discount}))", "1 + v + v^2 + ...", "0.00"),
        Line("debt_sum", "The same, each by the months still owed", "sum",
             "IF({discount_rate}=0,{loan_months}*({loan_months}+1)*half,({loan_months}-{month_discount}*{loan_sum})/(1-{month_discount}))",
             "n + (n-1) v + (n-2) v^2 + ...: interest is paid on what is owed.", "0.00"),
        Line("loan_today", "Repayment and interest, at their value today", "USD",
             "{loan_usd}/{loan_months}*({loan_sum}+{loan_rate}/months_per_year*{debt_sum})",
             "Equals the loan where its interest is about the discount rate.", style.USD),
        Line("capital_today", "Capital, however it is paid, at its value today", "USD", "{capex}-{loan_usd}+{loan_today}", "", style.USD),
        Line("capital_year", "Capital a year", "USD a year",
             "({capital_today}-{residual_usd}/(1+{discount_rate})^{life_years})*{recovery_factor}", "Residual value at its value today.", style.USD),
        Line("back_year", "Residual value and own lines that come back, a year", "USD a year",
             "{residual_usd}/(1+{discount_rate})^{life_years}*{recovery_factor}-SUMPRODUCT(({own}:{guard}<0)*{own}:{guard})/{life_years}",
             "Already taken off; no contingency and tax are on it.", style.USD),
        Line("own_lines_year", "Own lines a year", "USD a year", "SUM({own}:{guard})/{life_years}", "Evenly over the life.", style.USD),
        Line("own_year", "Owning, a year", "USD a year",
             "({capital_year}+{back_year}+{opex_month}*months_per_year+{own_lines_year})*(1+{contingency})*(1+{tax})-{back_year}", "",
             style.USD),
        Line("own_idle_year", "The same without any use", "USD a year",
             "{own_year}-IF(ISNUMBER({colo_usd_per_kw}),0,{cost_power}/{life_years}*(1-{idle_load}/{average_load})*(1+{contingency})*(1+{tax}))",
             "Electricity at the load without work; colocation is by rated power.", style.USD),
        Line("full_use_year", "What use adds, were all hours worked", "USD a year", "({own_year}-{own_idle_year})/{utilisation}",
             "Electricity of work.", style.USD),
        Line("own_usd_per_hour", "A useful hour, owned", _HOUR, "{own_year}/({useful_hours}*months_per_year)",
             "Capital, and what a loan asks, at the discount rate.", _RATE, "A useful accelerator-hour, owned"),
        Line("rent_usd_per_hour", "Rented on demand", _HOUR, "{price_on_demand}*(1+{contingency})*(1+{tax})",
             "Only used hours are paid; contingency and tax as on owning.", _RATE,
             "A useful accelerator-hour, rented on demand"),
        Line("reserved", "Accelerators of whole rented instances", "accelerators",
             "ROUNDUP({accelerators}/{price_least_size},0)*{price_least_size}", "As large as those that are compared.", _INT),
        *(Line(name, f"Rented for {words}", _HOUR, f"{{price_{term}}}*{{reserved}}/({{accelerators}}*{{utilisation}})*(1+{{contingency}})*(1+{{tax}})",
               "All their hours are paid, worked or not; the provider replaces what fails.", _RATE, f"A useful accelerator-hour, committed for {words}")
          for name, term, words in (("reserve_1y_usd_per_hour", "1y", "a year"), ("reserve_usd_per_hour", "3y", "three years"))),
        Line("breakeven_use", "Use at which owning equals on demand", "share",
             "{own_idle_year}/MAX(tolerance,{up_year}*{rent_usd_per_hour}-{full_use_year})", "Above 100 %: never.", style.PERCENT, "Use at which owning equals renting on demand"),
        *(Line(f"breakeven_use_{term}", f"A useful hour, owned, over one rented for {words}", "share", f"{{own_usd_per_hour}}/{{{rent}}}",
               "Below 100 % owning is cheaper.", style.PERCENT)
          for term, words, rent in (("1y", "a year", "reserve_1y_usd_per_hour"), ("3y", "three years", "reserve_usd_per_hour"))),
    ]),
    ("Owned, by use", [
        Line("own_at_30", "At 30 % use", _HOUR, _at("use_30"), "", _RATE),
        Line("own_at_50", "At 50 %", _HOUR, _at("half"), "", _RATE),
        Line("own_at_70", "At 70 %", _HOUR, _at("use_70"), "", _RATE),
        Line("own_at_90", "At 90 %", _HOUR, _at("use_90"), "", _RATE),
    ]),
]  # fmt: skip
