"""A model reduced once to numbers: what formulas of training and serving take, and all that they take.

One record, one vocabulary: a row of a sheet, a tuple that travels to another process, or JSON for a page. Sums run over
all layers; what training says of a multi-token-prediction layer is in the columns that begin with `train`, in products
and in parameters, as it is trained and not served. `replicated` elements are as wide on every tensor-parallel rank,
`divided` ones are shared out (Shoeybi et al. 2019; Korthikanti et al. 2022, section 4.2).
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from xlcalc.formula.records import Keeping


class Matmuls(NamedTuple):
    """Sums over matrix products of one kind: elements of weights, elements of inputs and outputs of a token, number."""

    weights: float
    replicated: float
    divided: float
    products: float


class Adapters(NamedTuple):
    """Adapters of rank 1, as sums over the matrices that they adapt: parameters; of a token parameters that it passes,
    elements that it gives in and takes out, and elements that are kept for it; matrices."""

    params: int
    active: float
    inputs: float
    outputs: float
    products: float
    kept: float


class Product(NamedTuple):
    """Matrix products of one shape in so many layers, `bytes` an element as stored.

    Tensor parallelism divides the inputs where `row` is true, the outputs where `column` is. A token meets `active` of
    `copies` experts, whose divided side is `width` wide in each of the matrices that run as one; other products have
    1, 1 and 0.
    """

    layers: float
    d_in: float
    d_out: float
    bytes: float
    row: bool
    column: bool
    width: float = 0
    copies: float = 1
    active: float = 1


class Scores(NamedTuple):
    """Attention of layers with one reach (0 = all earlier tokens): multiply-adds of a pair of tokens as prefill
    computes them and as decoding does, where a latent is read once for all heads."""

    prefill: float
    decode: float
    reach: float


class TrainScores(NamedTuple):
    """The same of training: multiply-adds of a pair, the query heads that compute them, their reach (0 = all)."""

    pair: float
    heads: float
    reach: float


class Cached(NamedTuple):
    """What each of so many layers keeps of a token, in elements, of `heads` key/value heads (0 = one shared latent).

    `window` is the number of tokens that are kept (0 = all); with a `stride` above 1 the elements are kept for each of
    them, and `pending` ones for each token after the last. `beside_8bit` bytes are kept beside elements of 8 bits.
    """

    layers: float
    elements: float
    heads: float
    window: float
    stride: float
    pending: float
    beside_8bit: float = 0


class State(NamedTuple):
    """Elements that each of so many layers keeps of a sequence of any length."""

    layers: float
    recurrent: float
    convolution: float


class Numbers(NamedTuple):
    """A model in one number format of its weights. Bytes and `products` depend on that format, nothing else does."""

    n_layers: int
    d_model: float
    vocab: int
    head_d_in: float
    n_heads: int
    n_experts: int
    experts_per_token: float
    # parameters
    params_split: float
    params_replicated: float
    params_experts: float
    params_embedding: float
    params_head: float
    # products of training: split by tensor parallelism, replicated, of the head, expanding latents, of experts
    split_weights: float
    split_replicated: float
    split_divided: float
    split_products: float
    replicated_weights: float
    replicated_replicated: float
    replicated_divided: float
    replicated_products: float
    head_weights: float
    head_replicated: float
    head_divided: float
    head_products: float
    latents_weights: float
    latents_replicated: float
    latents_divided: float
    latents_products: float
    experts_weights: float  # elements of all experts
    experts_active: float  # elements that a token passes
    experts_replicated: float
    experts_products: float
    experts_dispatched: float  # elements a token sends to one of its experts
    experts_biased: float  # elements of a token's gates where experts have biases
    # elements that memory-bound operators of training move for a token, where sequences and where heads are divided
    stream_whole: float
    stream_whole_backward: float
    stream_split: float
    stream_split_backward: float
    again_stream_whole: float  # of these, what selective recomputation runs again where no scores are kept
    again_stream_split: float
    again_kernels: float
    attention_io: float  # elements of queries, keys, values and outputs of a token
    kv: float  # of these keys and values
    kv_layers: float
    tp_regions: float  # pairs of all-gather and reduce-scatter in a forward pass
    logits: float  # computed a token
    unfused_heads: float  # query heads of all layers where attention trains with dropout, as GPT-2 and GPT-3 do
    train_layers: float
    train_expert_blocks: float
    train_kernels: float  # launched for a forward pass besides the matrix products
    train_scan: float
    train_scores: tuple[TrainScores, ...]
    # elements that all layers keep of a token for the backward pass
    saved_inputs_whole: float
    saved_inputs_split: float
    saved_values_whole: float
    saved_values_split: float
    saved_attended: float  # of the split inputs, what attention gave and keeps itself
    saved_again_inputs_whole: float  # of these, what selective recomputation does not keep
    saved_again_inputs_split: float
    saved_again_values_split: float
    saved_mask: float  # bytes of dropout masks
    saved_norms: float  # of the values, what norms read
    saved_gated: float  # of the inputs, activation functions' outputs that a gate multiplied
    # serving
    bytes_split: float
    bytes_replicated: float
    bytes_experts: float
    bytes_embedding: float
    bytes_head: float
    bytes_towers: float  # encoders of pictures and sound, which engines lay beside the embedding
    head_bytes: float  # of an element of the head
    kernels: float  # of a pass
    narrow: float  # products whose inputs a kernel of its own brings into a narrower format
    reductions: float  # sums over tensor-parallel ranks in a pass
    expert_blocks: float
    stream: float  # elements that memory-bound operators move for a token
    scan: float  # multiply-adds of recurrences and filters for a token
    state_bytes: float  # of an element of a recurrent state, 0 where the configuration names none
    products: tuple[Product, ...]
    experts: tuple[Product, ...]
    scores: tuple[Scores, ...]
    cached: tuple[Cached, ...]
    states: tuple[State, ...]


class Coefficients(Numbers, Keeping):
    """A model's columns, and those that formulas take together, put together once."""

    def __hash__(self) -> int:
        """Two columns tell most models apart, and records are keys of what is remembered; equality looks at all."""
        return hash((self.params_split, self.bytes_split))

    @cached_property
    def split_matmuls(self) -> Matmuls:
        return Matmuls(self.split_weights, self.split_replicated, self.split_divided, self.split_products)

    @cached_property
    def replicated_matmuls(self) -> Matmuls:
        return Matmuls(
            self.replicated_weights, self.replicated_replicated, self.replicated_divided, self.replicated_products
        )

    @cached_property
    def head_matmuls(self) -> Matmuls:
        return Matmuls(self.head_weights, self.head_replicated, self.head_divided, self.head_products)

    @cached_property
    def latents_matmuls(self) -> Matmuls:
        return Matmuls(self.latents_weights, self.latents_replicated, self.latents_divided, self.latents_products)

    @cached_property
    def experts_matmuls(self) -> Matmuls:
        """Inputs and outputs of a token's experts, without their weights."""
        return Matmuls(0, self.experts_replicated, 0, self.experts_products)


def without_shared_window(model: Coefficients) -> Coefficients:
    """The model as an engine runs it that keeps to no window where all layers have one: attention reads all tokens."""
    if not all(kind.window for kind in model.cached):
        return model
    return model._replace(
        scores=tuple(kind._replace(reach=0) for kind in model.scores),
        cached=tuple(kind._replace(window=0) for kind in model.cached),
    )
