"""Checkpoints and failures: what a run loses to them. Times in seconds, rates per node and day."""

from __future__ import annotations

from xlcalc.formula.arithmetic import allowed, sqrt, term

DAY = 86400

# Bytes a parameter in a full checkpoint: 2 of bf16 weights, 4 of fp32 weights, and the optimizer's state in fp32.
CHECKPOINT_BYTES = {
    "adam": 14, "adam_fp32": 12, "adam_8bit": 8, "adam_bf16": 10, "momentum": 10, "muon": 10, "adafactor": 6, "sgd": 6,
    "none": 2,
}  # fmt: skip
_LLM_CALC = "JGalego/llm-calc, training page, its failure rate read as a rate"


def checkpoint_bytes(params: float, optimizer: str) -> float:
    """Bytes of a checkpoint from which training resumes.

        bytes = N (bytes a parameter)

    `adam` is mixed precision: bf16 and fp32 weights and two fp32 moments, 14 B (BLOOM's 2.3 TB for 176B are 13.07);
    `adam_fp32` has no 16-bit copy (nanoGPT: 12 B, 3.4 % below its measured file); `adam_8bit` keeps moments in a byte
    each, `adam_bf16` in two; `momentum` and `muon` keep one (SGD with momentum, Lion, Muon without what Adam keeps of
    embedding and head), `adafactor` sums of rows and columns, left out here, `sgd` nothing; `none` is the 16-bit
    weights.

    Args:
        params: parameters N [parameters]
        optimizer: a key of CHECKPOINT_BYTES

    Source: Rajbhandari et al. 2020, section 3.1.

    >>> checkpoint_bytes(176e9, "adam")
    2464000000000.0
    """
    each = term(
        "bytes of a parameter",
        CHECKPOINT_BYTES[optimizer],
        "bytes/parameter",
        "ZeRO (Rajbhandari et al. 2020), section 3.1",
    )
    return params * each


def checkpoint_interval(write_time: float, mtbf: float) -> float:
    """The interval that loses least between writing checkpoints and repeating work.

        T_opt = sqrt(2 delta M)

    Args:
        write_time: time delta that training stands still for a checkpoint [s]
        mtbf: mean time M between failures of the whole cluster [s], much above delta

    Gives seconds. Source: Young 1974; first order of Daly 2006.

    >>> round(checkpoint_interval(60, 10800), 1)
    1138.4
    """
    return sqrt(2 * write_time * mtbf)


def lost_share(nodes: float, failures_per_day: float, recovery_time: float, interval: float) -> tuple[float, float]:
    """Shares of wall-clock time lost to recovery, and to repeating work since the last checkpoint.

        f n t_rec and f n t_int / 2, with f failures of one of n nodes a second

    Args:
        nodes: servers n that can fail [count]
        failures_per_day: failures of one node [1/day]
        recovery_time: from a failure to training again, t_rec [s]
        interval: between checkpoints, t_int [s]

    Source: JGalego/llm-calc, training page; its failure rate is read here as a rate, not as a percentage.

    >>> lost_share(2048, 0.0, 3600, 3600)
    (0.0, 0.0)
    """
    failures_per_second = term("failures of all nodes", failures_per_day * nodes / DAY, "failures/second")
    downtime = term("share of time in recovery", failures_per_second * recovery_time, "ratio", _LLM_CALC)
    repeated = term("share of time in repeated work", failures_per_second * interval / 2, "ratio", _LLM_CALC)
    return downtime, repeated


def actual_time(ideal_time: float, lost: float) -> float:
    """Wall-clock seconds of a run that loses a share of them.

        T = T_ideal / (1 - f n (t_rec + t_int / 2))

    Args:
        ideal_time: seconds without failures [s]
        lost: share of the wall-clock time that failures take [ratio, below 1]

    Raises ValueError where failures come faster than work is done. Source: JGalego/llm-calc, training page.

    >>> round(actual_time(54 * 86400, 0.1) / 86400, 6)
    60.0
    """
    return allowed(
        lost < 1,
        lambda: ideal_time / (1 - lost),
        lambda: f"never finishes: failures take {lost:.0%} of the time; shorten recovery or the interval",
    )
