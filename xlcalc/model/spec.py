"""ModelSpec: a model as the functions know it, whatever it was read from."""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import Any

from xlcalc.files import check_ordinary
from xlcalc.formula.records import Keeping, checked_number
from xlcalc.model import native
from xlcalc.model.adapters import adapters
from xlcalc.model.architecture import Architecture
from xlcalc.model.cache import CacheShape, cache_shape
from xlcalc.model.checkpoint import PLAIN, Checkpoint, checkpoint
from xlcalc.model.coefficients import Adapters, Coefficients
from xlcalc.model.config import SPELLINGS, Config, of_retriever
from xlcalc.model.dtypes import DTYPES, DType
from xlcalc.model.families.reader import read
from xlcalc.model.families.towers import Towers, odd_size, towers
from xlcalc.model.flops import FlopShape, flop_shape
from xlcalc.model.kind_of_model import kinds
from xlcalc.model.params import active_by_part, params_by_part
from xlcalc.model.serve_columns import serve_columns
from xlcalc.model.storage import KEPT_BITS, Weights, stored
from xlcalc.model.train_columns import train_columns

# what must be a whole number above zero wherever it is set (or a list of them, one a layer)
_SIZES = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size",
    "vocab_size", "moe_intermediate_size", "embedding_size", "input_embedding_size", "num_hidden_groups",
    "inner_group_num",
)  # fmt: skip


_COUNTS = ("sliding_window", "num_experts", "num_experts_per_tok")  # where they are set, or lists of them

_FLAGS = re.compile(r"^(tie|tied|is|enable|add)_|(^|_)bias$|^use_(?!bidirectional)")  # yes or no, and never a text

_SCALARS = ("hidden_size", "num_hidden_layers", "vocab_size")
_NARROW = {"head_dim": 10**6, "num_attention_heads": 10**6, "num_key_value_heads": 10**6}
UNKNOWN = "unknown"  # how many parameters the towers have
_LARGEST = 10**12  # of any number in a configuration
_WHOLE: dict[str, Any] = {"most": _LARGEST, "whole": True}
_CHECKED: dict[str, dict[str, Any]] = {"context": _WHOLE, "stated_towers": _WHOLE, "count": {}}
_STACKS = ("encoder_layers", "decoder_layers", "num_decoder_layers", "encoder_num_hidden_layers")
_MOST_LAYERS = 10_000  # and of entries in any of its lists: a hundred times what models have


