"""What arguments are that many functions share, by name; a function whose own is another says so in its docstring."""

SHARED = {
    "model": "the model",
    "accelerator": "the accelerator",
    "dtype": "number format of the weights; blank = as published",
    # serving
    "kv_dtype": "number format of the cache; blank = 16 bit",
    "count": "accelerators of the replica",
    "context": "tokens of each sequence, prompt and output together",
    "batch": "sequences in the cache",
    "prompt": "tokens of each prompt",
    "output": "tokens of each answer",
    "cached_share": "share of the prompt found in a prefix cache",
    "reserve": "share to leave empty: of the memory, under TensorRT-LLM of what is free beside the weights",
    "layout": "how the replica is spread: tp8, tp4pp2, dp8ep8, 2xtp4+1xtp8; blank = the fastest of one pool",
    "software": "engine; blank = what the accelerator usually runs",
    "usd_per_hour": "USD of an accelerator-hour; blank = your own price, else the median of comparable listed ones",
    "top": "rows to give",
    # training
    "global_batch": "sequences of a step",
    "seq_len": "tokens of a sequence",
    "micro_batch": "sequences of a micro-batch on one replica",
    "tp": "tensor-parallel ranks",
    "pp": "pipeline stages",
    "ep": "ranks over which experts are spread",
    "cp": "context-parallel ranks",
    "vp": "model chunks of a pipeline stage (interleaved schedule)",
    "zero": "ZeRO stage; 3 = FSDP",
    "recompute": "what is computed again in the backward pass, as in LLM_TRAIN_MEMORY",
    "rank": "rank of the adapters; not used by full",
    "targets": "what LoRA adapts, as in LLM_LORA_PARAMS; blank = what the software adapts, all where none is named",
}
