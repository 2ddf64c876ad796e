"""Inputs, prices and sources that several templates share, so that a word means the same in all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from xlcalc.catalog import prices, tables

from . import style
from .book import Book, Source
from .parts import (
    AT_LEAST,
    AT_MOST,
    EQUAL,
    MIX,
    PRICE,
    SAME,
    STOP,
    VOLUME,
    WARN,
    Check,
    Input,
    Line,
    Section,
)

EPOCH_COSTS = Source(
    "Epoch AI, training costs",
    "Epoch AI, training-cost-trends: power, PUE, discounts of cloud commitments (their estimates, 2024)",
    "https://github.com/epoch-research/training-cost-trends",
    "2026-11-24",
)
EPOCH_PAPER = Source(
    "Cottier et al. (2024)",
    "The rising costs of training frontier AI models: R&D staff 29 to 49 % of development cost; cluster interconnect",
    "https://arxiv.org/abs/2405.21015",
    "2024-05-31",
)
NODE_POWER = Source(
    "Latif et al. (2024)",
    "Empirical Measurements of AI Training Power Demand on a GPU-Accelerated Node: 8.4 kW of an 8-GPU H100 node, "
    "rated 10.2 kW",
    "https://arxiv.org/abs/2412.08602",
    "2024-12-11",
)
ELECTRICITY = Source(
    "EIA, as YCharts shows it",
    "Average US industrial price of electricity, January 2026, as YCharts shows it",
    "https://ycharts.com/indicators/us_average_retail_price_of_electricity_industrial_sector",
    "2026-04-27",
)
PALM = Source(
    "PaLM (2022), appendix B",
    "PaLM: Scaling Language Modeling with Pathways, table 3 and appendix B: model FLOP utilisation",
    "https://arxiv.org/abs/2204.02311",
    "2022-04-05",
)
MFU_CEILING = Input(
    "mfu_ceiling", "Highest believable utilisation", 0.65, "share of peak", "Above it, Checks stops.", PALM, style.PERCENT, 0.01, 1,
    fixed=True,
)  # fmt: skip
TERMS = ["on_demand", "spot", "1y", "3y", "mix"]
ASSUMED = "assumption: set your own"
YOURS = "0: fill in yours"


def catalog_source(name: str, row_id: str) -> tuple[dict[str, str], Source]:
    """A row of a catalog and its source."""
    row = next(r for r in tables.rows(name) if r["id"] == row_id)
    source = tables.sources()[row["source"]]
    return row, Source(row["source"], source["title"], source["url"], row["as_of"])


def next_start(book: Book) -> date:
    """The first day of a month four months after the catalogs' date."""
    return book.as_of.replace(
        year=book.as_of.year + (book.as_of.month + 4 > 12), month=(book.as_of.month + 3) % 12 + 1, day=1
    )


def model_input(value: str, note: str, label: str = "Model") -> Input:
    return Input("model", label, value, "", note, among="models_list", known='NOT(ISERROR(LLM_MODEL(model,"n_layers")))',
                 group=VOLUME)  # fmt: skip


def accelerator_input(value: str = "h100-sxm") -> Input:
    return Input("accelerator", "Accelerator", value, "", "An accelerator of the Hardware sheet, or an own one added there.",
                 among="hardware_list", known="NOT(ISERROR(accelerator_row))", group=MIX)  # fmt: skip


