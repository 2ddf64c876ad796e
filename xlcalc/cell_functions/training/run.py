"""Cell functions about training: compute, time, failures, cost, scaling laws."""

from __future__ import annotations

from typing import Annotated

from xlcalc.formula.arithmetic import allowed, given, is_number, term, terms, where
from xlcalc.formula.records import column, columns
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language.cells import Choice
from xlcalc.language.declare import Table, cell_function
from xlcalc.language.kinds import (
    AcceleratorOrPeak,
    Bytes,
    Count,
    DType,
    Flop,
    Fraction,
    GpuHours,
    Loss,
    ModelOrCount,
    Params,
    PerDay,
    PositiveFlop,
    PositiveLoss,
    PositiveParams,
    PositiveSeconds,
    PositiveTokens,
    Real,
    Rows,
    Seconds,
    Share,
    TokenRate,
    Tokens,
    TokensPerByte,
    UsdPerGbMonth,
    UsdPerHour,
)
from xlcalc.model.flops import attention_flops
from xlcalc.model.spec import ModelSpec
from xlcalc.model.words import FLOP_WORDS
from xlcalc.training import compute, cost, failures, scaling_laws

_Recompute = Annotated[str, Choice(*compute.RECOMPUTE)]
_Optimizer = Annotated[str, Choice(*failures.CHECKPOINT_BYTES)]
_LossLaw = Annotated[str, Choice(*scaling_laws.LOSS_LAWS)]
_OptimumLaw = Annotated[str, Choice(*scaling_laws.OPTIMUM_LAWS)]


def _attention(model: ModelSpec, seq_len: float) -> float:
    """Attention FLOP of one token's forward pass, none where no sequence length is given."""
    if is_number(seq_len) and not seq_len:
        return 0
    if not given(seq_len) and model.count is not None:
        return allowed(seq_len == 0, lambda: 0, lambda: "needs a model where a sequence length is given")
    return attention_flops(columns(model.flop_shape, FLOP_WORDS, "of the model"), seq_len)


def _active(model: ModelSpec) -> float:
    return column("params_active", model.active, "active parameters", "parameters", "of the model")


def _peak(accelerator: AcceleratorSpec | float, dtype: str) -> float:
    """Dense peak in FLOP/s: the catalog's for the format, or the number that was given."""
    return accelerator.peak(dtype) if isinstance(accelerator, AcceleratorSpec) else term("peak", accelerator)


@cell_function(category="Training", source="Kaplan et al. 2020, section 2.1; Korthikanti et al. 2022 for recomputation")
def LLM_TRAIN_FLOPS(model: ModelOrCount, tokens: Tokens, seq_len: Tokens = 0, recompute: _Recompute = "none") -> Flop:
    """FLOP to train a model on so many tokens: 6 N D, with attention where a sequence length is given.

    N is the parameters a token meets (active ones of a mixture of experts), tied embeddings counted once. Attention is
    the full square, 12 L a h s a token (Chowdhery et al. 2022). `selective` recomputes attention, `full` the forward
    pass: 8 N D.

    Args:
        model: the model, or its parameters
        tokens: training tokens
        seq_len: tokens of a training sequence; 0 leaves attention out
        recompute: activations computed again in the backward pass
    Example:
        >>> LLM_TRAIN_FLOPS("llama-3.1-8b", 15e12, unit="PF-days")
        8364.855466666666
    """
    return compute.train_flops(_active(model), tokens, _attention(model, seq_len), recompute)


@cell_function(category="Training", source="Narayanan et al. 2021, equation 4")
def LLM_TRAIN_TIME(
    flops: Flop, accelerator: AcceleratorOrPeak, count: Count, mfu: Fraction = 0.4, dtype: DType = "bf16"
) -> Seconds:
    """Seconds that a training run takes without failures: FLOP over accelerators x dense peak x utilisation.

    LLM_ESTIMATE_BOUND of it gives what published whole runs took, with all that interrupts them.

    Args:
        flops: FLOP of the run, as LLM_TRAIN_FLOPS gives them
        count: accelerators
        mfu: model FLOP utilisation, a fraction of peak; 0.3 to 0.5 is usual
        dtype: number format of the matmuls; not used where a peak is given
    Example:
        >>> round(LLM_TRAIN_TIME(2.4e23, 312e12, 300, 0.3, unit="days"), 2)
        98.92
    """
    return compute.train_time(flops, _peak(accelerator, dtype.name), term("accelerators", count), mfu)


