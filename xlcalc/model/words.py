"""What a model's coefficients are called in a derivation, and their units."""

from __future__ import annotations

CACHE_WORDS = {
    "full": ("cache elements of a token", "elements/token"),
    "beside_8bit": ("scales and 16-bit parts beside 8-bit elements", "bytes/token"),
    "conv_state": ("elements of convolution states", "elements"),
    "state": ("elements of recurrent states", "elements"),
    **{f"sliding_{i}_1": ("cache elements of a token in a window", "elements/token") for i in range(1, 5)},
    **{f"sliding_{i}_2": ("window", "tokens") for i in range(1, 5)},
    **{f"compressed_{i}_1": ("cache elements of a stride", "elements") for i in range(1, 5)},
    **{f"compressed_{i}_2": ("stride", "tokens") for i in range(1, 5)},
    **{f"compressed_{i}_3": ("cache elements of a pending token", "elements/token") for i in range(1, 5)},
}
# what the matrices of a role do
ADAPTED_WORDS = {
    "q": "query", "k": "key", "v": "value", "o": "attention output", "q_down": "query down-projection",
    "q_up": "query up-projection", "kv_down": "key/value down-projection", "kv_up": "key/value up-projection",
    "o_down": "output down-projection", "head_gate": "gate of heads", "indexer": "indexer", "compressor": "compressor",
    "gate": "gate", "up": "up-projection", "down": "down-projection", "router": "router",
    "shared_gate": "gate of shared experts", "latent": "latent projection", "scan_in": "scan input",
    "scan_out": "scan output", "step": "decays and steps", "residual": "residual streams",
    "side_path": "side paths", "head": "head", "projection": "projection",
}  # fmt: skip
COUNTED = "of the model: counted matrix by matrix from its configuration"
FLOP_WORDS = {
    "matmul": ("multiply-adds of a token in matrices", "multiply-adds/token"),
    **{f"scores_{i}_1": ("multiply-adds of a pair of tokens", "multiply-adds a pair") for i in range(1, 6)},
    **{f"scores_{i}_2": ("reach of attention", "tokens") for i in range(1, 6)},
}

_MATMULS = {
    "weights": ("weights of {}", "elements"),
    "replicated": ("inputs and outputs of {} on every rank", "elements/token"),
    "divided": ("inputs and outputs of {} that ranks divide", "elements/token"),
    "products": ("number of products of {}", "count"),
}
_KINDS = {
    "split": "split matrices",
    "replicated": "replicated matrices",
    "head": "the head",
    "latents": "latents expanded again",
}
_PRODUCT = {
    "layers": ("number of products of {}", "count"),
    "d_in": ("inputs of {}", "elements"),
    "d_out": ("outputs of {}", "elements"),
    "bytes": ("bytes of an element of {}", "bytes"),
    "width": ("divided side of {}", "elements"),
    "copies": ("experts of a layer, {}", "count"),
    "active": ("experts of a token, {}", "count"),
}
_CACHED = {
    "layers": ("layers with this cache", "count"),
    "elements": ("cache elements of a token", "elements/token"),
    "heads": ("key/value heads", "count"),
    "window": ("window", "tokens"),
    "stride": ("stride", "tokens"),
    "pending": ("cache elements of a pending token", "elements/token"),
    "beside_8bit": ("scales and 16-bit parts beside 8-bit elements", "bytes/token"),
}
_STATES = {
    "layers": ("layers with this state", "count"),
    "recurrent": ("elements of recurrent states", "elements"),
    "convolution": ("elements of convolution states", "elements"),
}


def _numbered(path: str, fields: dict[str, tuple[str, str]], of: str, most: int) -> dict[str, tuple[str, str]]:
    return {
        f"{path}_{i}_{name}": (label.format(of.format(i)), unit)
        for i in range(1, most + 1)
        for name, (label, unit) in fields.items()
    }


