"""The functions of serving whose formulas take a model, a machine and a layout at once.

Each is recorded once over a model and a machine whose numbers all are open, the layout included, and stands for every
row of *Model formats* and *Machine formats*. Where a function chooses among layouts, what is asked of a layout is a
name of its own, and the choice calls it for those that may work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from xlcalc.formula import excel
from xlcalc.formula.arithmetic import both, least, most, where
from xlcalc.formula.symbols import INPUT, Recording, Symbol, labelled, recording
from xlcalc.hardware.rates import Device, Engine, ServeRates
from xlcalc.hardware.serving import engine
from xlcalc.hosting import cost, latency, memory, throughput
from xlcalc.hosting.layout import Divisible, Layout, ways
from xlcalc.hosting.served import Served
from xlcalc.hosting.step import replica
from xlcalc.language.declare import find
from xlcalc.model.coefficients import Coefficients
from xlcalc.model.flops import FlopShape

from . import formats, names
from .cases import GIVEN, asked
from .formats import MACHINE_HEADINGS, MACHINES, MODEL_HEADINGS, MODELS

REFUSED = {
    "LLM_TTFT": ("time", "prompts"),
    "LLM_TPOT": ("time", "time"),
    "LLM_SERVE_MEMORY": ("memory", ""),
    "LLM_MAX_BATCH": ("layouts", "memory"),
    "LLM_MIN_GPUS": ("layouts", "memory"),
    "LLM_THROUGHPUT": ("layouts", "load"),
    "LLM_REPLICAS": ("layouts", "load"),
}
"""The functions, and the columns that say why a model and a machine have no answer."""
_FOR_GOOD = 1e15  # tokens of a window that never ends
_LENGTH = 5000  # characters of a part of a formula
_MOST_NODES = 8  # nested deeper, LET would try all of them
_PLAIN = frozenset(("window", "stride", "pending"))  # of a cache that is kept whole
WAYS = [f"{name}_ways" for name in Layout._fields]
_GIVEN = [f"{name}_given" for name in Layout._fields]
_TRIED = (
    "count_tried", "size_tried", "tp_tried", "batch_tried", "tpot_tried", "format_tried", "found",
    "decoding_tried", "prefilling_tried", *_GIVEN,
    "layout_is_given", "ep_is_said",
)  # fmt: skip


def formulas() -> dict[str, str]:
    """The functions, and the parts that their formulas are cut into."""
    found: dict[str, str] = {"xlcalc_ways": _ways_text()}
    for function in REFUSED:
        found |= Function(function).names()
    return found


def _ways_text() -> str:
    """The number behind a word of a layout such as tp4pp2, 1 where the word is not there."""
    at, text = "_xlpm.at_", "_xlpm.text"
    digits = "".join(f"IFERROR(VALUE(MID({text},{at}+2,{n}))," for n in (4, 3, 2)) + f"VALUE(MID({text},{at}+2,1))"
    return f"_xlfn.LAMBDA({text},_xlpm.word,_xlfn.LET({at},FIND(_xlpm.word,{text}),IF(ISNUMBER({at}),{digits}))),1)))"


class Open:
    """A model and a machine of open numbers, which a formula reads by their place in the row."""

    def __init__(self, nodes: Recording) -> None:
        self.nodes = nodes
        self._places = {"m": MODEL_HEADINGS, "a": MACHINE_HEADINGS}

    def number(self, name: str) -> Any:
        return labelled(self.nodes, INPUT, (name,), 2.0, name, "", "")

    def model(self, heading: str) -> Any:
        return self.number(f"m_{1 + MODEL_HEADINGS.index(heading)}")

    def machine(self, heading: str) -> Any:
        return self.number(f"a_{1 + MACHINE_HEADINGS.index(heading)}")

    def served(self, software: str) -> Served:
        """A model on a machine under a software; without one on the engine that questions without a machine take."""
        kinds = {kind: tuple(self._of_kind(kind, many, one)) for kind, many, one in formats.KINDS}
        full, windowed = kinds.pop("full"), kinds.pop("windowed")
        divisible = Divisible(
            self.model("n_layers"), self.model("n_experts"), self.model("n_heads"),
            tuple(self.model(f"heads_{i}") for i in (1, 2, 3)),
        )  # fmt: skip
        own, device, rates = engine(None, ""), None, None
        if software:
            own = Engine(*(self.machine(f"{software} {name}") for name in Engine._fields))
            rates = ServeRates(*(self.machine(f"{software} {name}") for name in ServeRates._fields))
            device = Device(self.machine("memory"), self.machine("node"), self.machine("ranks"), False, "")
            pads = self.machine("pads heads")
            divisible = divisible._replace(
                n_heads=where(pads > 0, 0, divisible.n_heads),
                kv_heads=tuple(where(pads > 0, 1, heads) for heads in divisible.kv_heads),
            )
            endless = self.model("all_windowed") > own.shared_window  # an engine that reads all tokens
            kinds["scores"] = tuple(one._replace(reach=where(endless, 0, one.reach)) for one in kinds["scores"])
            windowed = tuple(one._replace(window=where(endless, _FOR_GOOD, one.window)) for one in windowed)
        numbers = {name: self.model(name) for name in formats.NUMBERS}
        blank = dict.fromkeys(Coefficients._fields, 0)
        model = Coefficients(**{**blank, **numbers, **kinds, "cached": (*full, *windowed)})
        found = Served(model, "", self.number("cache"), own, device, rates and rates._replace(mesh=False))
        found.__dict__["divisible"] = divisible
        return found

    def _of_kind(self, kind: str, many: int, one: Any) -> Iterator[Any]:
        plain = _PLAIN - {"window"} if kind == "windowed" else _PLAIN if kind == "full" else ()
        open_fields = [field for field in one._fields if field not in plain]
        for i in range(1, many + 1):
            yield one._replace(**{field: self.model(f"{kind} {i} {field}") for field in open_fields})

    @property
    def flops(self) -> FlopShape:
        windowed = self.model("score_window"), self.model("window")
        return FlopShape(self.model("matmul"), ((self.model("score_all"), None), windowed))

    def call(self, name: str, of: Iterable[Any]) -> Symbol:
        """The call of a name of the workbook; of an error the error."""
        key = (name, *of)
        return self.nodes.setdefault(key, Symbol(self.nodes, name, key[1:], 2.0))


class Function:
    def __init__(self, name: str) -> None:
        declaration = find(name)
        question = asked(declaration) if declaration else None
        assert question is not None
        self.name, self.asked = name, question
        self.axes = {axis.argument.name: axis for axis in question.axes}
        self.parts: dict[str, str] = {}

    def names(self) -> dict[str, str]:
        with recording(open=True) as nodes:
            of = Open(nodes)
            results = getattr(self, f"_{self.name.lower()}")(of, {name: of.number(name) for name in self.axes})
            bodies = [self.cut(result) for result in results.values()]
        result = bodies[0] if len(bodies) == 1 else f"CHOOSE({self._part(list(results))},{','.join(bodies)})"
        columns = zip("ma", (MODEL_HEADINGS, MACHINE_HEADINGS), REFUSED[self.name], strict=True)
        for row, headings, refused in reversed([one for one in columns if one[2]]):
            why = f"INDEX(_xlpm.{row}_row,{1 + headings.index(f'refused {refused}')})"
            result = f"IF(ISERROR({why}),{why},{result})"
        lets = list(self._lets())
        read = set(re.findall(r"_xlpm\.(\w+)", "".join([result, *(text for _, text in lets)])))
        lets = [(name, text) for name, text in lets if name in read]
        for axis in self.asked.axes:
            own = f"_xlpm.{excel.name(axis.argument.name)}"
            if axis.reading == GIVEN and names.value_name(axis.argument.name) not in read:
                result = f'IF(IF(_xlfn.ISOMITTED({own}),TRUE,{own}=""),{result},#N/A)'
        return {**self.parts, self.name: names.lambda_of(self.asked, lets, result, ["layout"])}

    # What each function is

    def _llm_ttft(self, of: Open, read: dict[str, Any]) -> dict[str, Any]:
        served, count, prompt, batch, mfu = (
            of.served("alone"),
            read["count"],
            read["prompt"],
            read["batch"],
            read["mfu"],
        )
        at = latency.ttft_at(served, of.flops, count, prompt, batch, mfu)
        return {"": where(mfu > 0, at, latency.ttft(served, latency.latency_layout(served, count), prompt, batch))}

    def _llm_tpot(self, of: Open, read: dict[str, Any]) -> dict[str, Any]:
        served, context, batch, mbu = of.served("alone"), read["context"], read["batch"], read["mbu"]
        layout = latency.latency_layout(served, read["count"])
        at = latency.tpot_at(served, layout, context, batch, mbu)
        return {"": where(mbu > 0, at, latency.tpot(served, layout, context, batch))}

    def _llm_serve_memory(self, of: Open, read: dict[str, Any]) -> dict[str, Any]:
        served = of.served("")
        sequences = where(read["sequences"] > 0, read["sequences"], served.engine.prepared)
        parts = memory.serve_memory(served, read["context"], read["batch"], Layout(read["tp"]), sequences)
        shared = served.divisible.by_tp(read["tp"])
        found = {"total": parts.total, **parts._asdict()}
        return {part: where(shared, amount, of.call("#NUM!", ())) for part, amount in found.items()}

    def _llm_max_batch(self, of: Open, read: dict[str, Any]) -> dict[str, Any]:
        served = of.served("usual")
        held = self._of_layout(of, lambda at: memory.whole_capacity(served, read["context"], at, read["reserve"]))
        best = self._best(of, served, read["count"], held)
        return {"": where(best >= 1, best, of.call("#NUM!", ()))}

    def _llm_min_gpus(self, of: Open, read: dict[str, Any]) -> dict[str, Any]:
        served, node = of.served("usual"), of.machine("node")
        fits = self._of_layout(
            of,
            lambda at: where(memory.fits_batch(served, read["context"], read["batch"], at, read["reserve"]), 1, 0),
        )
        best = self.cut(self._best(of, served, of.number("count_tried"), fits))
        tried = [(1 << i, 1 << i <= node) for i in range(7)] + [(node * n, True) for n in range(1, _MOST_NODES + 1)]
        call = self.called(of, best, "count_tried")
        found = of.call("#N/A", ())
        for number, inside in reversed(tried):
            found = where(both(inside, call(number) > 0) if inside is not True else call(number) > 0, number, found)
        return {"": found}

    def _llm_throughput(self, of: Open, read: dict[str, Any]) -> dict[str, Any]:
        return {"": self._tokens_per_second(of, read, read["batch"])}

    def _llm_replicas(self, of: Open, read: dict[str, Any]) -> dict[str, Any]:
        tokens = self._tokens_per_second(of, read, read["batch"])
        return {"": cost.replicas(read["requests_per_second"], read["output"], tokens, read["utilization"])}

    def _tokens_per_second(self, of: Open, read: dict[str, Any], batch: Any) -> Any:
        served = of.served("usual")
        traffic = throughput.Traffic(read["prompt"], read["output"], read["cached_share"])

        def rate(at: Layout) -> Any:
            fits = throughput.room(served, traffic, at)
            running = where(batch > 0, batch, least(fits, throughput.useful(served, traffic, at)))
            got = throughput.flow(replica(served, at), traffic, running).tokens_per_second
            return where(fits >= most(batch, 1), got, 0)

        each = self._of_layout(of, rate)
        best = self._best(of, served, read["count"], each)
        if "layout" in self.axes:
            given = Layout(*(of.number(name) for name in _GIVEN))
            best = where(of.number("layout_is_given") > 0, self._given(of, served, read["count"], given, each), best)
        return where(best > 0, best, of.call("#NUM!", ()))

    def _given(self, of: Open, served: Served, count: Any, layout: Layout, each: Callable[[Layout], Any]) -> Any:
        """The same of the layout that is given, or its twin where it leaves that open; 0 where it does not fit model or
        count."""
        there_is = both(of.number("ep_is_said") == 0, throughput.has_twin(served, layout))
        other = throughput.twin(layout)
        works = both(layout.accelerators == count, served.divisible.by_tp(layout.tp))
        works = both(works, both(layout.pp <= of.model("n_layers"), layout.ep <= most(of.model("n_experts"), 1)))
        return where(works, most(each(layout), where(there_is, each(other), 0)), 0)

    def _of_layout(self, of: Open, asked_of: Callable[[Layout], Any]) -> Callable[[Layout], Symbol]:
        """What is asked of a layout as a name of its own, and how it is called."""
        call = self.called(of, self.cut(asked_of(Layout(*(of.number(name) for name in WAYS)))), *WAYS)
        return lambda layout: call(*layout)

    def called(self, of: Open, text: str, *open_names: str) -> Callable[..., Symbol]:
        """The call of a part with other values in some of what it reads."""
        name, _, listed = text.rstrip(")").partition("(")
        read = [one.removeprefix("_xlpm.") for one in listed.split(",")]

        def call(*values: Any) -> Symbol:
            given = dict(zip(open_names, values, strict=True))
            return of.call(name, tuple(given[one] if one in given else of.number(one) for one in read))

        return call

    def _best(self, of: Open, served: Served, count: Any, each: Callable[[Layout], Any]) -> Any:
        """The most of what is asked of the layouts of so many accelerators; 0 where none works."""
        tp = of.number("tp_tried")
        found: Any = 0
        for works, layout in ways(count, tp, served.divisible):
            found = most(where(works, each(layout), 0), found)
        shared = both(both(count % tp == 0, tp <= of.machine("splits")), served.divisible.by_tp(tp))
        of_tp = self.called(of, self.cut(where(shared, found, 0)), "tp_tried")
        best = of_tp(1)
        for number in formats.ways()[1:]:
            best = most(of_tp(number), best)
        return self.called(of, self.cut(best))()  # a name, so that IF leaves it alone where it is not asked for

    # How it stands in a workbook

    def _lets(self) -> Iterator[tuple[str, str]]:
        """The rows of the model and of the machine in their format, and the numbers that formulas may read."""
        dtype = self._word("dtype")
        yield "id_", "INDEX(xlcalc_models_ids,xlcalc_models_row(_xlpm.model))"
        yield "format_", f'IF({dtype}="fp16","bf16",{dtype})'
        published = f"_xlfn.XMATCH(_xlpm.id_,xlcalc_{MODELS}_titles)"
        named = f'_xlfn.XMATCH(_xlpm.id_&"|"&_xlpm.format_,xlcalc_{MODELS}_ids)'
        yield "line_", f'IF(_xlpm.format_="",{published},{named})'
        yield "m_row", f"INDEX(xlcalc_{MODELS},_xlpm.line_,0)"
        if "accelerator" in self.axes:
            which = "INDEX(xlcalc_accelerators_ids,xlcalc_accelerators_row(_xlpm.accelerator))"
            found = f'_xlfn.XMATCH({which}&"|"&INDEX(xlcalc_{MODELS}_others,_xlpm.line_),xlcalc_{MACHINES}_ids)'
            yield "a_row", f"INDEX(xlcalc_{MACHINES},{found},0)"
        for name, axis in self.axes.items():
            if axis in self.asked.numbers:
                yield names.value_name(name), names.number_read(axis, f"_xlpm.{excel.name(name)}")
        if "layout" in self.axes:
            yield from self._layout()
        word = self._word("kv_dtype") if "kv_dtype" in self.axes else '""'
        found = f'INDEX(xlcalc_words,_xlfn.XMATCH("cache|"&{word},xlcalc_keys),1)'
        yield names.value_name("cache"), f'IF({word}="",2,{found})'

    @staticmethod
    def _layout() -> Iterator[tuple[str, str]]:
        """The numbers behind the words of a layout such as tp4pp2, in whatever order and with marks between."""
        text = 'LOWER(IF(_xlfn.ISOMITTED(_xlpm.layout),"",_xlpm.layout))'
        for mark in (" ", ",", "x", "*", "+", "_", "-"):
            text = f'SUBSTITUTE({text},"{mark}","")'
        yield "layout_text", text
        for name in _GIVEN:
            yield name, f'xlcalc_ways(_xlpm.layout_text,"{name[:2]}")'
        said = "+".join(f'IF(ISNUMBER(FIND("{one[:2]}",_xlpm.layout_text)),2+LEN(_xlpm.{one}),0)' for one in _GIVEN)
        yield "ep_is_said", 'IF(ISNUMBER(FIND("ep",_xlpm.layout_text)),1,0)'
        divides = "MOD(_xlpm.tp_given*_xlpm.dp_given,_xlpm.ep_given)=0"
        valid = f"IF({said}=LEN(_xlpm.layout_text),IF({divides},1,#VALUE!),#VALUE!)"
        yield "layout_is_given", f'IF(_xlpm.layout_text="",0,{valid})'

    def _word(self, argument: str) -> str:
        own = f"_xlpm.{excel.name(argument)}"
        return f'IF(_xlfn.ISOMITTED({own}),"",xlcalc_word({own},""))'

    def _part(self, parts: list[str]) -> str:
        listed = ",".join(f'"{part}"' for part in parts)
        own = f'IF(_xlfn.ISOMITTED(_xlpm.part),"{parts[0]}",xlcalc_word(_xlpm.part,"{parts[0]}"))'
        return f"_xlfn.IFNA(_xlfn.XMATCH({own},{{{listed}}}),#VALUE!)"

    def cut(self, result: Symbol) -> str:
        """The call of the first part of a formula, each of which ends with the call of the next."""
        steps, body = excel.steps(result, self.axes)
        pieces: list[list[tuple[str, str]]] = [[]]
        for name, text in ((name, self._in_sheet(text)) for name, text in steps):
            if sum(len(n) + len(t) + 8 for n, t in pieces[-1]) + len(text) > _LENGTH:
                pieces.append([])
            pieces[-1].append((name, text))
        given = ["m_row", "a_row", *map(names.value_name, (*self.axes, "cache")), *WAYS, *_TRIED]
        ended = self._in_sheet(body)
        read: set[str] = set()
        for i, piece in reversed(list(enumerate(pieces))):
            own = names.let(piece, ended) if piece else ended
            read |= set(re.findall(r"_xlpm\.(\w+)", own))
            before = [*given, *(name for earlier in pieces[:i] for name, _ in earlier)]
            listed = ",".join(f"_xlpm.{name}" for name in before if name in read)
            part = f"{self.name}_{len(self.parts) + 1}_"
            self.parts[part] = f"_xlfn.LAMBDA({listed},{own})"
            ended = f"{part}({listed})"
        return ended

    def _in_sheet(self, text: str) -> str:
        """A formula that reads its columns where they stand, and its arguments as they were read."""

        def read(found: re.Match[str]) -> str:
            if found[2]:
                return f"INDEX(_xlpm.{found[2]}_row,{found[3]})"
            known = found[1] in self.axes or found[1] == "cache"
            return f"_xlpm.{names.value_name(found[1])}" if known else found[0]

        return names.elementwise(re.sub(r"_xlpm\.(([ma])_(\d+)|\w+)", read, text))