@cell_function(category="Training", source="Narayanan et al. 2021, equation 4")
def LLM_GPU_HOURS(flops: Flop, accelerator: AcceleratorOrPeak, mfu: Fraction = 0.4, dtype: DType = "bf16") -> GpuHours:
    """Accelerator-hours of a training run without failures.

    LLM_ESTIMATE_BOUND of it gives what published whole runs took, with all that interrupts them; LLM_TRAIN_RUNS lists
    them.

    Args:
        flops: FLOP of the run
        mfu: model FLOP utilisation, a fraction of peak
        dtype: number format of the matmuls; not used where a peak is given
    Example:
        >>> round(LLM_GPU_HOURS(2.4e23, 312e12, 0.3), 1)
        712250.7
    """
    return (
        term("accelerator-seconds", compute.train_time(flops, _peak(accelerator, dtype.name), 1, mfu), "seconds") / 3600
    )


@cell_function(category="Training", source="Chowdhery et al. 2022, appendix B")
def LLM_MFU(
    model: ModelOrCount,
    tokens_per_second: TokenRate,
    accelerator: AcceleratorOrPeak,
    count: Count,
    seq_len: Tokens = 0,
    dtype: DType = "bf16",
) -> Share:
    """Model FLOP utilisation of a measured training speed: (6 N + 12 L a h s) x tokens/s over count x peak, 0 to 1.

    Recomputed activations do not count; with them it would be hardware utilisation (HFU), which some papers print.

    Args:
        model: the model, or its parameters
        tokens_per_second: tokens trained in a second by all accelerators together
        count: accelerators
        seq_len: tokens of a training sequence; 0 leaves attention out
        dtype: number format of the matmuls; not used where a peak is given
    Example:
        >>> round(LLM_MFU("llama-3.1-8b", 80000, "h100-sxm", 8, 8192), 3)
        0.617
    """
    per_token = compute.train_flops(_active(model), 1, _attention(model, seq_len), "none")
    per_token = term("FLOP of a trained token", per_token, "FLOP/token")
    utilisation = compute.mfu(per_token, tokens_per_second, _peak(accelerator, dtype.name), count)
    return allowed(
        utilisation <= 1,
        lambda: utilisation,
        lambda: f"would be {utilisation:.3g}, more than the peak allows: check tokens_per_second, count and dtype",
    )


@cell_function(category="Training", source="ZeRO (Rajbhandari et al. 2020), section 3.1; BLOOM-176B checkpoints")
def LLM_CHECKPOINT_SIZE(model: ModelOrCount, optimizer: _Optimizer = "adam") -> Bytes:
    """Bytes of a checkpoint from which training can resume.

    `adam` keeps bf16 weights, fp32 weights and two fp32 moments: 14 B a parameter. `adam_fp32` leaves out the 16-bit
    copy (12 B), `adam_8bit` keeps moments in a byte each (8 B), `adam_bf16` in two (10 B), `momentum` and `muon` keep
    one moment (10 B: SGD, Lion, Muon, the second moment of embedding and head left out), `adafactor` and `sgd` none
    (6 B), `none` the 16-bit weights alone (2 B). Paged moments are those of `adam` or `adam_8bit`.

    Args:
        model: the model, or its parameters
        optimizer: what the checkpoint keeps besides weights
    Example:
        >>> LLM_CHECKPOINT_SIZE(176e9, unit="TB")
        2.464
    """
    return failures.checkpoint_bytes(
        column("params_total", model.total, "parameters", "parameters", "of the model"), optimizer
    )


@cell_function(category="Training", source="Young 1974; Daly 2006")
def LLM_CHECKPOINT_INTERVAL(write_time: Seconds, mtbf: Seconds) -> Seconds:
    """The interval between checkpoints that loses least time: sqrt(2 x write time x mean time between failures).

    Args:
        write_time: seconds that training stands still for a checkpoint
        mtbf: mean time between failures of the whole cluster
    Example:
        >>> LLM_CHECKPOINT_INTERVAL(50, 10000)
        1000.0
    """
    return failures.checkpoint_interval(write_time, mtbf)


