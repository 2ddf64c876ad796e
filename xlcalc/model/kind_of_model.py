"""What kind of model an architecture is, in the words by which measured runs are told apart."""

from __future__ import annotations

from xlcalc.model.architecture import Architecture

FEW_EXPERTS = 16  # Mixtral has 8, Llama 4 Scout 16; DeepSeek, Qwen3 and GPT-OSS have 32 to 512


def kinds(architecture: Architecture) -> tuple[str, ...]:
    """Dense, few or many experts first; then hybrid where some layers keep a state instead of a cache, and latent where
    attention caches latents."""
    experts = max((matrix.copies for _, matrix in architecture.linears() if matrix.part == "experts"), default=0)
    blocks = [block for _, block in architecture.blocks()]
    found = ["dense" if experts <= 1 else "few experts" if experts <= FEW_EXPERTS else "many experts"]
    found += ["hybrid"] if any(block.state for block in blocks) else []
    found += ["latent"] if any(block.decode_score for block in blocks) else []
    return tuple(found)