WORDS = {
    "n_layers": ("layers", "count"),
    "d_model": ("d_model", "elements"),
    "vocab": ("vocabulary", "tokens"),
    "head_d_in": ("inputs of the head", "elements"),
    "n_heads": ("query heads", "count"),
    "n_experts": ("experts of a layer", "count"),
    "experts_per_token": ("experts of a token", "count"),
    "params_split": ("parameters split by tensor parallelism", "parameters"),
    "params_replicated": ("parameters replicated on every rank", "parameters"),
    "params_experts": ("parameters of experts", "parameters"),
    "params_embedding": ("parameters of the embedding", "parameters"),
    "params_head": ("parameters of the head", "parameters"),
    **{f"{k}_{f}": (label.format(of), unit) for k, of in _KINDS.items() for f, (label, unit) in _MATMULS.items()},
    **{
        f"{k}_matmuls_{f}": (label.format(of), unit)
        for k, of in {**_KINDS, "experts": "experts"}.items()
        for f, (label, unit) in _MATMULS.items()
    },
    "experts_weights": ("weights of all experts", "elements"),
    "experts_active": ("weights of experts that a token meets", "elements"),
    "experts_replicated": ("inputs and outputs of experts on every rank", "elements/token"),
    "experts_products": ("number of products of experts", "count"),
    "experts_dispatched": ("elements of a token sent to one expert, all layers", "elements"),
    "experts_biased": ("gates of experts with biases", "elements/token"),
    "stream_whole": ("norms and residual sums, forward", "elements/token"),
    "stream_whole_backward": ("norms and residual sums, backward", "elements/token"),
    "stream_split": ("activations and rotations, forward", "elements/token"),
    "stream_split_backward": ("activations and rotations, backward", "elements/token"),
    "again_stream_whole": ("norms run again", "elements/token"),
    "again_stream_split": ("activation functions run again", "elements/token"),
    "again_kernels": ("kernels run again", "count"),
    "attention_io": ("queries, keys, values and outputs", "elements/token"),
    "kv": ("keys and values", "elements/token"),
    "kv_layers": ("layers with attention", "count"),
    "tp_regions": ("regions between tensor-parallel collectives", "count"),
    "logits": ("logits of a token", "elements/token"),
    "unfused_heads": ("query heads trained with dropout", "count"),
    "train_layers": ("layers, those of multi-token prediction too", "count"),
    "train_expert_blocks": ("layers with experts", "count"),
    "train_kernels": ("kernels of a forward pass besides products", "count"),
    "train_scan": ("multiply-adds of recurrences", "multiply-adds/token"),
    **{f"train_scores_{i}_pair": ("attention scores", "multiply-adds a pair") for i in range(1, 6)},
    **{f"train_scores_{i}_heads": ("query heads with scores", "count") for i in range(1, 6)},
    **{f"train_scores_{i}_reach": ("window", "tokens") for i in range(1, 6)},
    "saved_inputs_whole": ("inputs of products kept on every rank", "elements/token"),
    "saved_inputs_split": ("inputs of products that ranks divide", "elements/token"),
    "saved_values_whole": ("other values kept on every rank", "elements/token"),
    "saved_values_split": ("other values that ranks divide", "elements/token"),
    "saved_attended": ("attention's outputs", "elements/token"),
    "saved_again_inputs_whole": ("norms' outputs", "elements/token"),
    "saved_again_inputs_split": ("activation functions' outputs", "elements/token"),
    "saved_again_values_split": ("heads expanded from latents", "elements/token"),
    "saved_mask": ("dropout masks", "bytes/token"),
    "saved_norms": ("norms' inputs", "elements/token"),
    "saved_gated": ("activation functions' outputs that a gate multiplies", "elements/token"),
    "bytes_split": ("weights that tensor parallelism splits", "bytes"),
    "bytes_replicated": ("weights replicated on every accelerator", "bytes"),
    "bytes_experts": ("weights of experts", "bytes"),
    "bytes_embedding": ("weights of the embedding", "bytes"),
    "bytes_head": ("weights of the head", "bytes"),
    "bytes_towers": ("weights of vision and audio towers, 16 bit", "bytes"),
    "head_bytes": ("bytes of an element of the head", "bytes"),
    "kernels": ("kernels of a pass", "count"),
    "narrow": ("products whose inputs are quantised", "count"),
    "reductions": ("sums over tensor-parallel ranks", "count"),
    "expert_blocks": ("layers with experts", "count"),
    "stream": ("elements that memory-bound operators move", "elements/token"),
    "scan": ("multiply-adds of recurrences", "multiply-adds/token"),
    "state_bytes": ("bytes of an element of a state", "bytes"),
    **_numbered("products", _PRODUCT, "shape {}", 40),
    **_numbered("experts", _PRODUCT, "experts' shape {}", 8),
    **{f"scores_{i}_prefill": ("attention scores of prefill", "multiply-adds a pair") for i in range(1, 6)},
    **{f"scores_{i}_decode": ("attention scores of decoding", "multiply-adds a pair") for i in range(1, 6)},
    **{f"scores_{i}_reach": ("reach of attention", "tokens") for i in range(1, 6)},
    **_numbered("cached", _CACHED, "", 12),
    **_numbered("states", _STATES, "", 8),
}
