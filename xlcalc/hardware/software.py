"""The engines and frameworks that estimates know by name: what each is for, and whose constants it shares.

What a software changes stands as a figure with its source in catalog/efficiency.csv (training, column `stack`) or
catalog/serving.csv; a name without a line of its own has those of `like`, else those that hold for any.
"""

from __future__ import annotations

from typing import NamedTuple

TRAINING, SERVING = "training", "serving"


class Software(NamedTuple):
    """What it does (training, serving or both), what it is, the software whose constants it shares, the matrices that
    its LoRA adapts unless told otherwise, and whose accelerators it runs on (none = anybody's)."""

    does: tuple[str, ...]
    about: str
    like: str = ""
    adapts: str = "all"
    makers: tuple[str, ...] = ()


# What LoRA adapts. MLPerf: mlcommons/training, llama2_70b_lora/README.md (lora_target_modules "qkv_proj,o_proj"), and
# NVIDIA's conf/megatron_gpt_peft_tuning_config.yaml in training_results_v4.0 (target_modules: attention). LitGPT:
# litgpt/finetune/lora.py (lora_query and lora_value alone are True). torchtune: recipes/configs/llama3/8B_lora.yaml and
# its kin (q_proj, v_proj, output_proj, apply_lora_to_mlp). PEFT: TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING in
# src/peft/utils/constants.py for Llama, Mistral, Mixtral, Qwen, Gemma, T5, OPT; families that pack q, k and v into one
# matrix are adapted there whole (GPT-2, GPT-NeoX, Falcon, MPT, Bloom), Phi also in its MLP, and Nemotron-H in all of
# attention: name their `targets`.
_T, _S = (TRAINING,), (SERVING,)
_NVIDIA = ("NVIDIA",)  # in CUDA alone
SOFTWARE = {
    "megatron": Software(
        _T,
        "NVIDIA Megatron-LM, Megatron-Core and Megatron-Bridge with Transformer Engine",
        makers=("NVIDIA", "AMD", "Intel"),
    ),
    "nemo-mlperf": Software(_T, "NVIDIA NeMo as submitted to MLPerf Training", "megatron", "attention", _NVIDIA),
    "vendor-mlperf": Software(_T, "a maker's own code as submitted to MLPerf Training", "megatron", "attention"),
    "deepspeed": Software(_T, "Microsoft DeepSpeed with Megatron-LM", "megatron"),
    "deepseek": Software(_T, "DeepSeek's HAI-LLM", "megatron"),
    "fsdp": Software(_T, "PyTorch with fully sharded data parallelism"),
    "torchtitan": Software(_T, "PyTorch torchtitan", "fsdp"),
    "torchtitan-2025": Software(_T, "PyTorch torchtitan since April 2025 with torch.compile", "torchtitan"),
    "llm-foundry": Software(_T, "MosaicML llm-foundry (Composer over FSDP)", "fsdp"),
    "internlm": Software(_T, "InternLM's InternEvo", "fsdp"),
    "litgpt": Software(_T, "Lightning AI LitGPT", "fsdp", "q,v"),
    "torchtune": Software(_T, "PyTorch torchtune", "fsdp", "q,v,o,mlp"),
    "peft": Software(_T, "Hugging Face transformers with PEFT and bitsandbytes", "fsdp", "q,v"),
    "maxtext": Software(_T, "Google MaxText (JAX, XLA)"),
    "neuron": Software((*_T, *_S), "AWS Neuron: NeuronX Distributed for training and inference", makers=("AWS",)),
    "tensorrt-llm": Software(_S, "NVIDIA TensorRT-LLM", makers=_NVIDIA),
    "tensorrt": Software(_S, "NVIDIA TensorRT-LLM as submitted to MLPerf Inference", "tensorrt-llm", makers=_NVIDIA),
    "cuda": Software(_S, "an engine written in CUDA, as submitted to MLPerf Inference", "tensorrt-llm", makers=_NVIDIA),
    "fastertransformer": Software(_S, "NVIDIA FasterTransformer, before TensorRT-LLM", "tensorrt-llm", makers=_NVIDIA),
    "vllm": Software(_S, "vLLM"),
    "vllm-nightly": Software(_S, "vLLM between releases", "vllm"),
    "vllm-gaudi": Software(_S, "vLLM on Intel Gaudi", "vllm", makers=("Intel",)),
    "mango": Software(_S, "MangoBoost LLMBoost, as submitted to MLPerf Inference", "vllm"),
    "sglang": Software(_S, "SGLang"),
    "llama.cpp": Software(_S, "llama.cpp"),
    "palm": Software(_S, "Google's serving of PaLM on TPU v4 (Pope et al. 2022)", makers=("Google",)),
}


_TRAINS_ON = {"Google": "maxtext", "AWS": "neuron"}


def usual_training(zero: int, maker: str = "") -> str:
    """What usually trains on a maker's accelerators: MaxText on Google's, Neuron on AWS's; elsewhere PyTorch FSDP from
    ZeRO 2 on and where Megatron-LM does not run, else Megatron-LM.

    >>> usual_training(1, "AMD"), usual_training(1, "Huawei"), usual_training(3), usual_training(1)
    ('megatron', 'fsdp', 'fsdp', 'megatron')
    """
    runs = not maker or maker in SOFTWARE["megatron"].makers
    return _TRAINS_ON.get(maker) or ("megatron" if runs and zero < 2 else "fsdp")


def check_runs(name: str, maker: str) -> None:
    """Raises ValueError where a software does not run on a maker's accelerators; who made one of the user's own need
    not be known.

    >>> check_runs("vllm", "AMD")
    >>> check_runs("tensorrt-llm", "AMD")
    Traceback (most recent call last):
    ...
    ValueError: software tensorrt-llm runs on accelerators of NVIDIA, not of AMD; leave it blank for what usually runs
    """
    makers = SOFTWARE[name].makers if name else ()
    if maker and makers and maker not in makers:
        raise ValueError(
            f"software {name} runs on accelerators of {', '.join(makers)}, not of {maker}; leave it blank for what "
            "usually runs"
        )


def names(does: str) -> list[str]:
    """Every software that does it (training or serving), in their order."""
    return [name for name, software in SOFTWARE.items() if does in software.does]


def lineage(name: str) -> tuple[str, ...]:
    """A software and what it is like, the nearest first; the last is blank, which stands for any.

    >>> lineage("torchtitan"), lineage("")
    (('torchtitan', 'fsdp', ''), ('',))
    """
    found = []
    while name:
        found.append(name)
        name = SOFTWARE[name].like
    return (*found, "")