def money_section(book: Book, start_label: str, scenario: str = "base") -> Section:
    """Dates, the scenario shown, and what is added to every bill."""
    low, high = book.as_of.replace(year=2015, month=1, day=1), book.as_of.replace(year=2100, month=1, day=1)
    return ("Scenario, dates and money", [
        Input("scenario", "Scenario shown", scenario, "", "One of the columns of Scenarios: every sheet shows it.",
              among="scenario_list", fixed=True),
        Input("start_date", start_label, next_start(book), "date", "The first day.", None, style.DATE, low, high),
        Input("report_date", "Date of this report", book.as_of, "date",
              "Ages of prices, inflation and present value count from this day.", None, style.DATE, low, high, fixed=True),
        Input("contingency", "Contingency", 0.1, "share of all lines", "For what is forgotten. An assumption.", None,
              style.PERCENT, 0, 2, basis=ASSUMED),
        Input("tax", "Tax that is not recovered", 0, "share", "Sales tax or VAT on lines and contingency.", None,
              style.PERCENT, 0, 1, group=PRICE),
        Input("currency", "Your currency", "USD", "", "Its name, for the total in it.", known="LEN(currency)=code_letters",
              fixed=True),
        Input("currency_per_usd", "Exchange rate", 1, "your currency/USD", "What one USD costs in it on the date below.", None,
              "0.0000", 0.000001, 1e6, group=PRICE),
        Input("currency_date", "Date of that rate", book.as_of, "date", "Where and when you read it.", None, style.DATE,
              low, high, fixed=True),
        Input("inflation", "Inflation of prices", 0, "share a year", "0: Timeline shows today's prices throughout.", None,
              style.PERCENT, -0.5, 1, group=PRICE),
        Input("discount_rate", "Discount rate", 0.1, "share a year", "For the present value. An assumption: take your "
              "company's.", None, style.PERCENT, 0, 1, group=PRICE, basis=ASSUMED),
    ])  # fmt: skip


_OF_A_MIX = ("price_term", "share_spot", "share_1y", "share_3y", "usd_per_hour_spot")


def price_section(*more: Input, mixed: bool = True) -> Section:
    """How the hour of an accelerator is paid. `mixed` as for `price_lines`."""
    inputs = [
        Input("price_term", "Contract", "on_demand", "",
              "on_demand, spot, 1y, 3y: all on it; mix: the shares below. 1y and 3y are owed for their whole term.",
              among="term_list", group=MIX),
        Input("share_spot", "Mix: share on spot", 0, "share", "The rest of the mix is on demand.", None, style.PERCENT, 0, 1,
              group=MIX),
        Input("share_1y", "Mix: share committed for a year", 0, "share", "Owed for twelve months.", None, style.PERCENT, 0,
              1, group=MIX),
        Input("share_3y", "Mix: share committed for three years", 0, "share", "Owed for 36 months.", None, style.PERCENT, 0,
              1, group=MIX),
        Input("usd_per_hour", "Own price of an accelerator-hour", None, "USD/accelerator-hour",
              "Your contract. It wins over every listed price and does not move with a scenario.", None, style.USD_CENTS, 0.0001,
              1000, blank="listed prices, as the next lines say", group=PRICE),
        Input("usd_per_hour_spot", "Own price, spot", None, "USD/accelerator-hour", "Your quote.", None, style.USD_CENTS, 0.0001,
              1000, blank="the own price above, else listed spot prices", group=PRICE),
        Input("usd_per_hour_1y", "Own price, committed for a year", None, "USD/accelerator-hour", "Your quote.", None,
              style.USD_CENTS, 0.0001, 1000, blank="the own price above, else listed, else on demand less the discount below",
              group=PRICE),
        Input("usd_per_hour_3y", "Own price, committed for three years", None, "USD/accelerator-hour", "Your quote.", None,
              style.USD_CENTS, 0.0001, 1000, blank="the own price above, else listed, else on demand less the discount below",
              group=PRICE),
        Input("instance", "Instance", None, "", "One row of Prices instead of the statistic of all comparable rows.",
              among="prices_list", blank="the statistic", group=PRICE),
        Input("price_percentile", "Percentile of listed prices", 0.5, "share",
              "0.5 is the median of the comparable rows, 0 the lowest, 1 the highest.", None, "0.00", 0, 1, group=PRICE,
              basis="the median"),
        Input("price_level", "Level of listed prices", 1, "factor", "Multiplies listed prices, for Sensitivity; own ones stay.",
              None, "0.00", 0.01, 100, group=PRICE),
        Input("price_discount", "Negotiated discount on listed prices", 0, "share", "Off listed prices, never off own ones.",
              None, style.PERCENT, 0, 0.95, group=PRICE),
        Input("discount_1y", "Estimated discount for a year", 0.34, "share",
              "Only where no quote and no listed price is: Epoch's constants are 25 % (Azure) to 41 % (AWS); 34 % is their mean.",
              EPOCH_COSTS, style.PERCENT, 0, 0.95, group=PRICE),
        Input("discount_3y", "Estimated discount for three years", 0.56, "share",
              "As above: 49 % (Azure) to 64 % (AWS); 56 % is their mean, and Google's.", EPOCH_COSTS, style.PERCENT, 0, 0.95,
              group=PRICE),
        Input("price_age_limit", "Oldest price accepted", prices.STALE_AFTER, "days",
              "Older prices in use are flagged on Checks.", None, style.WHOLE, 1, 3650, True, fixed=True),
        *more,
    ]  # fmt: skip
    return "Price of an accelerator-hour", [one for one in inputs if mixed or one.name not in _OF_A_MIX]