@dataclass(frozen=True)
class ModelSpec(Keeping):
    """A configuration with its names and dates; counts are derived on first use and kept.

    `count` is set instead of `config` where only a number of parameters is known.
    """

    id: str = ""
    name: str = ""
    hf_id: str = ""
    organisation: str = ""
    released: str = ""
    context: int | None = None
    license: str = ""
    source: str = ""
    as_of: str = ""
    stated_format: str = ""  # the number format of the weights that the name given for the model states
    stated_towers: int | str | None = None  # parameters, or UNKNOWN, where towers' fields are not there
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    count: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", of_retriever(self.config))
        for name, limits in _CHECKED.items():
            if (number := getattr(self, name)) is not None and number != UNKNOWN:
                object.__setattr__(self, name, checked_number(name, number, **limits))

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """Read a config.json or a maker's own format. Raises ValueError saying what is wrong with it."""
        return cls._of_fields(native.from_text(text))

    @classmethod
    def from_path(cls, path: str | PathLike[str]) -> ModelSpec:
        """Read a file: a JSON text, the header of a GGUF or safetensors file. Raises ValueError or OSError."""
        check_ordinary(path)
        with open(path, "rb") as file:
            if not file.read(1):
                raise ValueError("is empty")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return cls._of_fields(native.from_file(data))

    @classmethod
    def _of_fields(cls, fields: dict[str, Any]) -> ModelSpec:
        if native.is_header(fields):
            count, stored_in = native.counted(fields)
            return cls(count=count, stated_format=stored_in)
        return cls(config=native.translated(fields))

    @cached_property
    def text_config(self) -> Config:
        """The language model's configuration with its family's defaults."""
        if self.count is not None:
            raise ValueError("needs a model with its layers; a number of parameters alone does not say enough")
        c = Config(self.config)
        _check_bounds(c.raw)
        for name in _SIZES:
            value = c.get(name)
            if isinstance(value, (list, tuple)) and (not value or name in _SCALARS):
                raise ValueError(f"has a list for {name}, where one whole number is needed")
            for size in value if isinstance(value, (list, tuple)) else [value]:
                if name == "head_dim" and size == 0:  # the rotary part of heads that have none
                    continue
                if size is not None and (type(size) is not int or size < 1):
                    raise ValueError(f"has a {name} that is not a whole number above 0; got {size!r}")
                if size is not None and size > _NARROW.get(name, _LARGEST):
                    raise ValueError(f"has a {name} of {size:.6g}; at most {_NARROW[name]:.0e} is taken")
        read_so_far = set(c.seen)
        _check_counts(c)
        c.seen = read_so_far  # what is only checked is not counted yet
        return c

    @property
    def is_estimate(self) -> bool:
        """True where the count rests on something that the configuration does not say."""
        return self.count is None and bool(self.architecture.assumed)

    @cached_property
    def architecture(self) -> Architecture:
        """The layers that the configuration builds. Raises ValueError naming missing or impossible fields."""
        c = self.text_config
        try:
            whole = _whole(read(c))
        except KeyError as error:
            c.require(str(error.args[0]))
            raise ValueError(f"lacks {error.args[0]}, needed for model_type {c.model_type[:60]!r}") from None
        except (TypeError, ArithmeticError, AttributeError, IndexError) as error:
            raise ValueError(_no_number(c)) from error
        beside = self._towers
        assumed, notes = ((text,) if text else () for text in (beside.assumed, beside.note))
        return whole._replace(assumed=(*whole.assumed, *assumed), notes=(*whole.notes, *notes))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """What kind of model it is; a number of parameters alone is taken for a dense one."""
        return kinds(self.architecture) if self.count is None else ("dense",)

    @cached_property
    def parts(self) -> dict[str, int]:
        """Parameters by part."""
        return params_by_part(self.architecture)

    @property
    def total(self) -> float:
        """Parameters in all."""
        return self.count if self.count is not None else self._total

    @cached_property
    def _total(self) -> int:
        return sum(self.parts.values())

    @cached_property
    def _towers(self) -> Towers:
        if self.stated_towers == UNKNOWN:
            return Towers(None, note="towers left out, whose parameters are unknown")
        if self.stated_towers is not None:
            return Towers(int(self.stated_towers))
        c = self.text_config
        for part in (self.config[name] for name in c.towers if isinstance(self.config.get(name), Mapping)):
            _check_bounds(part)
            if odd := odd_size(part):
                return Towers(None, odd)
        try:
            found = towers(self.config, c)
        except (KeyError, TypeError, ArithmeticError, AttributeError, IndexError):
            raise ValueError(
                f"has towers with a field that is no number where one is needed: {_listed(c.towers)}"
            ) from None
        if found.params is not None and (type(found.params) is not int or found.params < 0):
            raise ValueError(f"has towers whose sizes are no whole numbers above 0: {_listed(c.towers)}")
        return found

    @cached_property
    def towers(self) -> int:
        """Parameters of towers and projectors, which `total` leaves out. Raises ValueError if nothing says how many."""
        if self._towers.params is None:
            raise ValueError(f"has towers that cannot be counted: {self._towers.assumed or self._towers.note}")
        return self._towers.params

    @property
    def known_towers(self) -> int | None:
        """Parameters of towers and projectors; None where nothing says how many."""
        return self._towers.params

    @cached_property
    def active_parts(self) -> dict[str, float]:
        """Parameters that one token meets, by part."""
        return active_by_part(self.architecture)

    @property
    def active(self) -> float:
        """Parameters that one token meets."""
        return self.count if self.count is not None else self._active

    @cached_property
    def _active(self) -> int:
        return round(sum(self.active_parts.values()))

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """What its publisher says of the number formats of its weights, in the configuration or the name."""
        return checkpoint(self.config, self.stated_format, self.hf_id or self.name)

    @property
    def published_dtype(self) -> DType:
        """The format that its weights are published in; bf16 where nothing says otherwise. Raises ValueError where they
        are quantised in a way that is not understood."""
        if self.checkpoint.is_unknown:
            raise ValueError(f"has weights in a format that is not known ({self.checkpoint.why}): name a dtype")
        return self.checkpoint.dtype

    def weights(self, dtype: DType, *, serving: bool = False, anew: bool = False) -> Weights:
        """What its weights store in a format, matrix by matrix, as its publisher would have them, or quantised `anew`
        by somebody else."""

        def put_together() -> Weights:
            model_type = str(self.config.get("model_type", ""))
            own = PLAIN if anew else self.checkpoint
            return stored(self.architecture, dtype, own, model_type, serving=serving)

        return self.kept((Weights, dtype, serving, anew), put_together)

    def coefficients(self, dtype: DType | None = None) -> Coefficients:
        """The model as numbers, its weights in a format; None = as published."""
        dtype = dtype or self.published_dtype
        return self.kept((Coefficients, dtype), lambda: self._as_numbers(dtype))

    @cached_property
    def trained(self) -> Coefficients:
        """The model as training computes it, which does not depend on how the weights are stored."""
        return self.coefficients(DTYPES["bf16"])

    def _as_numbers(self, dtype: DType) -> Coefficients:
        try:
            head = self.architecture.head
            return Coefficients(
                n_layers=self.architecture.n_layers,
                d_model=self._trained["d_model"],
                vocab=head.d_out,
                head_d_in=head.d_in,
                **{name: value for name, value in self._trained.items() if name != "d_model"},
                **serve_columns(self.architecture, self.weights(dtype, serving=True), self.state_bytes),
                bytes_towers=max(KEPT_BITS, dtype.bits) / 8 * (self.known_towers or 0),
            )
        except (ArithmeticError, IndexError):
            raise ValueError("has layers of which no model is made: none, or matrices of no width") from None

    def adapters(self, targets: frozenset[str]) -> Adapters:
        """What LoRA of rank 1 adds to some of its matrices. Raises ValueError where it has none of them."""
        return self.kept((Adapters, targets), lambda: adapters(self.architecture, targets))

    @cached_property
    def _trained(self) -> dict[str, Any]:
        return train_columns(self.architecture, self.text_config)

    @cached_property
    def state_bytes(self) -> int | None:
        """Bytes of one element of a recurrent state where the configuration names its precision."""
        c = self.text_config
        named = c.get("mamba_ssm_cache_dtype") or c.get("mamba_ssm_dtype") or ""
        return {"float32": 4, "bfloat16": 2, "float16": 2}.get(str(named))

    @cached_property
    def cache_shape(self) -> CacheShape:
        """What one sequence keeps in its cache. Raises ValueError for an encoder, which keeps none."""
        self._require_decoder()
        return cache_shape(self.architecture)

    @cached_property
    def flop_shape(self) -> FlopShape:
        """Multiply-adds of one token in a forward pass over a sequence."""
        return flop_shape(self.architecture)

    @cached_property
    def decode_flop_shape(self) -> FlopShape:
        """Multiply-adds of one token that is generated from a cache. Raises ValueError for an encoder."""
        self._require_decoder()
        return flop_shape(self.architecture, decode=True)

    def _require_decoder(self) -> None:
        if self.architecture.kind == "encoder":
            raise ValueError(
                f"is asked of {self.id or self.text_config.model_type}, an encoder: it reads its input at once, "
                "generates no tokens and keeps no key/value cache"
            )


