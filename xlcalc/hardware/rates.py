"""What an accelerator with a number format and its software achieves, as plain numbers: all that formulas take of it.

`kernels` looks the rates of training up, `serving` those of serving.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, eq=False)
class TrainRates:
    """One accelerator's achieved rates with one number format of the matrix products.

    FLOP/s: `matmul`, `matmul_16bit`, `grouped` (experts, at half their rate with `grouped_tokens` each), `attention`,
    `attention_backward`; `batched` is a share of matmul. Bytes/s: `stream` (memory), `scale_up`, `scale_out` (one
    direction of an accelerator's links), `exchange`, `exchange_out` (all-to-all over them). Seconds: `launch` (a
    kernel's start), `host` (its issue), `moe_host` and `moe_fixed` (a layer of experts, at least and beside its
    kernels), `latency` (a hop). Accelerators: `domain` of fast links. Bytes: `operand` an element, `quantise` an
    element's cast, `loss_bytes` a logit, `gradient_bytes` an accumulated gradient. Elements: `softmax_width`, of a head
    below which exponentials set the pace of attention. Shares: `traffic` of a product's operands and `*_exposed` of
    collectives that nothing hides. `biased_passes` over the gates of experts with biases, forward and backward.
    `step_fixed` seconds end a step whatever it computes. `shards_inside`: whether ZeRO 2 and 3 shard weights inside a
    domain alone. `eager`: whether operators run one by one.
    """

    matmul: float
    matmul_16bit: float
    grouped: float
    grouped_tokens: float
    biased_passes: float
    batched: float
    attention: float
    attention_backward: float
    softmax_width: float
    gradient_bytes: float
    stream: float
    launch: float
    host: float
    scale_up: float
    scale_out: float
    latency: float
    domain: int
    traffic: float
    operand: float
    quantise: float
    loss_bytes: float
    moe_host: float
    moe_fixed: float
    exchange: float
    exchange_out: float
    ep_exposed: float
    tp_exposed: float
    pp_exposed: float
    dp_exposed: float
    gather_exposed: float
    cp_exposed: float
    step_fixed: float
    unfused_attention: bool
    shards_inside: bool
    eager: bool

    def __hash__(self) -> int:
        """A few rates tell accelerators and formats apart; equality looks at all."""
        return hash((self.matmul, self.stream, self.scale_up, self.operand))


class Framework(NamedTuple):
    """What training software keeps in an accelerator's memory.

    Bytes: `logit_bytes` of a logit where the loss is computed, `logit_bytes_split` where ranks divide the logits;
    `master_bytes` of a parameter's 32-bit copy and `moment_bytes` of each moment of its optimizer; `gradient_held` of a
    gradient (0 = the optimizer takes each as it comes); `pipeline_gradient` of one that stays whole between
    micro-batches of a pipeline under ZeRO 2 and 3; `adapter_bytes` of an adapter's weight, `unquantised_bytes` of an
    element beside weights of 4 bits; `context_bytes` of the runtime, `communication_bytes` of buffers where there is
    more than one rank. Shares: `selective_kept` of the products' outputs under selective recomputation (1 = all but
    what is cheap to run again), `slack` of what comes and goes, which the allocator holds beside it. `narrow_kept`:
    whether operands below 16 bits are kept as they are. `eager`: whether operators run one by one, each keeping what it
    reads (`activations.eager_bytes`), and adapters of one input a copy of it each.
    """

    logit_bytes: float
    logit_bytes_split: float
    master_bytes: float
    moment_bytes: float
    gradient_held: float
    pipeline_gradient: float
    adapter_bytes: float
    unquantised_bytes: float
    context_bytes: float
    communication_bytes: float
    selective_kept: float
    slack: float
    narrow_kept: bool
    eager: bool


class ServeRates(NamedTuple):
    """One accelerator's achieved rates of serving weights of one format.

    FLOP/s: of products (`matmul` quantised, `half` in 16 bit), of experts' (`grouped`; `weight_only` where 4-bit
    weights are widened for 16-bit products), of dense products of such weights (`widened`) and of `attention`. Bytes/s:
    `stream`, `unpacked` (weights that are widened on their way), `cache`, `link`, `scale_out`. Seconds: `launch` of a
    kernel, `link_latency` of a collective, `epilogue` of an output of experts. `tile` are rows of an expert's largest
    tile, `wave` outputs that stand idle at a product's end, `host` how much slower the host is than the one that was
    calibrated, `skew` how unevenly tokens choose experts (standard deviation over mean). `mesh`: each chip is linked to
    its neighbours alone. `peak` FLOP/s of the products' format and `bandwidth` bytes/s are the data sheet's.
    """

    matmul: float
    half: float
    grouped: float
    weight_only: float
    widened: float
    attention: float
    stream: float
    unpacked: float
    cache: float
    launch: float
    link: float
    link_latency: float
    scale_out: float
    domain: int
    quantised: bool
    epilogue: float
    tile: float
    wave: float
    host: float
    skew: float
    mesh: bool
    peak: float
    bandwidth: float


class Engine(NamedTuple):
    """What an engine sets aside, in bytes and tokens, and the seconds of its own work, by their names in
    catalog/serving.csv; `prepared` sequences are those that it sizes its workspace for. Its cache grows by a `block` of
    tokens and keeps `window_beside` tokens beside a window; `shared_window`: whether it keeps to a window that all
    layers have (1) or reads all tokens (0); `state_bytes` of an element of a state, 0 = as the model says.
    `reserve_of_free`: what stays empty is a share of the memory (0) or of what is free beside the weights (1).
    """

    sampling_bytes: float
    hidden_bytes: float
    token_budget: float
    sequences: float
    context_bytes: float
    communication_bytes: float
    expert_tile: float
    block: float
    window_beside: float
    shared_window: float
    state_bytes: float
    reserve_of_free: float
    max_batch: float
    step_tokens: float
    engine_step: float
    engine_kernel: float
    engine_sequence: float
    engine_request: float
    prepared: float


class Device(NamedTuple):
    """Where replicas stand: usable bytes of an accelerator, devices of a node and of a scale-up domain (0 = not
    published), whether chips are linked to their neighbours alone, what the accelerator is called, and whether its
    engines pad attention heads up to what the ranks divide."""

    memory: float
    node: int
    domain: int
    mesh: bool
    name: str
    pads_heads: bool = False


class Host(NamedTuple):
    """A host's memory beside accelerators: bytes for weights, and bytes/s at which its processor reads them (`stream`;
    `unpacked` where they are narrower than 16 bits) and at which they come to the accelerators (`link`)."""

    memory: float
    stream: float
    unpacked: float
    link: float
