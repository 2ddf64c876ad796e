"""Families of remote code against the parameter counts of their published files."""

from __future__ import annotations

import pytest

from xlcalc.model.spec import ModelSpec

# RWKV-7: the parameters that the publisher's own conversion checks ("1.5b": 1527404544, in RWKV's transformers branch).
# Grok-2: the sum over the file's tensors in the discussion "What do we know about the architecture" of xai-org/grok-2.
# Qwen: half the total_size of its safetensors index. ChatGLM: that of ChatGLM2's, 12,487,168,064 bytes, less 32 inverse
# frequencies. MiniCPM: n_parameters of MiniCPM-Embedding in embeddings-benchmark/mteb, the same body. Baichuan2 and
# InternLM: Llama 7B's 6,738,415,616 with their vocabularies, and InternLM's biases of q, k, v and o (their
# modeling_baichuan.py, modeling_internlm.py).
PUBLISHED = {
    "Qwen/Qwen-7B": (7721324544, {"model_type": "qwen", "hidden_size": 4096, "intermediate_size": 22016,
        "num_attention_heads": 32, "num_hidden_layers": 32, "kv_channels": 128, "vocab_size": 151936, "no_bias": True,
        "tie_word_embeddings": False}),
    "baichuan-inc/Baichuan2-7B-Base": (7505973248, {"model_type": "baichuan", "hidden_size": 4096,
        "intermediate_size": 11008, "num_attention_heads": 32, "num_hidden_layers": 32, "vocab_size": 125696,
        "tie_word_embeddings": False}),
    "THUDM/chatglm3-6b": (6243584000, {"model_type": "chatglm", "hidden_size": 4096, "ffn_hidden_size": 13696,
        "num_attention_heads": 32, "num_layers": 28, "kv_channels": 128, "padded_vocab_size": 65024,
        "multi_query_attention": True, "multi_query_group_num": 2, "add_qkv_bias": True, "add_bias_linear": False,
        "rmsnorm": True, "architectures": ["ChatGLMModel"]}),
    "internlm/internlm-7b": (7321948160, {"model_type": "internlm", "hidden_size": 4096, "intermediate_size": 11008,
        "num_attention_heads": 32, "num_hidden_layers": 32, "vocab_size": 103168, "bias": True,
        "tie_word_embeddings": False}),
    "fla-hub/rwkv7-1.5B-world": (1527404544, {"model_type": "rwkv7", "hidden_size": 2048, "num_hidden_layers": 24,
        "vocab_size": 65536, "head_dim": 64, "intermediate_size": 8192, "decay_low_rank_dim": 96, "a_low_rank_dim": 96,
        "v_low_rank_dim": 64, "gate_low_rank_dim": 256}),
    "openbmb/MiniCPM-2B": (2724880896, {"model_type": "minicpm", "hidden_size": 2304, "intermediate_size": 5760,
        "num_attention_heads": 36, "num_hidden_layers": 40, "num_key_value_heads": 36, "vocab_size": 122753}),
}  # fmt: skip
# README.md of Snowflake/snowflake-arctic-base (480B), inclusionAI/Ling (16.8B), OrionStarAI/Orion (14 billion),
# stepfun-ai/Step3 (321B with its tower of 5B; its sizes: vLLM, configs/step3_vl.py), Tencent-Hunyuan-Large (389B; its
# sizes: the repository's train/train.sh); abstracts of Peng et al. 2024, arXiv 2404.05892 (1.6 billion), and of Peng et
# al. 2025, arXiv 2503.14456 (0.19 billion). Of RWKV-5 no count was found: its own class's, assumed.
ROUNDED = {
    "Snowflake/snowflake-arctic-base": (480e9, 5e9, {"model_type": "arctic", "hidden_size": 7168,
        "intermediate_size": 4864, "num_attention_heads": 56, "num_hidden_layers": 35, "num_key_value_heads": 8,
        "num_local_experts": 128, "num_experts_per_tok": 2, "vocab_size": 32000, "moe_layer_frequency": 1,
        "parallel_attn_mlp_res": True, "use_residual": True, "tie_word_embeddings": False}),
    "inclusionAI/Ling-lite-1.5": (16.8e9, 0.05e9, {"model_type": "bailing_moe", "hidden_size": 2048,
        "intermediate_size": 5632, "moe_intermediate_size": 1408, "num_attention_heads": 16, "num_hidden_layers": 28,
        "num_key_value_heads": 4, "num_experts": 64, "num_shared_experts": 2, "num_experts_per_tok": 6,
        "vocab_size": 126464, "first_k_dense_replace": 0, "head_dim": 128, "tie_word_embeddings": False}),
    "OrionStarAI/Orion-14B-Base": (14e9, 0.5e9, {"model_type": "orion", "hidden_size": 5120,
        "intermediate_size": 15360, "num_attention_heads": 40, "num_hidden_layers": 40, "vocab_size": 84608,
        "tie_word_embeddings": False}),
    "RWKV/rwkv-6-world-1b6": (1.6e9, 0.05e9, {"model_type": "rwkv6", "hidden_size": 2048, "num_hidden_layers": 24,
        "vocab_size": 65536, "head_size": 64}),
    "stepfun-ai/step3": (316e9, 0.5e9, {"model_type": "step3_text", "hidden_size": 7168, "intermediate_size": 18432,
        "num_attention_heads": 64, "num_hidden_layers": 61, "vocab_size": 128815, "moe_intermediate_size": 5120,
        "moe_num_experts": 48, "moe_top_k": 3, "share_expert_dim": 5120, "share_q_dim": 2048, "head_dim": 256,
        "moe_layers_enum": ",".join(str(i) for i in range(4, 60))}),
    "xai-org/grok-2": (269515497472, 0, {"model_type": "git", "architectures": ["Grok1ForCausalLM"], "hidden_size": 8192,
        "intermediate_size": 32768, "moe_intermediate_size": 16384, "num_attention_heads": 64, "num_key_value_heads": 8,
        "num_hidden_layers": 64, "num_local_experts": 8, "num_experts_per_tok": 2, "residual_moe": True,
        "vocab_size": 131072, "tie_word_embeddings": False}),
    "tencent/Hunyuan-Large": (389e9, 0.5e9, {"model_type": "hunyuan", "hidden_size": 6400, "intermediate_size": 18304,
        "num_attention_heads": 80, "num_key_value_heads": 8, "num_hidden_layers": 64, "num_experts": 16, "moe_topk": 1,
        "num_shared_expert": 1, "use_mixed_mlp_moe": True, "use_cla": True, "cla_share_factor": 2, "use_qk_norm": True,
        "vocab_size": 129024, "tie_word_embeddings": True}),
    "BlinkDL/rwkv7-world-0.1B": (0.19e9, 0.005e9, {"model_type": "rwkv7", "hidden_size": 768, "num_hidden_layers": 12,
        "vocab_size": 65536, "head_dim": 64, "intermediate_size": 3072}),
    "RWKV/rwkv-5-world-1b5": (1.58e9, 0.005e9, {"model_type": "rwkv5", "hidden_size": 2048, "num_hidden_layers": 24,
        "vocab_size": 65536, "head_size": 64}),
}  # fmt: skip


@pytest.mark.parametrize("params, config", PUBLISHED.values(), ids=PUBLISHED)
def test_exact(params: int, config: dict) -> None:
    spec = ModelSpec(config=config)
    assert spec.total == params
    assert not spec.is_estimate


@pytest.mark.parametrize("params, half_a_digit, config", ROUNDED.values(), ids=ROUNDED)
def test_as_their_publishers_round_it(params: float, half_a_digit: float, config: dict) -> None:
    assert ModelSpec(config=config).total == pytest.approx(params, abs=half_a_digit)