def _whole(architecture: Architecture) -> Architecture:
    """The architecture itself. Raises TypeError where a size is a list or a fraction, or a window no number."""
    for _, matrix in architecture.linears():
        for size in (matrix.d_in, matrix.d_out, matrix.copies, matrix.bias):
            if type(size) is not int or size < 0:
                raise TypeError(f"{matrix.name} is {str(matrix.d_in)[:40]} x {str(matrix.d_out)[:40]}")
    for block in (block for layer in architecture.layers for block in layer.blocks):
        for reach in (block.window, block.attended, block.stride):
            if reach is not None and type(reach) not in (int, float):
                raise TypeError(f"{block.kind} reaches {str(reach)[:40]} tokens")
    for _, vector in architecture.vectors():
        if type(vector.size) is not int or vector.size < 0:
            raise TypeError(f"{vector.name} has {str(vector.size)[:40]} elements")
    return architecture


def _check_counts(c: Config) -> None:
    """Raise ValueError for counts of which no model is made: shares of heads or experts that do not come out even."""
    for name in _COUNTS:
        value = c.get(name)
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None and (type(one) is not int or one < 0):
                raise ValueError(f"has a {name} that is not a whole number, 0 or more; got {str(one)[:60]!r}")
    for name, value in c.raw.items():
        if isinstance(value, str) and _FLAGS.search(name):
            raise ValueError(f"has a {name[:60]} that is neither true nor false; got {value[:60]!r}")
    n_experts, k = c.get("num_experts"), c.get("num_experts_per_tok")
    if type(n_experts) is int and type(k) is int and k > n_experts > 0:
        raise ValueError(f"has {k} experts a token of {n_experts} experts")
    n_heads, n_kv_heads = c.get("num_attention_heads"), c.get("num_key_value_heads")
    d_model = c.get("hidden_size")
    if type(n_heads) is int and type(d_model) is int and d_model < n_heads and not c.get("head_dim"):
        raise ValueError(f"has {n_heads} heads and a hidden_size of {d_model}, which leaves them no width")
    both = type(n_heads) is int and type(n_kv_heads) is int and c.gives("num_key_value_heads")
    if both and not c.get("kv_lora_rank") and n_heads % n_kv_heads:
        raise ValueError(f"has {n_heads} query heads, which {n_kv_heads} key/value heads cannot share evenly")