_MASK = (
    "(prices_accelerator={accelerator_id})*(prices_count>={price_least_size})*((prices_own>0)+({price_own_rows}=0)>0)"
)


def _statistic(column: str, place: str) -> str:
    return f"PERCENTILE(IF({_MASK}*({column}>0),{column}),{place})"


def hardware_lines() -> list[Line]:
    """The accelerator as the Hardware sheet has it."""
    return [
        Line("accelerator_id", "Accelerator", "id", 'IFERROR(LLM_HARDWARE({accelerator},"id"),{accelerator})',
             "What the name on Inputs resolves to; own accelerators keep theirs.", style.GENERAL, fact=True),
        Line("accelerator_row", "Place on Hardware", "row of the list", "MATCH({accelerator_id},hardware_list,0)",
             "All hardware figures come from this row.", style.WHOLE, fact=True),
        Line("tdp_watts", "Power of the accelerator (TDP)", "W", "N(INDEX(hardware_tdp_w,{accelerator_row}))",
             "0: not published.", '#,##0;;"not known"', fact=True),
        Line("memory_gb_each", "Memory of an accelerator", "GB", "N(INDEX(hardware_memory_gb,{accelerator_row}))", "",
             style.TENTHS, fact=True),
    ]  # fmt: skip


def price_lines(*, mixed: bool = True, together: str = "{node_size}", beside: str = "") -> list[Line]:
    """The price of an accelerator-hour by contract: own first, then the statistic of the comparable listed rows. Not
    `mixed`: on demand and both commitments stand beside each other, and none is chosen. `together`: the accelerators
    that an instance must have to be compared. `beside`: above 0 where hours on demand are paid beside the contract."""

    def listed(column: str, statistic: str) -> str:
        return f'IF({{instance}}="–",{statistic},N(INDEX({column},MATCH({{instance}},prices_list,0))))'

    def by_term(name: str, otherwise: str) -> str:
        own = f"IF(ISNUMBER({{usd_per_hour_{name}}}),{{usd_per_hour_{name}}},IF(ISNUMBER({{usd_per_hour}}),{{usd_per_hour}},"
        return f"{own}IF({{price_{name}_listed}}>0,{{price_{name}_listed}}*{{listed_factor}},{otherwise})))"

    def age(column: str) -> str:
        return (f'IFERROR(IF({{instance}}<>"–",INDEX(prices_age,MATCH({{instance}},prices_list,0)),'
                f"MEDIAN(IF({_MASK}*({column}>0),prices_age))),0)")  # fmt: skip

    def listed_lines(name: str, words: str) -> list[Line]:
        column = f"prices_{name}"
        statistic = f"IFERROR({_statistic(column, '{price_percentile}')},0)"
        return [
            Line(f"price_{name}_listed", f"{words}, as listed", rate, listed(column, statistic),
                 "Of the instance, or the statistic of the comparable rows.", hourly, fact=True, array=True),
            Line(f"price_{name}_age", f"{words}, age of that", "days", age(column), "", style.WHOLE, fact=True, array=True),
        ]  # fmt: skip

    def from_list(name: str, share: str) -> str:
        """1 where a contract in use is paid at a listed price."""
        quoted = f"ISNUMBER({{usd_per_hour_{name}}})+ISNUMBER({{usd_per_hour}})"
        return f"{in_use(share)}({quoted}=0)*({{price_{name}_listed}}>0)"

    def in_use(share: str) -> str:
        return f"({{{share}}}>0)*" if mixed else ""

    def estimated(name: str, share: str) -> str:
        quoted = f"ISNUMBER({{usd_per_hour_{name}}})+ISNUMBER({{usd_per_hour}})"
        return f"{in_use(share)}({quoted}=0)*({{price_{name}}}={{price_on_demand}}*(1-{{discount_{name}}}))"

    def basis(name: str, words: str) -> str:
        quoted = f'IF(ISNUMBER({{usd_per_hour_{name}}}),"your quote",IF(ISNUMBER({{usd_per_hour}}),"your price",'
        estimate = '"none listed"' if name == "spot" else '"estimate from "&{price_on_demand_basis}'
        return f'{quoted}IF({{price_{name}_listed}}>0,IF({{instance}}="–","listed {words}",{{instance}}),{estimate})))'

    rate = "USD/accelerator-hour"
    hourly = style.LISTED_RATE
    on_demand = f"(({{on_demand_share}}>0)+{{price_estimated}}{beside and f'+({beside})'}>0)*" if mixed else ""
    on_demand += "NOT(ISNUMBER({usd_per_hour}))*({price_own}=0)"
    terms = [("1y", "one_year_share"), ("3y", "three_year_share"), *([("spot", "spot_share")] if mixed else [])]
    in_use_by_term = [("on_demand", f"({on_demand}>0)*1"), *((name, from_list(name, share)) for name, share in terms)]
    ages = ",".join(f"{{listed_{name}_used}}*{{price_{name}_age}}" for name, _ in in_use_by_term)
    return [
        Line("price_own_rows", "Own prices on Prices for it", "rows",
             'SUMPRODUCT((prices_accelerator={accelerator_id})*(prices_own>0)*(prices_own<=""))',  # a text is above each
             "Where there are any, only they count.",
             style.WHOLE, fact=True),
        Line("price_least_size", "Smallest instance compared", "accelerators",
             f"IF(SUMPRODUCT((prices_accelerator={{accelerator_id}})*(prices_count>={together})*(prices_on_demand>0))>0,{together},"
             f"MAX(1,IF((prices_accelerator={{accelerator_id}})*(prices_count<{together})*(prices_on_demand>0),prices_count)))",
             "Whole nodes; the largest instances below where no whole node is listed.", style.WHOLE, fact=True, array=True),
        Line("price_rows", "Comparable rows", "rows", f"SUMPRODUCT({_MASK}*(prices_on_demand>0))",
             "They are green on Prices.", style.WHOLE, fact=True),
        Line("price_lowest", "Lowest of them, on demand", rate, f"IFERROR({_statistic('prices_on_demand', '0')},0)", "", hourly,
             fact=True, array=True),
        Line("price_quarter", "A quarter are below", rate, f"IFERROR({_statistic('prices_on_demand', 'quarter')},0)", "",
             hourly, fact=True, array=True),
        Line("price_median", "Median", rate, f"IFERROR({_statistic('prices_on_demand', 'half')},0)", "", hourly,
             "Median of the comparable listed prices, on demand", fact=True, array=True),
        Line("price_three_quarters", "A quarter are above", rate,
             f"IFERROR({_statistic('prices_on_demand', '1-quarter')},0)", "", hourly, fact=True, array=True),
        Line("price_highest", "Highest", rate, f"IFERROR({_statistic('prices_on_demand', '1')},0)", "", hourly, fact=True,
             array=True),
        Line("price_statistic", "At the chosen percentile", rate,
             f"IFERROR({_statistic('prices_on_demand', '{price_percentile}')},0)", "", hourly, fact=True, array=True),
        Line("price_own", "On demand is your own price of Prices", "1 or 0",
             'IF({instance}="–",{price_own_rows}>0,N(INDEX(prices_own,MATCH({instance},prices_list,0)))>0)*1', "", "0", fact=True),
        Line("price_on_demand_age", "Age of that price", "days", f"IF({{price_own}}=1,0,{age('prices_on_demand')})",
             "Of the instance, or the median of the rows; own prices count as new.", style.WHOLE, fact=True, array=True),
        Line("price_listed", "On demand, as listed", rate, listed("prices_on_demand", "{price_statistic}"),
             "Of the instance, or at the chosen percentile.", hourly),
        Line("listed_factor", "What listed prices are multiplied by", "factor", "(1-{price_discount})*{price_level}",
             "Negotiated discount and level. Own prices and quotes do not move.", "0.00"),
        Line("price_on_demand", "On demand", rate,
             "IF(ISNUMBER({usd_per_hour}),{usd_per_hour},IF({price_listed}>0,{price_listed}*IF({price_own}=1,1,{listed_factor}),NA()))",
             "Own price, else listed times the factor; #N/A where there is none.", hourly),
        Line("price_on_demand_basis", "Where it comes from", "text",
             'IF(ISNUMBER({usd_per_hour}),"your price",IF({price_own}=1,"your own prices",IF({instance}<>"–",{instance},'
             'IF({price_percentile}=half,"median",TEXT({price_percentile},"0%")&" quantile")&" of "&{price_rows}&" listed")))', "",
             style.GENERAL),
        *([*listed_lines("spot", "Spot"),
           Line("price_spot", "Spot", rate, by_term("spot", '"none"'), "none: no quote and no listed price.", hourly)] if mixed else []),
        *listed_lines("1y", "Committed for a year"),
        Line("price_1y", "Committed for a year", rate, by_term("1y", "{price_on_demand}*(1-{discount_1y})"),
             "An estimate where neither a quote nor a listed price is there.", hourly),
        *listed_lines("3y", "Committed for three years"),
        Line("price_3y", "Committed for three years", rate, by_term("3y", "{price_on_demand}*(1-{discount_3y})"),
             "An estimate where neither a quote nor a listed price is there.", hourly),
        *(_shares(basis) if mixed else []),
        Line("price_estimated", "Commitment priced by an estimate", "1 or 0",
             f"({estimated('1y', 'one_year_share')}+{estimated('3y', 'three_year_share')}>0)*1", "Checks says so.", "0"),
        *(Line(f"listed_{name}_used", f"Listed prices in use, {name.replace('_', ' ')}", "1 or 0", content, "", "0")
          for name, content in in_use_by_term),
        Line("price_age", "Age of the oldest price in use", "days", f"MAX({ages})", "Own prices and quotes count as new.", style.WHOLE),
    ]  # fmt: skip


