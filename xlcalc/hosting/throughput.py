"""Output tokens a second under continuous batching in steady state.

Every step advances the decoding sequences by one token and prefills so many prompt tokens that as many requests begin
as end: prompt / output for each decoding sequence (chunked prefill, Agrawal et al. 2023). How many decode at once is
set by the cache, by the engine's largest batch and by its token budget for a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xlcalc.formula.arithmetic import (
    both,
    ceil,
    detail,
    floor,
    is_recording,
    least,
    most,
    remembered,
    searched,
    term,
    where,
)
from xlcalc.hosting.layout import UNSAID, Layout, Split, check, fills
from xlcalc.hosting.memory import RESERVE, splits, whole_capacity
from xlcalc.hosting.served import Served
from xlcalc.hosting.speculative import UNDRAFTED, Draft
from xlcalc.hosting.step import Replica, replica, step


class Traffic(NamedTuple):
    """What every request asks for: tokens of the prompt, of these the share found in a prefix cache, and output
    tokens; and what is drafted for each pass over them.
    """

    prompt: float
    output: float
    cached_share: float = 0
    draft: Draft = UNDRAFTED

    @property
    def prefilled(self) -> float:
        """Prompt tokens that have to be computed."""
        return detail("prompt tokens to compute", self.prompt * (1 - self.cached_share), "tokens")

    @property
    def reach(self) -> float:
        """Earlier tokens that a computed prompt token attends to on average."""
        return self.prompt * (1 + self.cached_share) / 2

    @property
    def begun(self) -> float:
        """Prompt tokens to be computed that each step of a decoding sequence brings along."""
        return self.prefilled / self.steps

    @property
    def steps(self) -> float:
        """Steps in which a sequence decodes its answer."""
        return self.output / self.draft.given

    @property
    def checked(self) -> float:
        """Tokens that a decoding sequence brings to a step."""
        return self.draft.tokens + 1

    def given(self, steps: float) -> float:
        """Output tokens of so many steps of a sequence."""
        return steps * self.draft.given

    def token(self, step: float) -> float:
        """Seconds between two tokens of a sequence where a step takes so long."""
        return step / self.draft.given

    @property
    def context(self) -> float:
        """Tokens that a decoding sequence has on average."""
        return self.prompt + self.output / 2


class Flow(NamedTuple):
    """Steady state of a replica: output tokens a second, sequences under way and of these decoding, and the seconds
    between two tokens of one sequence."""

    tokens_per_second: float
    sequences: float
    decoding: float
    tpot: float


def room(of: Served, traffic: Traffic, layout: Layout) -> int:
    """Sequences that the engine can have under way, 0 where not one fits: each reserves its whole length."""
    held = whole_capacity(of, traffic.prompt + traffic.output, layout, RESERVE)
    return most(floor(least(held, of.engine.max_batch)), 0)


def useful(of: Served, traffic: Traffic, layout: Layout) -> int:
    """Of the sequences that fit, as many as still help.

    Tokens a second never fall with more sequences that decode, for a step costs something before the first of them;
    those beyond the token budget do not decode.
    """
    fits = room(of, traffic, layout)
    return least(fits, ceil(layout.pp * _decoding_at_most(of, traffic, layout)))


def _decoding_at_most(of: Served, traffic: Traffic, layout: Layout) -> float:
    """Sequences of a stage that decode and leave room in a step's token budget for the prompts that follow them."""
    return of.engine.step_tokens * layout.dp / (traffic.checked + traffic.begun)


def flow(r: Replica, traffic: Traffic, sequences: float) -> Flow:
    """Steady state with so many sequences under way.

        rate = d / t, d = min(sequences / pp, token budget dp / (1 + prompt / output)), t seconds of a stage

    (with k drafted tokens of which a pass gives g: rate = g d / t, and k + 1 + g prompt / output below the budget).
    With p pipeline stages the sequences go round in p groups. A sequence in its prefill holds a place without decoding:
    the decoding ones are those that leave room in the token budget for the prompts that follow them.

    Args:
        r: the model on a layout of an accelerator, with its rates and engine
        traffic: prompt and output of each request [tokens], share of the prompt in the prefix cache [ratio, 0 to 1]
        sequences: under way [count]

    Source: Agrawal et al. 2023 (chunked prefill); rates in catalog/serving.csv.

    >>> import xlcalc
    >>> 8e3 < xlcalc.LLM_THROUGHPUT("llama-3.1-8b", "h100-sxm", 1, 1000, 1000, dtype="fp8") < 9e3
    True
    """
    pp = r.layout.pp
    begun = term("prompt tokens beside each decoding sequence", traffic.begun, "ratio", "Agrawal et al. 2023")
    decoding = least(sequences / pp, _decoding_at_most(r.of, traffic, r.layout))
    decoding = term("sequences that decode", decoding, "sequences", "Agrawal et al. 2023")
    seconds = stage_seconds(r, traffic, decoding, decoding * begun, sequences)
    seconds = term("a step of a stage", seconds, "seconds")
    rate = term("output tokens a second", traffic.given(decoding) / seconds, "tokens/s")
    tpot = term("time per output token", traffic.token(seconds * pp), "seconds")
    return Flow(rate, sequences, decoding * pp, tpot)