def _no_number(c: Config) -> str:
    """The sentence of a configuration with a list or a text where a number is needed, naming what that may be."""
    odd = sorted(name for name in c.seen if isinstance(c.raw.get(name), (list, Mapping)) or _is_digits(c.raw.get(name)))
    named = f"; these that were read hold lists, groups or texts: {', '.join(odd[:6])}" if odd else ""
    return f"has a field that is no number where one is needed{named}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)[:80]


def _is_digits(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lstrip("-").replace(".", "", 1).isdigit()


def _check_bounds(fields: Mapping[str, Any]) -> None:
    """Raise ValueError for numbers and lists that no model has, which would cost memory in proportion."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            _check_bounds(value)
        elif isinstance(value, (int, float)) and not abs(value) <= _LARGEST:
            raise ValueError(f"has a {str(name)[:60]} beyond 1e12, which no model has")
        elif isinstance(value, (list, tuple)) and len(value) > _MOST_LAYERS:
            raise ValueError(f"has a {str(name)[:60]} of {len(value)} entries; at most {_MOST_LAYERS} are taken")
    layers = [fields.get(name) for name in ("num_hidden_layers", *SPELLINGS["num_hidden_layers"], *_STACKS)]
    if any(isinstance(n, int) and n > _MOST_LAYERS for n in layers):
        raise ValueError(f"has more than {_MOST_LAYERS} layers, which no model has")