def _shares(basis: Callable[[str, str], str]) -> list[Line]:
    """What of the hours is on which contract, and what that says of where the price comes from."""
    return [
        Line("spot_share", "Share on spot", "share", 'IF({price_term}="spot",1,IF({price_term}="mix",{share_spot},0))', "",
             style.PERCENT),
        Line("one_year_share", "Share committed for a year", "share",
             'IF({price_term}="1y",1,IF({price_term}="mix",{share_1y},0))', "", style.PERCENT),
        Line("three_year_share", "Share committed for three years", "share",
             'IF({price_term}="3y",1,IF({price_term}="mix",{share_3y},0))', "", style.PERCENT),
        Line("on_demand_share", "Share on demand", "share", "1-{spot_share}-{one_year_share}-{three_year_share}",
             "Checks stops a mix of more than 100 %.", style.PERCENT),
        Line("price_basis", "Where the price comes from", "text",
             'IF({on_demand_share}=1,{price_on_demand_basis},'
             f'IF({{spot_share}}=1,{basis("spot", "spot prices")},IF({{one_year_share}}=1,{basis("1y", "prices for a year")},'
             f'IF({{three_year_share}}=1,{basis("3y", "prices for three years")},"several: a mix of contracts"))))', "", style.GENERAL),
    ]  # fmt: skip