def stage_seconds(r: Replica, traffic: Traffic, decoding: float, prefilling: float, sequences: float) -> float:
    """Seconds of one pipeline stage for a group that decodes and prefills so many tokens, the engine's work
    included.
    """
    if r.timed is not None:
        return r.timed(*traffic[:3], decoding, prefilling, sequences)
    draft, skew = traffic.draft, r.rates.skew
    passed = step(r, decoding, traffic.context, prefilling, traffic.reach, skew, draft.tokens)
    prompted = traffic.prefilled
    beginning = where(prompted > 0, lambda: prefilling / prompted, lambda: decoding / traffic.steps)
    working = term("the model's pass", passed.stage / r.layout.pp + passed.handover, "seconds")
    if draft is not UNDRAFTED:
        plain = step(r, decoding, traffic.context, skew=skew)
        drafting = draft.tokens * draft.cost * (plain.stage / r.layout.pp + plain.handover)
        working += term("drafting", drafting, "seconds", "Leviathan et al. 2023, theorem 3.8")
    return working + term("the engine's own work", engine(r, sequences, beginning), "seconds")


def engine(r: Replica, sequences: float, beginning: float) -> float:
    """Seconds of a step that the engine's own work adds on the host: it launches kernels, for a step that also prefills
    is no recorded graph, goes through all sequences under way, samples, hands out tokens, and takes in new requests.
    Attention copies do theirs side by side."""
    own = r.of.engine
    each = own.engine_sequence * sequences / r.layout.dp + own.engine_request * beginning
    # steps that only decode replay a recorded graph
    launches = own.engine_kernel * r.model.kernels / r.layout.pp * least(beginning, 1.0)
    return r.rates.host * (own.engine_step + launches + each)


def choices(of: Served, count: int, layout: Layout | None) -> Sequence[Layout]:
    """The layouts that a question about `count` accelerators leaves open: one that is given, as it is written; where it
    is tp alone and there are experts, its twin too, which attends in copies and spreads experts, as engines can."""
    if layout is None:
        return splits(of, count)
    fills(layout, count)
    written = check(layout._replace(ep=max(layout.ep, 1)), of.divisible)
    return [written, twin(written)] if layout.ep == UNSAID and has_twin(of, written) else [written]


def twin(layout: Layout) -> Layout:
    """Its accelerators with attention in copies and experts spread."""
    return Layout(1, 1, layout.tp, layout.tp)


def has_twin(of: Served, layout: Layout) -> bool:
    """Whether its accelerators could do so, unless a text says ep1."""
    experts, alone = of.counted.n_experts, both(layout.tp == layout.accelerators, layout.tp > 1)
    return both(both(alone, layout.ep <= 1), both(experts > 0, experts % layout.tp == 0))


def as_written(of: Served, layout: Layout | Split) -> str:
    """A layout as a cell holds it that means this one, not its twin."""
    return layout.text + ("ep1" if isinstance(layout, Layout) and has_twin(of, layout) else "")


def best_flow(
    of: Served, count: int, traffic: Traffic, batch: int | None, layout: Layout | None
) -> tuple[Layout, Flow]:
    """The fastest of the layouts left open, with as many sequences as fit and still help, or with `batch` of them.

    Raises ValueError where they do not fit.
    """
    chosen, running = searched(_best_flow, of, count, traffic, batch, layout)
    if is_recording():
        sequences = running.sequences if batch is None else batch
        why = f"as many as fit and still help, {chosen.text}"
        sequences = term("running sequences", sequences, "sequences" if batch is None else "", why)
        running = flow(replica(of, chosen), traffic, sequences)
    return chosen, running


@remembered(512)
def _best_flow(
    of: Served, count: int, traffic: Traffic, batch: int | None, layout: Layout | None
) -> tuple[Layout, Flow]:
    best: tuple[Layout, Flow] | None = None
    most = 0
    for tried in choices(of, count, layout):
        fits = room(of, traffic, tried)
        most = max(most, fits)
        if fits < (batch or 1):
            continue
        got = flow(replica(of, tried), traffic, batch or useful(of, traffic, tried))
        if best is None or got.tokens_per_second > best[1].tokens_per_second:
            best = tried, got
    if best is None:
        raise ValueError(no_room(of, count, traffic, batch or 1, most))
    return best


def no_room(of: Served, count: int, traffic: Traffic, batch: int, most: int) -> str:
    """The sentence of a replica that is too small."""
    held = f"it holds {most}" if most else "its weights leave no room for one"
    return (
        f"needs room for {batch} sequence{'s' if batch > 1 else ''} of {traffic.prompt + traffic.output:g} tokens on "
        f"{count} x {of.on.name}, and {held}: take more accelerators, a narrower format, or "
        "fewer or shorter sequences"
    )
