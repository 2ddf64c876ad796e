"""Cell functions about fine-tuning: adapters and memory."""

from __future__ import annotations

from typing import Annotated

from xlcalc.cell_functions.training.kinds import Method, Offload, OptimizerName, Recompute, Targets, adapted
from xlcalc.formula.arithmetic import is_open, is_recording, term
from xlcalc.formula.records import column, columns
from xlcalc.hardware.kernels import framework
from xlcalc.language.cells import Choice
from xlcalc.language.declare import cell_function
from xlcalc.language.kinds import Bytes, Count, Model, Params, Positive, PositiveTokens, TrainingSoftware
from xlcalc.model.adapters import adapted_matrices
from xlcalc.model.dtypes import DTYPES
from xlcalc.model.spec import ModelSpec
from xlcalc.model.words import WORDS
from xlcalc.training.activations import ELEMENT
from xlcalc.training.finetune import adapter_memory
from xlcalc.training.layout import Layout
from xlcalc.training.memory import OPTIMIZERS, TrainMemory, train_memory

_Part = Annotated[str, Choice(*TrainMemory._fields, "total")]
_ADAPTED, _HU = "inputs and outputs of adapted matrices", "Hu et al. 2021, section 4.1"
_USUAL = "fsdp"  # PyTorch, which most fine-tuning runs on


def adapter_params(model: ModelSpec, rank: int, targets: frozenset[str]) -> float:
    """Parameters of adapters; in a derivation each kind of adapted matrix is a row."""
    if not is_recording() or is_open():
        return rank * column("adapted", model.adapters(targets).params, _ADAPTED, "elements", "of the model")
    return rank * model.once((adapted_matrices, targets), lambda: _sides(model, targets))


def _sides(model: ModelSpec, targets: frozenset[str]) -> float:
    """Inputs and outputs of the adapted matrices, kind by kind."""
    total: float = 0
    for (name, d_in, d_out), count in adapted_matrices(model.architecture, targets).items():
        many = column("", count, f"number of {name}", "count", "of the model")
        sides = column("", d_in + d_out, f"{d_in:,} inputs and {d_out:,} outputs of {name}", "elements", "of the model")
        total = total + term(f"inputs and outputs of {name}, all layers", many * sides, "elements", _HU)
    return term(_ADAPTED, total, "elements", _HU)


@cell_function(
    category="Training",
    source="Hu et al. 2021, section 4.2; Dettmers et al. 2023, section 3; LLM_TRAIN_MEMORY",
    later="recompute",
)
def LLM_FINETUNE_MEMORY(
    model: Model,
    method: Method,
    seq_len: PositiveTokens,
    micro_batch: Positive,
    rank: Count = 16,
    part: _Part = "total",
    recompute: Recompute = "full",
    optimizer: OptimizerName = "adam",
    offload: Offload = "none",
    targets: Targets = None,
    software: TrainingSoftware = None,
) -> Bytes:
    """Bytes to fine-tune on one accelerator.

    `full` trains every parameter: 2 bytes of weight, 2 of gradient and, for Adam, 12 of optimizer. `lora` keeps weights
    in bf16 and trains adapters; `qlora` keeps the weights in nf4 with double quantisation. Frozen matrices need no
    input for the backward pass, adapted ones do. What the loss takes, whether there is a 32-bit copy of the weights,
    what 4-bit weights leave in 32 bit and whether operators run one by one and keep more is the software's; the
    workspace holds it with the allocator's slack and the CUDA context. Gradients stand beside the loss, as they do from
    the second micro-batch of a step on.

    Args:
        method: full, lora or qlora
        micro_batch: sequences at once
        part: the part that is asked for
        optimizer: adam keeps a 32-bit copy and moments, adam_fp32 all in 32 bit, paged its moments in the host
        offload: what stands in the host's memory: none, optimizer, activations
        software: training software; blank = PyTorch
    Example:
        >>> round(LLM_FINETUNE_MEMORY("llama-3.1-8b", "qlora", 2048, 1, 16, "weights", unit="GB"), 2)
        5.79
    """
    keeps, kind = framework(software or _USUAL), OPTIMIZERS[optimizer]
    what = adapted(method, targets, software)
    layout = Layout(micro_batch=micro_batch, zero=0, recompute=recompute)
    numbers = columns(model.trained, WORDS, "of the model")
    if method == "full":
        memory = train_memory(numbers, layout, seq_len, keeps, optimizer=kind, offload=offload)
        return memory.total if part == "total" else getattr(memory, part)
    adapters = adapter_params(model, rank, what)
    adapters = term("parameters of adapters", adapters, "parameters", _HU)
    element = keeps.unquantised_bytes if method == "qlora" else ELEMENT
    sums = model.adapters(what)
    if keeps.eager:  # each adapter casts its input to 16 bit for itself
        kept = ELEMENT * column("adapted_inputs", sums.inputs, "inputs of adapters", "elements/token", "of the model")
    else:
        kept = column("adapted_kept", sums.kept, "inputs that adapters keep", "elements/token", "of the model")
        kept = element * kept
    frozen = train_memory(numbers, layout, seq_len, keeps, offload=offload, adapted=kept, element=element)
    form = DTYPES["nf4" if method == "qlora" else "bf16"]
    base = model.weights(form, anew=True).bytes
    base = column(f"bytes_{form.name}", base, f"weights in {form.name}", "bytes", "of the model in this format")
    base += (element - ELEMENT) * (numbers.params_embedding + numbers.params_head)
    memory = adapter_memory(adapters, base, frozen, keeps, kind, offload)
    return memory.total if part == "total" else getattr(memory, part)


@cell_function(category="Training", source="Hu et al. 2021, section 4.1")
def LLM_LORA_PARAMS(model: Model, rank: Count, targets: Targets = "all") -> Params:
    """Trainable parameters of LoRA: rank x (inputs + outputs) of each adapted matrix.

    `all` adapts the matrices of attention (or what stands in its place) and MLP, every expert of a mixture too;
    `attention` and `mlp` adapt one of them; of a mixture `experts` are the routed ones, `shared` those that every token
    meets and `dense` the MLPs of layers without experts, so that `attention,router,shared,dense` leaves the routed ones
    out, as PEFT does where they stand in one tensor. Names of matrices can be listed. Query, key and value count as
    three matrices also where code fuses them. Embedding and head are never adapted.

    Args:
        rank: rank of the adapters
        targets: adapted parts or matrices, with commas between
    Example:
        >>> LLM_LORA_PARAMS("llama-3.1-8b", 16)
        41943040
    """
    return adapter_params(model, rank, targets)
