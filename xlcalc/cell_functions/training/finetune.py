"""Cell functions about fine-tuning: adapters and memory."""

from __future__ import annotations

from typing import Annotated

from xlcalc.formula.arithmetic import term
from xlcalc.formula.records import column, columns
from xlcalc.language.cells import Choice, Kind, Refusal, Text
from xlcalc.language.declare import cell_function
from xlcalc.language.kinds import Bytes, Count, Model, Params, Positive, PositiveTokens
from xlcalc.model.checkpoint import PLAIN
from xlcalc.model.dtypes import DTYPES
from xlcalc.model.params import lora_params
from xlcalc.model.storage import stored
from xlcalc.model.words import WORDS
from xlcalc.training.finetune import METHODS, finetune_memory
from xlcalc.training.layout import Layout
from xlcalc.training.memory import OPTIMIZER_BYTES, TrainMemory, train_memory

_TARGETS = {
    "all": frozenset(("attention", "mlp", "experts")),
    "attention": frozenset(("attention",)),
    "mlp": frozenset(("mlp", "experts")),
}
_MATRICES = frozenset(("q", "k", "v", "o", "q_a", "q_b", "kv_a", "kv_b", "gate", "up", "down", "in", "out"))


class _Targets(Kind):
    """The matrices that LoRA adapts: a group, or their names with commas between."""

    about = f"one of {', '.join(_TARGETS)}, or names of matrices such as q,v"

    def read(self, value: object) -> frozenset[str]:
        text = Text(self.about).read(value).casefold()
        names = frozenset(name.strip().removesuffix("_proj") for name in text.replace("+", ",").split(","))
        found = _TARGETS.get(text, names)
        if text not in _TARGETS and not found <= _MATRICES:
            raise Refusal("#VALUE!", f"must be {self.about}; got {text!r}")
        return found


_Method = Annotated[str, Choice(*METHODS)]
_Part = Annotated[str, Choice(*TrainMemory._fields, "total")]
_ADAPTED = frozenset(("attention", "mlp", "experts"))


@cell_function(
    category="Training", source="Hu et al. 2021, section 4.2; Dettmers et al. 2023, section 3; LLM_TRAIN_MEMORY"
)
def LLM_FINETUNE_MEMORY(
    model: Model,
    method: _Method,
    seq_len: PositiveTokens,
    micro_batch: Positive,
    rank: Count = 16,
    part: _Part = "total",
) -> Bytes:
    """Bytes to fine-tune on one accelerator with Adam.

    `full` trains every parameter: 2 bytes of weight, 2 of gradient, 12 of optimizer. `lora` keeps weights in bf16 and
    trains adapters of all matrices of attention and MLP; `qlora` keeps the weights in nf4 with double quantisation.
    Activations are recomputed (gradient checkpointing), as fine-tuning recipes do; LLM_TRAIN_MEMORY has the other ways.
    An estimate from formulas, not measured.

    Args:
        model: the model
        method: full, lora or qlora
        seq_len: tokens of a sequence
        micro_batch: sequences at once
        rank: rank of the adapters; not used by full
        part: the part that is asked for
    Example:
        >>> round(LLM_FINETUNE_MEMORY("llama-3.1-8b", "qlora", 2048, 1, 16, "weights", unit="GB"), 2)
        5.79
    """
    layout = Layout(micro_batch=micro_batch, zero=0, recompute="full")
    numbers = columns(model.coefficients(DTYPES["bf16"]), WORDS, "of the model")
    whole = train_memory(numbers, layout, seq_len)
    adapters: float = 0
    trained = column("params_total", model.total, "parameters", "parameters", "of the model")
    if method != "full":
        adapters = lora_params(model.architecture, rank, _ADAPTED)
        adapters = trained = term("parameters of adapters", adapters, "parameters", "Hu et al. 2021, section 4.1")
    kept = DTYPES["nf4" if method == "qlora" else "bf16"]
    base = stored(model.architecture, kept, PLAIN).bytes
    base = column(f"bytes_{kept.name}", base, f"weights in {kept.name}", "bytes", "of the model in this format")
    memory = finetune_memory(trained, base + 2 * adapters, whole.activations, whole.workspace, OPTIMIZER_BYTES["adam"])
    return memory.total if part == "total" else getattr(memory, part)


@cell_function(category="Training", source="Hu et al. 2021, section 4.1")
def LLM_LORA_PARAMS(model: Model, rank: Count, targets: Annotated[frozenset[str], _Targets()] = "all") -> Params:
    """Trainable parameters of LoRA: rank x (inputs + outputs) of each adapted matrix.

    `all` adapts the matrices of attention (or what stands in its place) and MLP, every expert of a mixture too;
    `attention` and `mlp` adapt one of them; names can be listed. Query, key and value count as three matrices also
    where code fuses them. Routers, embedding and head are never adapted.

    Args:
        model: the model
        rank: rank of the adapters
        targets: adapted matrices
    Example:
        >>> LLM_LORA_PARAMS("llama-3.1-8b", 16)
        41943040
    """
    each = lora_params(model.architecture, 1, targets)
    of = f"of the model: inputs and outputs of {', '.join(sorted(targets))}"
    return rank * column("adapted", each, "inputs and outputs of adapted matrices", "elements", of)
