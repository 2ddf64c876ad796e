"""Bytes of a token that layers keep for their backward pass.

Those of Korthikanti et al. 2022 (section 4), generalised from s b h (34 + 5 a s / h) to what each block keeps: the
inputs of its matrices, and the outputs that a nonlinear operator reads. Frozen matrices need no input; their adapters
do (Hu et al. 2021, section 4.1).
"""

from __future__ import annotations

from typing import NamedTuple

from xlcalc.formula.arithmetic import where
from xlcalc.model.coefficients import Coefficients

ELEMENT, WIDE = 2.0, 4.0  # bytes of a value of 16, of 32 bits


class Kept(NamedTuple):
    """Bytes a token of all layers on one rank: kept until the backward pass, and there for one layer at a time."""

    kept: float
    again: float


def again_bytes(model: Coefficients, tp: int, operand: float) -> float:
    """Of `layer_bytes` without scores, what selective recomputation does not keep [bytes/token]."""
    inputs = model.saved_again_inputs_whole + model.saved_again_inputs_split
    return (inputs * operand + model.saved_again_values_split * ELEMENT) / tp


def eager_bytes(model: Coefficients, element: float, *, trained: bool) -> float:
    """What operators that run one by one keep beside `layer_bytes`, all layers [bytes/token].

        n (4 - e) + 2 n + e g, the second term where norms are trained

    A norm casts its n inputs of e bytes to 32 bit, and keeps what it multiplies with a trained weight; a gate
    multiplies g outputs of an activation function, which fused kernels compute again.

    Args:
        model: elements that norms and gates keep of a token
        element: bytes e of an element [bytes]
        trained: whether norms are trained

    Source: Hugging Face transformers, models/llama/modeling_llama.py (LlamaRMSNorm, LlamaMLP), as PyTorch's
    saved_tensors_hooks count them.

    >>> from types import SimpleNamespace
    >>> eager_bytes(SimpleNamespace(saved_norms=10, saved_gated=100), 2.0, trained=True)
    240.0
    """
    return model.saved_norms * (WIDE - element + (ELEMENT if trained else 0.0)) + model.saved_gated * element


def layer_bytes(
    model: Coefficients,
    seq_len: float,
    tp: int,
    operand: float,
    keeps_scores: bool,
    *,
    adapted: float | None = None,
    element: float = ELEMENT,
) -> float:
    """Bytes a token of all layers on one rank of a tensor-parallel group.

        GPT: s b h (10 + 24 / t + 5 a s / (h t)) with scores, s b h 34 / t without, a layer

    With scores kept these are the paper's baseline, which has no sequence parallelism; without them its present model,
    which has.

    Args:
        model: elements that the layers keep of a token
        seq_len: tokens s of a sequence [tokens]
        tp: tensor-parallel ranks t [count]
        operand: bytes of an element that a matrix product reads [bytes]
        keeps_scores: whether scores, softmax and dropout are kept
        adapted: what adapters of frozen matrices keep [bytes/token]; None = every matrix is trained
        element: bytes of any other element [bytes]

    Source: Korthikanti et al. 2022, equations 2 and 4: s b h (34 + 5 a s / h) on one rank.

    >>> import xlcalc  # GPT-3 has 96 layers with h = 12288 and a = 96
    >>> gpt3 = xlcalc.LLM_PARAMS.read(["gpt3-175b"])[0].trained
    >>> layer_bytes(gpt3, 2048, 1, 2, True) / 96 / 12288, 34 + 5 * 96 * 2048 / 12288
    (114.0, 114.0)
    """
    if adapted is None:
        whole, split = model.saved_inputs_whole * operand, model.saved_inputs_split * operand
    else:
        whole, split = adapted, model.saved_attended * element
    whole = whole + model.saved_values_whole * element + model.saved_mask
    split = split + model.saved_values_split * element
    return where(keeps_scores, whole + (split + 5 * model.unfused_heads * seq_len) / tp, (whole + split) / tp)


def kept_bytes(
    model: Coefficients,
    seq_len: float,
    tp: int,
    operand: float,
    recompute: str,
    selective_kept: float,
    *,
    adapted: float | None = None,
    element: float = ELEMENT,
    eager: bool = False,
) -> Kept:
    """What is kept and what is computed again of a token, under none, selective or full recomputation.

        full: the input of each layer
        selective: all but scores, where they are kept; else all but outputs of norms and activation functions, or the
            outputs of a share of the products and of attention

    Args:
        recompute: none, selective or full
        selective_kept: share of the products' outputs that selective recomputation keeps [ratio, 0 to 1]; 1 = all
        eager: whether operators run one by one
        others as in `layer_bytes`

    Source: Korthikanti et al. 2022, section 5; DeepSeek-V3 2024, sections 3.2.3 and 3.3.3.

    >>> import xlcalc
    >>> gpt3 = xlcalc.LLM_PARAMS.read(["gpt3-175b"])[0].trained
    >>> [kept_bytes(gpt3, 2048, 1, 2, how, 1).kept / 96 / 12288 for how in ("none", "selective", "full")]
    [114.0, 34.0, 2.0]
    """
    unfused = model.unfused_heads > 0
    scores = unfused if recompute == "none" else False
    every = layer_bytes(model, seq_len, tp, operand, scores, adapted=adapted, element=element)
    if eager:
        every = every + eager_bytes(model, element, trained=adapted is None) / tp
    if recompute == "none":
        return Kept(every, 0.0)
    if recompute == "full":
        return Kept(element * model.d_model * model.train_layers / where(unfused, 1, tp), every)
    if adapted is not None:  # the inputs that adapters read are outputs of norms and activation functions
        again = adapted / tp
    elif selective_kept == 1:
        again = where(unfused, 0.0, lambda: again_bytes(model, tp, operand))
    else:
        outputs = model.saved_values_whole + model.saved_values_split + model.tp_regions * model.d_model
        again = every - (selective_kept * outputs + model.saved_attended) * element / tp
    return Kept(every - again, again)
