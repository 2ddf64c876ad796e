"""The kinds of matrix that families build with: what each is part of, how tensor parallelism splits it, and its role.

`column` matrices split their outputs over the ranks and `row` ones their inputs, after which the ranks sum (Shoeybi et
al. 2019, section 3); `whole` ones stand complete on every rank; `experts` are spread or split as the layout says.
Where Megatron-Core and vLLM are named, they are what was looked at (read 2026-11-27).
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Part = Literal["embedding", "attention", "mlp", "experts", "router", "norm", "head"]
Split = Literal["column", "row", "whole", "experts"]
# what number formats, kernels and adapters tell apart
Role = Literal[
    "q", "k", "v", "o", "q_down", "q_up", "kv_down", "kv_up", "o_down", "head_gate", "indexer", "compressor",
    "gate", "up", "down", "router", "shared_gate", "latent", "scan_in", "scan_out", "step", "residual", "side_path",
    "head", "projection",
]  # fmt: skip


class Kind(NamedTuple):
    """What a matrix is part of, how ranks share it, and its role. All three have to be said."""

    part: Part
    split: Split
    role: Role


def check(kind: Kind) -> Kind:
    """The kind itself. Raises ValueError for a word that none of the readers knows."""
    for word, known in zip(kind, (Part, Split, Role), strict=True):
        if word not in get_args(known):
            raise ValueError(f"{word!r} is none of {', '.join(get_args(known))}")
    return kind


# attention: heads are split, so that queries, keys and values split outputs and the output matrix its inputs
Q = Kind("attention", "column", "q")
K = Kind("attention", "column", "k")
V = Kind("attention", "column", "v")
O = Kind("attention", "row", "o")  # noqa: E741 (the field's name)
HEAD_GATE = Kind("attention", "column", "head_gate")  # one for each head or for each of its elements
HEAD_MIX = Kind("attention", "column", "side_path")  # a small matrix for each head

# latents are norms' inputs and shared by all heads: ReplicatedLinear in vLLM's deepseek_v2.py and kimi_linear.py,
# parallel_mode="duplicated" in Megatron-Core's multi_latent_attention.py; their expansion is split by heads
Q_DOWN = Kind("attention", "whole", "q_down")
Q_UP = Kind("attention", "column", "q_up")
KV_DOWN = Kind("attention", "whole", "kv_down")
KV_UP = Kind("attention", "column", "kv_up")
# DeepSeek-V4's grouped output: wo_a is a ColumnParallelLinear over groups, wo_b a RowParallelLinear (its
# inference/model.py, vLLM's and SGLang's deepseek_v4.py)
O_DOWN = Kind("attention", "column", "o_down")
# "no tensor parallel, just replicated" (vLLM, deepseek_v2.py, Indexer); duplicated in Megatron-Core's dsa.py and csa.py
INDEXER = Kind("attention", "whole", "indexer")
COMPRESSOR = Kind("attention", "whole", "compressor")

# state spaces, delta rules, recurrences, short convolutions: channels or heads are split. x_proj of Mamba is a
# RowParallelLinear and dt_proj a ColumnParallelLinear (vLLM, mamba_mixer.py); decays and steps of delta rules come from
# column-parallel projections (vLLM, qwen3_next.py, in_proj_ba, and kda.py, b_proj)
SCAN_IN = Kind("attention", "column", "scan_in")
SCAN_OUT = Kind("attention", "row", "scan_out")
STEP = Kind("attention", "column", "step")  # decays, steps and gates, one a head or channel
STEP_ROW = Kind("attention", "row", "step")
SCAN_LATENT = Kind("attention", "whole", "latent")  # f_a_proj and g_a_proj are ReplicatedLinear (vLLM, kda.py)

# residual streams stand whole on every rank, and so does what mixes them
RESIDUAL = Kind("attention", "whole", "residual")


class FeedForward(NamedTuple):
    """The kinds of a feed-forward block's matrices."""

    gate: Kind
    up: Kind
    down: Kind


MLP = FeedForward(Kind("mlp", "column", "gate"), Kind("mlp", "column", "up"), Kind("mlp", "row", "down"))
SHARED_EXPERTS = MLP
EXPERTS = FeedForward(
    Kind("experts", "experts", "gate"), Kind("experts", "experts", "up"), Kind("experts", "experts", "down")
)
ROUTER = Kind("router", "whole", "router")
SHARED_GATE = Kind("router", "whole", "shared_gate")
# fc1_latent_proj and fc2_latent_proj: ReplicatedLinear (vLLM, nemotron_h.py), duplicated (Megatron-Core, moe_layer.py)
EXPERT_LATENT = Kind("mlp", "whole", "latent")
# JetMoE's experts of attention
EXPERT_Q = Kind("experts", "experts", "q")
EXPERT_O = Kind("experts", "experts", "o")

# Gemma 3n (vLLM, gemma3n.py): coefficients of AltUp and the per-layer way in and out are ReplicatedLinear, LAuReL is a
# ColumnParallelLinear and a RowParallelLinear, what widens streams and per-layer inputs a ColumnParallelLinear
ALTUP = Kind("mlp", "whole", "side_path")
PER_LAYER = Kind("mlp", "whole", "side_path")
LAUREL_LEFT = Kind("mlp", "column", "side_path")
LAUREL_RIGHT = Kind("mlp", "row", "side_path")
STREAM_WIDTH = Kind("mlp", "column", "side_path")
NORM_SCALE = Kind("mlp", "whole", "side_path")  # scales a norm that every rank computes
NORM_GATE = Kind("norm", "whole", "side_path")
NGRAM = Kind("attention", "column", "side_path")
# Zamba2's adapters are pairs of ColumnParallelLinear, and its way out of the shared blocks stands whole (vLLM,
# zamba2.py)
MLP_ADAPTER = Kind("mlp", "column", "side_path")
ATTENTION_ADAPTER = Kind("attention", "column", "side_path")
SHARED_BLOCK_OUT = Kind("attention", "whole", "side_path")

CONVOLVED = Kind("attention", "whole", "projection")  # convolutions over sound or patches before the first layer

HEAD = Kind("head", "column", "head")
HEAD_INPUT = Kind("head", "whole", "projection")
EMBEDDING_WIDTH = Kind("embedding", "whole", "projection")  # OPT's project_in and project_out are ReplicatedLinear