@cell_function(category="Training", source="JGalego/llm-calc, training page, its failure rate read as a rate")
def LLM_TRAIN_TIME_ACTUAL(
    ideal_time: Seconds,
    nodes: Count,
    node_failures_per_day: PerDay,
    recovery_time: Seconds,
    checkpoint_interval: Seconds,
) -> Seconds:
    """Wall-clock seconds of a run with failures: each costs its recovery and half an interval of repeated work.

    Llama 3 405B saw 419 unexpected stops in 54 days on 2,048 nodes: 0.0038 a node and day.

    Args:
        ideal_time: seconds without failures, as LLM_TRAIN_TIME gives them
        nodes: servers that can fail
        node_failures_per_day: failures of one node in a day (a rate: 0.01 is one in a hundred days)
        recovery_time: seconds from a failure to training again
        checkpoint_interval: seconds between checkpoints
    Example:
        >>> LLM_TRAIN_TIME_ACTUAL(86400, 100, 0.04, 1800, 3600)
        103680.0
    """
    lost = sum(failures.lost_share(nodes, node_failures_per_day, recovery_time, checkpoint_interval))
    return failures.actual_time(ideal_time, lost)


@cell_function(category="Training", source="JGalego/llm-calc, training page, corrected: docs/origin.md")
def LLM_TRAIN_COST(
    flops: Flop,
    accelerator: AcceleratorOrPeak,
    count: Count,
    usd_per_hour: UsdPerHour,
    mfu: Fraction = 0.4,
    node_size: Count = 8,
    node_failures_per_day: PerDay = 0,
    recovery_time: Seconds = 3600,
    checkpoint_interval: PositiveSeconds = 3600,
    checkpoint_bytes: Bytes = 0,
    dataset_bytes: Bytes = 0,
    storage_usd_per_gb_month: UsdPerGbMonth = 0,
    experiment_gpu_hours: GpuHours = 0,
) -> Rows:
    """Cost of a training run: compute, failures (downtime and recomputation), storage, experiments and their total.

    Prices are per accelerator-hour; matmuls run in bf16. All checkpoints are kept, so storage holds half of
    them on average, and the dataset, for the wall-clock time. LLM_ESTIMATE_BOUND of it gives the total by what
    published whole runs took.

    Args:
        flops: FLOP of the run
        count: accelerators
        usd_per_hour: price of one accelerator for an hour
        mfu: model FLOP utilisation, a fraction of peak
        node_size: accelerators that fail together
        node_failures_per_day: failures of one node in a day
        recovery_time: seconds from a failure to training again
        checkpoint_interval: seconds between checkpoints
        checkpoint_bytes: bytes of one checkpoint
        dataset_bytes: bytes of the training data
        storage_usd_per_gb_month: price of storage
        experiment_gpu_hours: accelerator-hours of experiments beside the run
    Example:
        >>> LLM_TRAIN_COST(2.4e23, 312e12, 300, 4.09, 0.3)[1][:2]
        ['compute', 2913105.4131054133]
    """
    ideal = compute.train_time(flops, _peak(accelerator, "bf16"), count, mfu)
    bill = cost.train_cost(
        ideal_time=term("time without failures", ideal, "seconds", "Narayanan et al. 2021, equation 4"),
        count=count,
        usd_per_hour=usd_per_hour,
        node_size=node_size,
        node_failures_per_day=node_failures_per_day,
        recovery_time=recovery_time,
        checkpoint_interval=checkpoint_interval,
        checkpoint_bytes=checkpoint_bytes,
        dataset_bytes=dataset_bytes,
        storage_usd_per_gb_month=storage_usd_per_gb_month,
        experiment_gpu_hours=experiment_gpu_hours,
    )
    bill = terms(bill, _BILL)
    total = term("total", bill.total, "USD", _BILL_SOURCE)

    def share(usd: float) -> float:
        return where(total > 0, lambda: usd / total, 0)

    lines = [[_BILL[name][0], usd, share(usd)] for name, usd in zip(_BILL, bill, strict=True)]
    return Table([["item", "USD", "share"], *lines, ["total", total, where(total > 0, 1.0, 0)]])


_BILL_SOURCE = "JGalego/llm-calc, training page, corrected: docs/origin.md"
_BILL = {
    "compute": ("compute", "USD", _BILL_SOURCE),
    "failures_downtime": ("failures (downtime)", "USD", _BILL_SOURCE),
    "failures_recomputation": ("failures (recomputation)", "USD", _BILL_SOURCE),
    "storage": ("storage", "USD", _BILL_SOURCE),
    "experiments": ("experiments", "USD", _BILL_SOURCE),
}