PEAK_IS_KNOWN = Check(
    "A peak is known for the number format", "peak_listed", AT_LEAST, "tolerance", STOP,
    "Hardware has none for this accelerator: choose another format (a V100 has fp16, no bf16), or another accelerator.", "dtype", "#,##0.0",
)  # fmt: skip
WHOLE_MONTHS = Check(
    "The start is the first of a month", "DAY(start_date_shown)", EQUAL, "1", WARN,
    "Months are counted and paid whole, from the first of the month of the start: type that day.", "start_date", "0",
)  # fmt: skip
_MIX_CHECKS = [
    Check("A spot price is found where spot is used", "IF(spot_share>0,IF(ISNUMBER(price_spot),1,0),1)", EQUAL, "1", STOP,
          "No spot price is listed: type usd_per_hour_spot.", "price_spot", "0"),
    Check("The mix is not more than the whole", "on_demand_share", AT_LEAST, "0", STOP,
          "Shares on spot and commitments add up to more than 100 %: lower one.", "share_1y", style.PERCENT),
    Check("Shares of the mix are used", 'IF(price_term_shown="mix",0,share_spot_shown+share_1y_shown+share_3y_shown)', EQUAL, "0", WARN,
          "Shares are typed, but the contract is not mix, so they count for nothing: choose mix, or clear them.", "price_term", style.PERCENT),
]  # fmt: skip


