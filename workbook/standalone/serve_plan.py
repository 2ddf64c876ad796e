"""LLM_SERVE_PLAN of the best option as a formula: what the search of hosting/plan.py asks of a layout and a batch is
recorded; a formula lists the layouts by the most that each could give, searches the batch of those that could still be
the best, and keeps the best.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from xlcalc.cell_functions.hosting.planning import LLM_SERVE_PLAN
from xlcalc.formula import excel
from xlcalc.formula.arithmetic import both, floor, least, where
from xlcalc.formula.symbols import recording
from xlcalc.hosting import cost, disaggregation, plan, queueing, throughput
from xlcalc.hosting.layout import Layout, Split, ways
from xlcalc.hosting.step import replica
from xlcalc.language.declare import Argument

from . import formats, names
from .formats import MACHINE_HEADINGS, MACHINES, MODEL_HEADINGS, MODELS
from .serving import WAYS, Function, Open

NAME = "LLM_SERVE_PLAN"
HEADER = [*plan.HEADER, "tokens/s low", "tokens/s high", *cost.PRICE_HEADER[3:]]
NOT_KNOWN = "–"
"""What stands in the columns that only the function itself answers: price, and the range of the estimate."""
_LISTED = ("most_", "count_tried", "replicas_", *WAYS, "format_tried", "fits_")
_KNOWN = ("accelerators", "layout", "dtype", "batch", "TTFT (s)", "TPOT (s)", "tokens/s", "tokens/s/accelerator")
_TRIED = ("bf16", "fp8", "nvfp4")
_POWERS = 10  # of two below the largest count
_READ = ["m_row", "a_row", "cache_value", "prompt_value", "output_value", "cached_share_value"]
_TRAFFIC = ("prompt", "output", "cached_share")
_LIMITS = ["ttft_slo_value", "tpot_slo_value"]


def formulas() -> dict[str, str]:
    """The function, and the parts that its formula is cut into."""
    return _Plan(NAME).names()


def _lambda(parameters: Sequence[str], body: str) -> str:
    return f"_xlfn.LAMBDA({','.join(f'_xlpm.{one}' for one in parameters)},{body})"


class _Plan(Function):
    def names(self) -> dict[str, str]:
        with recording(open=True) as nodes:
            of = Open(nodes)
            recorded = {name: self.cut(result) for name, result in self._recorded(of).items()}
            chain = self.cut(self._chain(of))
        parts = {name: _lambda(parameters, body) for name, (parameters, body) in self._written(recorded, chain).items()}
        whole = f"{NAME}_asked_"
        return {**self.parts, **parts, whole: self._formula(), self.name: self._of_sheet(whole)}

    def _recorded(self, of: Open) -> dict[str, Any]:
        """What the search asks of a layout, of one accelerator count, size and number of ways; of prefill alone."""
        served = of.served("usual")
        traffic = throughput.Traffic(*(of.number(name) for name in _TRAFFIC))
        alone = traffic._replace(output=1)
        at = Layout(*(of.number(name) for name in WAYS))
        r, batch, tpot = replica(served, at), of.number("batch_tried"), of.number("tpot_tried")
        asked = [of.number(f"{one}_tried") for one in ("decoding", "prefilling", "batch")]
        seconds: Any = throughput.stage_seconds(r, traffic, *asked)
        open_names = (*(f"{name}_value" for name in _TRAFFIC), "decoding_tried", "prefilling_tried", "batch_tried")
        r = r._replace(timed=self.called(of, self.cut(seconds), *open_names))
        running = throughput.flow(r, traffic, batch)
        places = throughput.room(served, alone, at)
        split = Split(of.number("count_tried"), Layout(), 0, Layout())
        handed = 1 / disaggregation.transfer(r, split, traffic)
        size, tp = of.number("size_tried"), of.number("tp_tried")
        shared = both(both(size % tp == 0, tp <= of.machine("splits")), served.divisible.by_tp(tp))
        return {
            "fits": throughput.useful(served, traffic, at),
            "tpot": running.tpot,
            "rate": running.decoding / tpot,
            "first": plan.first_token(r, traffic, throughput.Flow(0, batch, running.decoding, tpot)),
            "handed": least(queueing.saturation(r, alone, places), handed),
            "prompt": 1.5 * throughput.flow(r, alone, places).tpot,
            "twin": where(throughput.has_twin(served, at), 1, 0),
            "shared": where(shared, 1, 0),
        }

    def _chain(self, of: Open) -> Any:
        """The list with the layouts of so many accelerators in so many ways of tensor parallelism."""
        size, found = of.number("size_tried"), of.number("found")
        beside = [of.number(one) for one in _READ]
        replicas = floor(of.number("count_tried") / size)
        for works, layout in ways(size, of.number("tp_tried"), of.served("usual").divisible):
            given = (found, *beside, *layout, of.number("count_tried"), replicas, of.number("format_tried"))
            found = where(works, of.call(f"{NAME}_listed_", given), found)
        return found

    @staticmethod
    def _written(recorded: dict[str, str], chain: str) -> dict[str, tuple[list[str], str]]:
        """The parts that search, by name: their parameters and their text, p standing for _xlpm."""

        def asked(what: str, **other: str) -> str:
            """The call of what was recorded, with other values in some of what it reads."""
            return re.sub(r"_xlpm\.(\w+)", lambda found: other.get(found[1], found[0]), recorded[what])

        def call(part: str, parameters: Sequence[str], **other: str) -> str:
            return f"{NAME}_{part}_({','.join(other.get(one, f'p.{one}') for one in parameters)})"

        apart = [("apart_", "p.replicas_>1"), ("later_", "IF(p.apart_,1,p.cached_share_value)")]
        later = {"cached_share_value": "p.later_"}
        # a layout among those that are worth a search, with the most that it could give an accelerator
        listed_ = ["found", *_READ, *WAYS, "count_tried", "replicas_", "format_tried"]
        rate = asked("rate", **later, batch_tried="p.fits_", tpot_tried=asked("tpot", **later, batch_tried="p.fits_"))
        row = ",".join(f"p.{one}" for one in _LISTED)
        listed = names.let(
            [*apart, ("fits_", asked("fits", **later))],
            "IF(p.fits_<1,p.found,_xlfn.LET(p.most_,"
            f"{rate}*IF(p.apart_,p.replicas_-1,1)/p.count_tried,_xlfn.VSTACK(p.found,_xlfn.HSTACK({row}))))",
        )
        loop_ = ["found", *_READ, "count_tried", "format_tried"]
        numbers = ",".join(map(str, formats.ways()))
        per_ways = (
            f"_xlfn.REDUCE(p.found,{{{numbers}}},_xlfn.LAMBDA(p.found,p.tp_tried,"
            f"IF(p.tp_tried>p.size_tried,p.found,IF({asked('shared')}>0,{chain},p.found))))"
        )
        per_size = (
            "_xlfn.REDUCE(p.found,_xlfn.SEQUENCE(p.count_tried),_xlfn.LAMBDA(p.found,p.size_tried,"
            f"IF(MOD(p.count_tried,p.size_tried)>0,p.found,{call('ways', [*loop_, 'size_tried'])})))"
        )
        counts_ = ["found", *_READ, "max_count_value", "format_tried"]
        each = f"p.i_<={_POWERS}"
        per_count = (
            f"_xlfn.REDUCE(p.found,_xlfn.SEQUENCE({_POWERS + 1}),_xlfn.LAMBDA(p.found,p.i_,_xlfn.LET(p.count_tried,"
            f"IF({each},2^(p.i_-1),p.max_count_value),IF(IF({each},p.count_tried>=p.max_count_value,FALSE),p.found,"
            f"{call('sizes', loop_)}))))"
        )
        # the largest batch of a layout, and whether the option that it makes is the best so far
        at = [*_READ, *_LIMITS, *WAYS]
        keeps_, most_ = [*at, "batch_tried"], [*at, "low_", "high_"]
        keeps = names.let(
            [("tpot_tried", asked("tpot"))],
            "IF(IF(p.tpot_slo_value>0,p.tpot_tried<=p.tpot_slo_value,TRUE),"
            f"IF(p.ttft_slo_value>0,{asked('first')}<=p.ttft_slo_value,TRUE),FALSE)",
        )
        middle = "INT((p.low_+p.high_)/2)"
        most = (
            f"IF(p.high_-p.low_<=1,p.low_,IF({call('keeps', keeps_, batch_tried=middle)},"
            f"{call('most', most_, low_=middle)},{call('most', most_, high_=middle)}))"
        )
        limits = {**later, "ttft_slo_value": "IF(p.apart_,0,p.ttft_slo_value)"}
        even = "xlcalc_min(xlcalc_max(INT(p.rate_*p.replicas_/(p.begun_+p.rate_)),1),p.replicas_-1)"
        tokens = "xlcalc_min(p.begun_*{0},p.rate_*(p.replicas_-{0}))"
        text = "&".join(f'IF(p.{way}_ways>1,"{way}"&p.{way}_ways,"")' for way in Layout._fields)
        option = names.let(
            [
                ("tpot_tried", asked("tpot", **later)),
                ("rate_", asked("rate", **later)),
                ("begun_", f"IF(p.apart_,p.output_value*{asked('handed')},0)"),
                ("even_", f"IF(p.apart_,{even},0)"),
                ("next_", "xlcalc_min(p.even_+1,p.replicas_-1)"),
                ("prefill_", f"IF({tokens.format('p.next_')}>{tokens.format('p.even_')},p.next_,p.even_)"),
                ("tokens_", f"IF(p.apart_,{tokens.format('p.prefill_')},p.rate_)"),
                ("score_", "p.tokens_/p.count_tried"),
                ("first_", f"IF(p.apart_,{asked('prompt')},{asked('first')})"),
                ("ways_", text),
                ("text_", 'IF(p.ways_="","tp1",p.ways_)'),
                ("said_", 'IF(p.apart_,p.prefill_&"x"&p.text_&"+"&(p.replicas_-p.prefill_)&"x"&p.text_,'
                          f'p.text_&IF({asked("twin")}>0,"ep1",""))'),
                ("decoding_", "IF(p.apart_,p.replicas_-p.prefill_,1)"),
            ],
            "IF(IF(p.ttft_slo_value>0,p.first_>p.ttft_slo_value,FALSE),p.found,IF(p.score_>INDEX(p.found,1,8),"
            "_xlfn.HSTACK(p.count_tried,p.said_,p.format_tried,p.batch_tried*p.decoding_,p.first_,p.tpot_tried,p.tokens_,"
            "p.score_),p.found))",
        )  # fmt: skip
        best = names.let(
            [
                *apart,
                ("batch_tried", f"IF({call('keeps', keeps_, **limits, batch_tried='p.fits_')},p.fits_,"
                 f"{call('most', most_, **limits, low_='0', high_='p.fits_')})"),
            ],
            f"IF(p.batch_tried<1,p.found,{option})",
        )  # fmt: skip
        best_ = ["found", *at, "count_tried", "replicas_", "format_tried", "fits_"]
        written = {
            "listed": (listed_, listed), "ways": ([*loop_, "size_tried"], per_ways), "sizes": (loop_, per_size),
            "counts": (counts_, per_count), "keeps": (keeps_, keeps), "most": (most_, most), "best": (best_, best),
        }  # fmt: skip
        return {f"{NAME}_{part}_": (read, _spelled(body)) for part, (read, body) in written.items()}

    def _of_sheet(self, whole: str) -> str:
        """The function: what the sheet *Plans* has of the same question, once for all cells that ask it."""
        arguments = LLM_SERVE_PLAN.arguments
        key = f'_xlfn.TEXTJOIN("|",FALSE,{",".join(map(_spelled_key, arguments))})'
        own = [f"p.{excel.name(one.name)}" for one in arguments]
        given = ",".join(
            text if one.required else f'IF(_xlfn.ISOMITTED({text}),"",{text})'
            for one, text in zip(arguments, own, strict=True)
        )
        head = ",".join(f'"{one}"' for one in HEADER)
        found = f"_xlfn.VSTACK({{{head}}},INDEX(xlcalc_plans,p.line_,0))"
        body = names.let(
            [("line_", f"_xlfn.XMATCH({key},xlcalc_plan_keys)")],
            f'IF(ISNUMBER(p.line_),IF(INDEX(xlcalc_plans,p.line_,1)="",{whole}({given}),{found}),{whole}({given}))',
        )
        return f"_xlfn.LAMBDA({','.join(map(names.parameter, arguments))},{_spelled(body)})"

    def _formula(self) -> str:
        """The whole: a call that was kept; else the best of the formats that the accelerator computes in."""
        read = {"prompt", "output", "ttft_slo", "tpot_slo", "max_count", "top", "cached_share"}
        lets = [
            (names.value_name(one), names.number_read(self.axes[one], f"_xlpm.{excel.name(one)}"))
            for one in sorted(read)
        ]
        lets += [
            ("cache_value", "2"),
            ("model_id", "INDEX(xlcalc_models_ids,xlcalc_models_row(p.model))"),
            ("machine_id", "INDEX(xlcalc_accelerators_ids,xlcalc_accelerators_row(p.accelerator))"),
        ]
        rows = [
            ("m_row", f'INDEX(xlcalc_{MODELS},_xlfn.XMATCH(p.model_id&"|"&p.dtype_,xlcalc_{MODELS}_ids),0)'),
            ("a_row", f'INDEX(xlcalc_{MACHINES},_xlfn.XMATCH(p.machine_id&"|"&p.dtype_,xlcalc_{MACHINES}_ids),0)'),
        ]
        counts = ",".join(f"p.{one}" for one in ("found", *_READ, "max_count_value", "format_tried"))
        listed = names.let(
            [
                *rows,
                ("format_tried", f"INDEX(p.a_row,{1 + MACHINE_HEADINGS.index('planned')})"),
                ("why_m", f"INDEX(p.m_row,{1 + MODEL_HEADINGS.index('refused layouts')})"),
                ("why_a", f"INDEX(p.a_row,{1 + MACHINE_HEADINGS.index('refused load')})"),
                ("found", "p.list_"),
            ],
            'IF(p.format_tried="",p.list_,IF(ISERROR(p.why_m),p.why_m,IF(ISERROR(p.why_a),p.why_a,'
            f"{NAME}_counts_({counts}))))",
        )
        columns = [(one, f"INDEX(p.list_,p.i_,{i})") for i, one in enumerate(_LISTED, 1) if one != "most_"]
        dtype = [("dtype_", 'IF(p.format_tried="fp16","bf16",p.format_tried)')]
        given = ("found", *_READ, *_LIMITS, *WAYS, "count_tried", "replicas_", "format_tried", "fits_")
        tried = names.let([*columns, *dtype, *rows], f"{NAME}_best_({','.join(f'p.{one}' for one in given)})")
        formats_ = ",".join(f'"{one}"' for one in _TRIED)
        lets += [
            ("all_", f"_xlfn.REDUCE({_nothing(_LISTED)},{{{formats_}}},_xlfn.LAMBDA(p.list_,p.dtype_,"
                     f"IF(ISERROR(INDEX(p.list_,1,1)),p.list_,{listed})))"),
            ("list_", "_xlfn.SORTBY(p.all_,INDEX(p.all_,0,1),-1)"),
            ("best_", f"_xlfn.REDUCE({_nothing(_KNOWN)},_xlfn.SEQUENCE(ROWS(p.list_)),_xlfn.LAMBDA(p.found,p.i_,"
                      f"IF(INDEX(p.list_,p.i_,1)<=INDEX(p.found,1,8),p.found,{tried})))"),
        ]  # fmt: skip
        unknown = ",".join(f'"{NOT_KNOWN}"' for _ in HEADER[len(_KNOWN) :])
        head = ",".join(f'"{one}"' for one in HEADER)
        answer = f"_xlfn.VSTACK({{{head}}},_xlfn.HSTACK(p.best_,{{{unknown}}}))"
        open_ = " ".join(name for name, axis in self.axes.items() if name not in read | {"model", "accelerator"})
        blank = "".join(
            f'IF(_xlfn.ISOMITTED(p.{name}),TRUE,p.{name}="")*' for name in map(excel.name, open_.split())
        ).rstrip("*")  # fmt: skip
        body = names.let(lets, f"IF(INDEX(p.best_,1,8)>0,{answer},#NUM!)")
        otherwise = _spelled(
            f"IF(({blank})=0,#N/A,IF(IF(_xlfn.ISOMITTED(p.top),5,p.top)<>1,#N/A,"
            f"IF(IF(_xlfn.ISOMITTED(p.cached_share),0,N(p.cached_share))=1,#N/A,{body})))"
        )
        return names.searched(LLM_SERVE_PLAN, otherwise)


def _spelled_key(argument: Argument) -> str:
    own = f"p.{excel.name(argument.name)}"
    return (
        f"xlcalc_key({own})" if argument.required else f'IF(_xlfn.ISOMITTED({own}),"{names.NOTHING}",xlcalc_key({own}))'
    )


def _nothing(columns: Sequence[str]) -> str:
    """A row of zeros."""
    return f"{{{','.join('0' * len(columns))}}}"


def _spelled(text: str) -> str:
    return re.sub(r"(?<![\w.])p\.", "_xlpm.", text)
