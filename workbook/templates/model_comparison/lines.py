"""What is compared. `{line}` is that step in the same column; other words are names."""

from __future__ import annotations

from .. import style
from ..parts import Block, Cost, Line
from ..serving_parts import ACCELERATORS_MONTH, BY_HOUR, FACTS, RATES, SIZE, TRAFFIC, estimate_range
from ..shared_inputs import price_lines
from ..sheets import api_prices

_INT = style.WHOLE
_SERVED = Line("served_tokens", "Output tokens of a request", "tokens", "{output_tokens}*{token_factor}",
               "The candidate's for the same task.", style.WHOLE)  # fmt: skip
_TRAFFIC: Block = (TRAFFIC[0], [_SERVED if line.name == _SERVED.name else line for line in TRAFFIC[1]])
_FACTS: Block = ("Facts of the model (LLM_* cells)", [
    Line("active_parameters", "Active parameters per token", "parameters", 'LLM_PARAMS({model_id},"active")', "", _INT, fact=True),
    Line("license", "Licence", "text", 'IFERROR(LLM_MODEL({model_id},"license"),"not stated")', "As published: read it.", style.GENERAL,
         fact=True),
    Line("weights_gb", "Weights as published", "GB", 'LLM_WEIGHTS({model_id},,"GB")', "", style.TENTHS, fact=True),
    Line("weights_8bit_gb", "Weights in 8 bit", "GB", 'LLM_WEIGHTS({model_id},"fp8","GB")', "", style.TENTHS, fact=True),
    Line("weights_4bit_gb", "Weights in 4 bit", "GB", 'LLM_WEIGHTS({model_id},"int4","GB")', "", style.TENTHS, fact=True),
    Line("cache_bytes", "Cache of a token", "bytes", "LLM_KV_CACHE({model_id},{prompt_tokens}+{output_tokens})/({prompt_tokens}+{output_tokens})",
         "Of a request, on average.", _INT, fact=True),
    Line("least_accelerators", "Smallest machine", "accelerators",
         "LLM_MIN_GPUS({model_id},{accelerator_id},{prompt_tokens}+{output_tokens},1)", "Weights and one request.", _INT, "Smallest machine",
         fact=True),
    Line("flops_per_token", "Training FLOP of a token", "FLOP/token", "LLM_TRAIN_FLOPS({model_id},1)", "6 x active parameters.",
         style.SCIENTIFIC, fact=True),
    Line("training_peak", "Dense bf16 peak of the accelerator", "TFLOP/s",
         'N(INDEX(hardware_peaks,{accelerator_row},MATCH("bf16",hardware_dtypes,0)))', "", '#,##0;;"not known"', fact=True),
])  # fmt: skip
BLOCKS: list[Block] = [FACTS, _FACTS, ("Price of an accelerator-hour", price_lines()), _TRAFFIC, *BY_HOUR, SIZE, RATES]
COSTS = [
    Cost(Line("cost_accelerators", "Accelerators", "USD/month",
              "({committed}*{committed_rate}+({accelerators_paid}-{committed})*{flexible_rate})*hours_per_month", "", style.USD,
              "Accelerators"), ACCELERATORS_MONTH),
    Cost(Line("cost_operations", "Operations and staff", "USD/month", "{operations_share}*{cost_accelerators}", "", style.USD,
              "Operations and staff"), "operations_share_shown*{paid_cost_accelerators}"),
]  # fmt: skip


_EQUALS = "The first of them, and how many have as much; none where no candidate fits."


def _where_it_fits(name: str, label: str, of: str, unit: str, number_format: str) -> Line:
    return Line(name, label, unit, f'IF({{fits}}=1,{{{of}}},"–")', "", number_format)


def _least(of: str) -> str:
    return f'IF(COUNT({{@{of}}})=0,"none",MIN({{@{of}}}))'


def _named(best: str, of: str) -> str:
    """The candidate that has the best of a line; the first column alone would hide those that have as much."""
    equal = f"SUMPRODUCT(({{@{of}}}={{{best}}})*1)-1"
    first = f"INDEX(scenario_list,1,MATCH({{{best}}},{{@{of}}},0))"
    return f'IF(N({{{best}}})>0,{first}&IF({equal}>0," and "&({equal})&" equal",""),"none")'


