"""FLOP and time of a training run. Plain numbers in base units."""

from __future__ import annotations

from xlcalc.formula.arithmetic import term

RECOMPUTE = ("none", "selective", "full")
_KAPLAN, _KORTHIKANTI = "Kaplan et al. 2020, section 2.1", "Korthikanti et al. 2022, section 5 and appendix A"


def train_flops(active_params: float, tokens: float, attention: float, recompute: str) -> float:
    """FLOP of a run: 6 N D, with attention and what is recomputed.

        C = D (6 N + 3 a + again), again = 0 (none), a (selective), 2 N + a (full)

    A forward pass is 2 N, a backward pass twice that. `selective` runs the attention scores a second time, `full` the
    whole forward pass.

    Args:
        active_params: parameters N that a token meets [parameters]
        tokens: training tokens D [tokens]
        attention: FLOP a of a token's attention in a forward pass [FLOP/token]; 0 leaves attention out
        recompute: none, selective or full

    Source: Kaplan et al. 2020, section 2.1; Korthikanti et al. 2022, section 5 and appendix A.

    >>> train_flops(175e9, 300e9, 0, "none")
    3.15e+23
    """
    weights = term("FLOP of a token in weights", 6 * active_params, "FLOP/token", _KAPLAN)
    scores = term("FLOP of a token in attention", 3 * attention, "FLOP/token", "Chowdhery et al. 2022, appendix B")
    if recompute == "none":
        return tokens * (weights + scores)
    again = attention if recompute == "selective" else 2 * active_params + attention
    return tokens * (weights + scores + term("FLOP of a token computed again", again, "FLOP/token", _KORTHIKANTI))


def train_time(flops: float, peak: float, count: float, mfu: float) -> float:
    """Seconds that a run takes without failures.

        T = C / (n X), X = mfu peak

    Args:
        flops: FLOP C of the run [FLOP]
        peak: dense peak of one accelerator [FLOP/s], above 0
        count: accelerators n [count]
        mfu: model FLOP utilisation [ratio, above 0, at most 1]

    Source: Narayanan et al. 2021, equation 4, with mfu x peak as the achieved rate X.

    >>> round(train_time(2.4e23, 312e12, 300, 0.3) / 86400, 2)
    98.92
    """
    return flops / (count * peak * mfu)


def mfu(flops_per_token: float, tokens_per_second: float, peak: float, count: float) -> float:
    """Model FLOP utilisation: FLOP/s that the model needs over what the accelerators could do.

        MFU = R F / (n P)

    Args:
        flops_per_token: FLOP F of a trained token without recomputation [FLOP/token]
        tokens_per_second: tokens R that all accelerators train in a second [tokens/s]
        peak: dense peak P of one accelerator [FLOP/s]
        count: accelerators n [count]

    Source: Chowdhery et al. 2022, appendix B.

    >>> round(mfu(6 * 540.35e9 + 12 * 118 * 48 * 256 * 2048, 238.3e3, 275e12, 6144), 3)
    0.462
    """
    return flops_per_token * tokens_per_second / (peak * count)


def pipeline_bubble(pp: float, micro_batches: float, interleave: float) -> float:
    """Idle over ideal time of a pipeline.

        (p - 1) / (v m)

    Args:
        pp: pipeline stages p [count]
        micro_batches: micro-batches m of a step on one pipeline [count]
        interleave: model chunks v on each stage [count]

    Source: Narayanan et al. 2021, section 2.2.

    >>> pipeline_bubble(8, 64, 1)
    0.109375
    """
    return (pp - 1) / (interleave * micro_batches)


def dataset_bytes(tokens: float, tokens_per_byte: float) -> float:
    """Bytes of text behind so many tokens.

        bytes = D / r

    Args:
        tokens: training tokens D [tokens]
        tokens_per_byte: tokens r of a byte of text [tokens/byte], above 0; BLOOM's corpus has 350e9 / 1.6e12 = 0.22

    Source: BLOOM's corpus: 350e9 tokens in 1.6 TB.

    >>> dataset_bytes(15e12, 0.25)
    60000000000000.0
    """
    return tokens / tokens_per_byte
