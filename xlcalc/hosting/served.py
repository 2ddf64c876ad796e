"""What is served on what, as plain numbers: all that the formulas of serving know besides a layout and a load."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from xlcalc.formula.arithmetic import plain
from xlcalc.hardware.rates import Device, Engine, ServeRates
from xlcalc.hosting.layout import Divisible
from xlcalc.model.coefficients import Coefficients


class Numbers(NamedTuple):
    """A model with weights of a format, bytes of an element of its cache, the accelerator and the engine.

    Questions about memory alone need no rates, nor a device where any will do.
    """

    model: Coefficients
    dtype: str
    cache_bytes: float
    engine: Engine
    device: Device | None = None
    rates: ServeRates | None = None


class Served(Numbers):
    """The same, with what layouts share out, put together once."""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """A few numbers, alike in every process, tell most apart; equality looks at all."""
        return hash((self.cache_bytes, self.model.bytes_split, self.model.stream))

    @cached_property
    def counted(self) -> Coefficients:
        """The model's plain numbers, also while their columns are recorded: what layouts are searched over."""
        return self.model if type(self.model) is Coefficients else plain(self.model)

    @cached_property
    def divisible(self) -> Divisible:
        """What layouts share out; heads only where no engine pads them."""
        model = self.counted
        if self.device is not None and self.device.pads_heads:
            return Divisible(model.n_layers, model.n_experts)
        heads = {int(kind.heads) for kind in model.cached if kind.heads} if model.n_heads else ()
        return Divisible(model.n_layers, model.n_experts, model.n_heads, tuple(sorted(heads)))

    @property
    def on(self) -> Device:
        """The device. Raises TypeError where the question named none."""
        if self.device is None:
            raise TypeError("needs an accelerator")
        return self.device

    @property
    def speed(self) -> ServeRates:
        """The rates. Raises TypeError where the question needed none."""
        if self.rates is None:
            raise TypeError("needs rates")
        return self.rates