RESULTS: list[Block] = [
    estimate_range("{operations_share}"),
    ("Cost of the work", [
        Line("tokens_month", "Tokens in and out", "tokens/month", "{requests_month}*({prompt_tokens}+{output_tokens})", "", style.TOKENS),
        Line("usd_per_million_tokens", "Own, a million tokens in and out", "USD", "IF({tokens_month}=0,0,{total_cost}/{tokens_month}*million)",
             "", '"$"0.000', "Own hosting for a million tokens in and out"),
        *api_prices.LINES,
        Line("api_usd_per_request", "Hosted, a request", "USD",
             "({prompt_tokens}*((1-{api_cached_part})*{api_input_price}+{api_cached_part}*{api_cached_price})+{served_tokens}*{api_output_price})/million"
             "*(1+{contingency})*(1+{tax})", "Contingency and tax as on own machines.",
             style.RATE),
        Line("api_usd_per_million", "Hosted, a million tokens in and out", "USD",
             "{api_usd_per_request}/({prompt_tokens}+{output_tokens})*million", "", '"$"0.000', "Hosted, for a million tokens in and out"),
        Line("usd_per_solved", "Own, a solved task", "USD", "IF({requests_month}=0,0,{total_cost}/({requests_month}*{solved_share}))", "",
             style.RATE, "Own hosting for a solved task"),
        Line("api_usd_per_solved", "Hosted, a solved task", "USD", "{api_usd_per_request}/{solved_share}", "", style.RATE,
             "Hosted model for a solved task"),
        Line("kwh_per_million", "Energy of a million tokens", "kWh",
             "IF({tdp_watts}>0,{accelerators_paid}*{tdp_watts}*{server_power_factor}*{load}*{pue}*hours_per_month/watts_per_kw/{tokens_month}"
             '*million,"not known")', "At the meter, all replicas; not known where no power is published.", "0.000"),
        Line("training_flops", "Compute of its training", "FLOP",
             'IF(ISNUMBER({training_tokens}),{training_tokens}*{flops_per_token},"not known")', "", style.SCIENTIFIC),
        Line("training_usd", "To train it again, accelerators alone", "USD",
             'IF(ISNUMBER({training_flops})*({training_peak}>0),{training_flops}/({training_peak}*flop_per_tflop*{training_use})/seconds_per_hour'
             '*{price_on_demand},"not known")', "On the same accelerator, on demand.", style.USD, "Cost of its training, accelerators alone"),
        Line("quality_points", "Quality, yours", "your points", '{quality}', "", style.GENERAL),
        Line("quality_measured", "Where quality was measured", "text", "{quality_source}", "", style.GENERAL),
        Line("quality_day", "When", "date", "{quality_date}", "", style.DATE),
        Line("left_out", "Left out, for", "text",
             'IF(NOT(ISNUMBER({total_cost})),"no replica holds it",IF(({model_context}>0)*({model_context}<MAX(least_context,{prompt_tokens}+{served_tokens}))>0,"its context",'
             'IF({licence_allows}="no","its licence","–")))', "A context is needed for what Inputs say, and for the requests; one that is not published counts as long enough.", style.GENERAL),
        Line("fits", "Is compared", "1 or 0", '({left_out}="–")*1', "", "0"),
        Line("unread", "Licence not read", "1 or 0", '({licence_allows}="–")*1', "", "0"),
        Line("licences_unread", "Of all candidates", "candidates", "SUM({@unread})", "", "0"),
        Line("misnamed", "Called by the name of another model", "1 or 0",
             "(SUMPRODUCT((models_list=INDEX(scenario_list,1,{case_other}))*1)>0)*(INDEX(scenario_list,1,{case_other})<>{model_id})", "", "0"),
        Line("misnamed_all", "Of all candidates", "candidates", "SUM({@misnamed})", "", "0"),
        Line("other_twin", "Hosted twin has another name", "1 or 0", "ISERROR(SEARCH({model_id},{api_model}))*1", "", "0"),
        Line("other_twins", "Of all candidates", "candidates", "SUM({@other_twin})", "", "0"),
    ]),
    ("Score: 1 is the best of the candidates that fit", [
        _where_it_fits("own_if_fits", "Own, a month", "total_cost", "USD/month", style.USD),
        _where_it_fits("solved_if_fits", "Own, a solved task", "usd_per_solved", "USD", style.RATE),
        _where_it_fits("api_if_fits", "Hosted, a million tokens", "api_usd_per_million", "USD", '"$"0.000'),
        _where_it_fits("quality_if_fits", "Quality, yours", "quality_points", "your points", style.GENERAL),
        Line("score_cost", "Cost", "0 to 1", "IF({fits}=1,MIN({@solved_if_fits})/{usd_per_solved},0)",
             "Cheapest solved task over this one's, own hosting.", "0.00"),
        Line("score_quality", "Quality", "0 to 1",
             'IF({fits}=0,0,IF(ISNUMBER({quality_if_fits}),IF({quality_if_fits}=0,0,{quality_if_fits}/MAX({@quality_if_fits})),"not scored"))',
             "Over the best one.", "0.00"),
        Line("unscored", "Candidates that fit, without your score", "candidates", "COUNT({@own_if_fits})-COUNT({@quality_if_fits})", "", "0"),
        Line("score", "Weighted score", "0 to 1",
             'IF(COUNT({@quality_if_fits})=0,{score_cost},IF(ISNUMBER({score_quality}),cost_weight*{score_cost}+(1-cost_weight)*{score_quality},'
             '"not scored"))', "Cost alone until qualities are typed; then those without one have no rank. 0 where it does not fit.", "0.00", "Weighted score"),
        Line("pareto", "No other is cheaper and better", "1 or 0",
             'IF({fits}=0,0,IF(COUNT({@quality_if_fits})=0,({usd_per_solved}=MIN({@solved_if_fits}))*1,IF(ISTEXT({score_quality}),"not scored",'
             '(SUMPRODUCT(({@score_quality}<="")*({@solved_if_fits}<={usd_per_solved})*({@score_quality}>={score_quality})'  # a text is above each
             "*(({@solved_if_fits}<{usd_per_solved})+({@score_quality}>{score_quality})>0))=0)*1)))",
             "On the Pareto front of a solved task's cost and quality, of those that are scored.", "0"),
        Line("cheapest_usd", "Cheapest, a month", "USD/month", _least("own_if_fits"), "", style.USD),
        Line("cheapest", "Cheapest on own machines", "name", _named("cheapest_usd", "own_if_fits"), _EQUALS, style.GENERAL,
             "Cheapest on own machines"),
        Line("cheapest_api_usd", "Cheapest hosted", "USD", _least("api_if_fits"), "", '"$"0.000'),
        Line("cheapest_api", "Cheapest hosted", "name", _named("cheapest_api_usd", "api_if_fits"), "", style.GENERAL, "Cheapest hosted"),
        Line("best_score", "Best score", "0 to 1", "MAX({@score})", "", "0.00", "Best weighted score"),
        Line("best", "Best by your weights", "name", _named("best_score", "score"), "", style.GENERAL, "Best by your weights"),
    ]),
]  # fmt: skip