@cell_function(category="Training", source="BLOOM's corpus: 350e9 tokens in 1.6 TB, 0.22 tokens a byte")
def LLM_DATASET_SIZE(tokens: Tokens, tokens_per_byte: TokensPerByte = 0.25) -> Bytes:
    """Bytes of text behind so many tokens.

    Args:
        tokens: training tokens
        tokens_per_byte: 0.25 for English text with a large vocabulary; BLOOM's corpus has 0.22
    Example:
        >>> LLM_DATASET_SIZE(15e12, unit="TB")
        60.0
    """
    return compute.dataset_bytes(tokens, tokens_per_byte)


@cell_function(
    category="Training", source="Hoffmann et al. 2022, equation 10; Besiroglu et al. 2024; Kaplan et al. 2020"
)
def LLM_LOSS(params: PositiveParams, tokens: PositiveTokens, law: _LossLaw = "chinchilla") -> Loss:
    """Loss in nats a token that a scaling law predicts. Kaplan's N leaves embeddings out.

    The laws were fitted on other data and tokenizers than yours: compare losses of one law, not across laws.

    Args:
        params: parameters
        tokens: training tokens
        law: the scaling law
    Example:
        >>> round(LLM_LOSS(70e9, 1.4e12), 4)
        1.9366
    """
    if law == "kaplan":
        return scaling_laws.kaplan_loss(params, tokens)
    return scaling_laws.parametric_loss(scaling_laws.PARAMETRIC[law], params, tokens)


@cell_function(
    category="Training", source="Hoffmann et al. 2022, tables 2, 3 and A3; Besiroglu et al. 2024; Kaplan et al. 2020"
)
def LLM_OPTIMAL_PARAMS(flops: PositiveFlop, law: _OptimumLaw = "chinchilla") -> Params:
    """Parameters of the model that reaches the lowest loss for this compute.

    `chinchilla` is approach 1 of Hoffmann et al., about twenty tokens a parameter; approaches 1, 2 and 3 can be asked
    for. Their constants are fitted to the paper's tables with worst errors of 2.0, 1.9 and 2.9 %.

    Args:
        flops: FLOP of the run
        law: the scaling law
    Example:
        >>> round(LLM_OPTIMAL_PARAMS(5.76e23, unit="B"), 1)
        67.9
    """
    return scaling_laws.optimal_params(flops, law)


@cell_function(
    category="Training", source="Hoffmann et al. 2022, tables 2, 3 and A3; Besiroglu et al. 2024; Kaplan et al. 2020"
)
def LLM_OPTIMAL_TOKENS(flops: PositiveFlop, law: _OptimumLaw = "chinchilla") -> Tokens:
    """Tokens to train the optimal model on: what 6 N D leaves for D.

    Args:
        flops: FLOP of the run
        law: the scaling law
    Example:
        >>> round(LLM_OPTIMAL_TOKENS(5.76e23, unit="T"), 2)
        1.41
    """
    return scaling_laws.optimal_tokens(flops, law)


@cell_function(category="Training", source="Kaplan et al. 2020, equation 5.3")
def LLM_CRITICAL_BATCH(loss: PositiveLoss) -> Tokens:
    """Tokens of a batch beyond which more parallel data saves little time, at a loss in nats a token.

    Args:
        loss: loss reached, as LLM_LOSS(..., "kaplan") gives it
    Example:
        >>> round(LLM_CRITICAL_BATCH(2.5, "M"), 2)
        2.55
    """
    return scaling_laws.critical_batch(loss)


@cell_function(category="Training", source="Narayanan et al. 2021, section 2.2")
def LLM_PIPELINE_BUBBLE(pp: Count, micro_batches: Count, interleave: Count = 1) -> Real:
    """Idle time of a pipeline over its ideal time: (p - 1) / (v m).

    Args:
        micro_batches: micro-batches of one step on one pipeline
        interleave: model chunks on each stage (virtual stages)
    Example:
        >>> LLM_PIPELINE_BUBBLE(8, 64)
        0.109375
    """
    return compute.pipeline_bubble(pp, micro_batches, interleave)