def price_checks(*, mixed: bool = True) -> list[Check]:
    """That there is a price, of the accelerator that is chosen, not too old, and not an estimate."""
    return [
        Check("A price is found", "price_on_demand", AT_LEAST, "tolerance", STOP,
              "No comparable price on Prices: type usd_per_hour, or a price in the yellow column of Prices.", "price_on_demand",
              style.USD_CENTS),
        *(_MIX_CHECKS if mixed else []),
        Check("The instance carries the chosen accelerator",
              'IF(instance_shown="–",accelerator_id,INDEX(prices_accelerator,MATCH(instance_shown,prices_list,0)))', SAME,
              "accelerator_id", STOP, "The instance on Inputs has another accelerator: choose one that carries it, or clear the instance.", "instance"),
        Check("Prices in use are not stale", "price_age", AT_MOST, "price_age_limit", WARN,
              "Ask for a quote and type it as usd_per_hour, or keep it for every new workbook with xlcalc prices add. The age is that of the "
              "instance, or the median of the rows.",
              "price_age", '#,##0 "days"', last=True),
        Check("The report is not dated before its prices", "MIN(price_on_demand_age,price_1y_age,price_3y_age)", AT_LEAST, "0", WARN,
              "So old were the prices in use that many days before they were read: correct the date of the report.", "report_date",
              '#,##0 "days";-#,##0 "days"'),
        Check("Commitments are priced by quotes", "price_estimated", EQUAL, "0", WARN,
              "No quote and no listed price for the term: the discount is Epoch's estimate. Type usd_per_hour_1y or _3y.",
              "discount_1y", "0"),
    ]  # fmt: skip
