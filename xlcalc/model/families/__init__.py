"""Model families: each a short declaration of what its architecture differs in.

A family is a function from a `Config` to an `Architecture`, registered under the model types it serves.
An unknown model type with the usual fields is counted as a plain decoder, and marked as an estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from xlcalc.model.architecture import Architecture
from xlcalc.model.config import Config

Family = Callable[[Config], Architecture]
_MODULES = (
    "dense", "classic", "gemma", "moe", "moe_mixed", "latent", "indexed", "hybrid", "linear", "convolution",
    "looped", "recurrent", "remote", "remote_dense", "encoders", "encoders_changed",
    "encoders_relative", "document_encoders", "speech_encoders", "encoder_decoders", "encoder_decoders_changed", "t5",
    "conformers",
)  # fmt: skip
_families: dict[str, Family] = {}


def family(*model_types: str) -> Callable[[Family], Family]:
    """Register the reader of these model types."""

    def register(function: Family) -> Family:
        for model_type in model_types:
            if model_type in _families:
                raise ValueError(f"model type {model_type!r} has two readers")
            _families[model_type] = function
        return function

    return register


def reader_of(model_type: str) -> Family | None:
    """The reader of a model type that is counted exactly; families are loaded up to the one that has it."""
    for module in _MODULES:
        import_module(f"xlcalc.model.families.{module}")
        if model_type in _families:
            return _families[model_type]
    return None


@cache
def known() -> dict[str, Family]:
    """Every model type that is counted exactly, with its reader."""
    for module in _MODULES:
        import_module(f"xlcalc.model.families.{module}")
    return _families
