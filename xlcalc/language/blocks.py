"""A model or an accelerator written on a sheet: two columns (or rows) of field names and values.

Blank rows and labels that mean nothing here are passed over; a label that is nearly a field is refused, so that a
slip of the finger cannot drop a number silently.
"""

from __future__ import annotations

import json
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from xlcalc.catalog import accelerators, models
from xlcalc.hardware.spec import FIELDS, AcceleratorSpec
from xlcalc.language.cells import clean, did_you_mean, is_blank, shown
from xlcalc.language.errors import CalcError
from xlcalc.model.config import SPELLINGS, family_defaults, vocabulary
from xlcalc.model.spec import UNKNOWN, ModelSpec

IDENTITY = ("id", "name", "hf_id", "organisation", "released", "context", "license", "source", "as_of")
DERIVED = ("parameters", "active_parameters", "count", "published_dtype", "published_dtype_from", "notes")
# of the weights, as a file has them
_FORMATS = ("torch_dtype", "dtype", "expert_dtype", "quantization_config", "quantization", "compression_config",
            "gguf_types", "gguf_file_type")  # fmt: skip
_CLASS = ("architectures", "num_labels", "id2label")  # which head a model ends in
# what is achieved of a peak, and usable of a memory
_FOLLOWS = (("memory", "usable"), ("bandwidth", "achievable_bandwidth"), ("peak_bf16", "achievable_bf16"),
            ("peak_fp8", "achievable_fp8"))  # fmt: skip
_TOWERS = "tower_parameters"  # a block has no towers' own fields
_SHORT = {name: spellings[0] for name, spellings in SPELLINGS.items()}
_CANONICAL = {s: name for name, spellings in SPELLINGS.items() for s in (name, *spellings)}


@cache
def model_fields() -> frozenset[str]:
    """Every label that a model block may have."""
    of_families = {field for defaults in family_defaults().values() if isinstance(defaults, dict) for field in defaults}
    of_families.update(*vocabulary()["own"].values())  # those without a default too
    return frozenset(
        {"model_type", _TOWERS, *IDENTITY, *DERIVED, *_FORMATS, *_CLASS, *_CANONICAL, *of_families} - {"attribute_map"}
    )


@cache
def accelerator_fields() -> frozenset[str]:
    """Every label that an accelerator block may have, with or without a unit in its name."""
    fields = set(FIELDS)
    fields |= {f"{f}_{u}" for f in fields if f.startswith(("peak", "achievable", "sparse")) for u in ("tflops", "tops")}
    return frozenset(fields | {"memory_gb", "usable_mib", "tdp_w"} | {
        f"{f}_gb_s" for f in ("bandwidth", "achievable_bandwidth", "scale_up", "scale_out")
    })  # fmt: skip


def label(value: Any) -> str:
    """A label as a field name: lower case, underscores, no colon."""
    return clean(value).rstrip(":").casefold().replace(" ", "_").replace("-", "_") if isinstance(value, str) else ""


def is_block(rows: list[list[Any]], fields: frozenset[str]) -> bool:
    """True where a range holds labelled values rather than many values."""
    return any(any(label(name) in fields for name, _ in pairs) for pairs in _orientations(rows))


def _orientations(rows: list[list[Any]]) -> list[list[tuple[Any, Any]]]:
    ways: list[list[tuple[Any, Any]]] = []
    if len(rows[0]) == 2:
        ways.append([(row[0], row[1]) for row in rows])
    if len(rows) == 2:
        ways.append(list(zip(rows[0], rows[1], strict=True)))
    return ways


def _fields(rows: list[list[Any]], fields: frozenset[str]) -> dict[str, Any]:
    """The block's known fields with their values. Raises ValueError for a label that is nearly one, or given twice."""
    pairs = max(_orientations(rows), key=lambda way: sum(label(name) in fields for name, _ in way))
    found: dict[str, Any] = {}
    cased = {field.casefold(): field for field in fields}
    for name, value in pairs:
        field = cased.get(label(name), label(name))
        if not field or is_blank(value):
            continue
        if field not in fields:
            near = get_close_matches(field[:60], fields, n=1, cutoff=0.85)
            if near:
                raise ValueError(f"has the label {shown(name)}, which is no field; did you mean {near[0]}?")
            continue
        if field in found and found[field] != value:
            raise ValueError(f"gives {field} twice")
        found[field] = _value(field, value)
    return found


def _value(field: str, value: Any) -> Any:
    """A cell's value as a configuration holds it: numbers and lists stored as text are what they say."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str) or field in IDENTITY:
        return value
    text = clean(value)
    if text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    try:
        number = json.loads(text)
    except ValueError:
        return text
    return int(number) if isinstance(number, float) and number.is_integer() else number


def model(rows: list[list[Any]]) -> ModelSpec:
    """The model of a block. An `id` of the catalog stands behind it, and the other rows change that model.

    Raises ValueError for labels that are nearly fields and for missing fields.
    """
    found = _fields(rows, model_fields())
    identity: dict[str, Any] = {name: str(found.pop(name)) for name in IDENTITY if name in found and name != "context"}
    context = found.pop("context", None)
    towers = found.pop(_TOWERS, None)
    derived = {name: str(found.pop(name, "")) for name in DERIVED}
    if derived["published_dtype_from"].startswith("the name states"):
        identity["stated_format"] = derived["published_dtype"]
    of_family = family_defaults().get(str(found.get("model_type", "")), {})
    config: dict[str, Any] = {}
    for name, value in found.items():
        common = _CANONICAL.get(name, name)
        if name != common and common not in of_family:  # which may have two fields where others have one
            common = next((own for own in SPELLINGS[common] if own in of_family), common)
        if config.setdefault(common, value) != value:
            raise ValueError(f"gives {common} twice, as {config[common]} and as {value}")
    base = _base(identity.get("id", ""))
    if base is not None:
        config = {**_beside(base), **base.text_config.raw, **config}
        towers = base.known_towers if towers is None else towers
        towers = UNKNOWN if towers is None else towers
    return ModelSpec(**identity, context=context, stated_towers=towers, config=config)


def model_rows(model: ModelSpec) -> dict[str, Any]:
    """A model as the block that `model` reads back: what it is called, its configuration, what follows from it."""
    return model.once(model_rows, lambda: _model_rows(model))


def _model_rows(model: ModelSpec) -> dict[str, Any]:
    c = model.text_config
    config: dict[str, Any] = {"model_type": c.model_type}
    for name in SPELLINGS:
        config[_SHORT[name]] = c.get(name)
    own = {s for name in SPELLINGS for s in (name, *SPELLINGS[name], c.own_name(name))} | {"model_type"}
    given = {**_beside(model), **c.raw}
    config |= {name: value for name, value in given.items() if name in model_fields() and name not in own}
    identity = {name: getattr(model, name) or None for name in IDENTITY}
    kind = "estimate" if model.is_estimate else "exact"
    notes = "; ".join(model.architecture.remarks) or None
    derived = {
        "parameters": model.total,
        "active_parameters": model.active,
        _TOWERS: UNKNOWN if model.known_towers is None else model.known_towers or None,
        "count": kind,
        "published_dtype": None if model.checkpoint.is_unknown else model.published_dtype.name,
        "published_dtype_from": model.checkpoint.why,
        "notes": notes,
    }
    rows = {**identity, **derived, **config}
    return {name: json.dumps(v) if isinstance(v, (list, dict)) else v for name, v in rows.items() if v is not None}


def _beside(model: ModelSpec) -> dict[str, Any]:
    """What a model's file says outside its text part: the format of its weights, and which class it is."""
    return {name: model.config[name] for name in (*_FORMATS, *_CLASS) if model.config.get(name) is not None}


def accelerator_rows(accelerator: AcceleratorSpec) -> dict[str, Any]:
    """An accelerator as the block that `accelerator` reads back, in base units."""
    rows = ((name, getattr(accelerator, name)) for name in FIELDS)
    return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in rows}


def pick(rows: dict[str, Any], field: str, what: str) -> Any:
    """One value of a block by its label; a blank where nobody published it is #N/A."""
    name = label(field)
    if name not in rows:
        name = next((own for own in rows if label(own) == name), name)
    if name not in rows:
        hint = did_you_mean(name, rows)
        raise CalcError("#VALUE!", f"must be {what} ({', '.join(rows)}); got {shown(field)}{hint}", argument="field")
    if rows[name] in (None, ""):
        raise CalcError("#N/A", f"{name} is not published", argument="field")
    return rows[name]


def _base(name: str) -> ModelSpec | None:
    try:
        return models.find(name) if name else None
    except LookupError:
        return None


def accelerator(rows: list[list[Any]]) -> AcceleratorSpec:
    """The accelerator of a block; what stands in it as in the catalog follows the figure beside it that was changed.

    Raises ValueError for labels that are nearly fields and for impossible figures.
    """
    own = AcceleratorSpec.from_columns(_fields(rows, accelerator_fields()))
    try:
        base = accelerators.find(own.id)
    except LookupError:
        return own
    scaled = {}
    for figure, follows in _FOLLOWS:
        was, now, kept = getattr(base, figure), getattr(own, figure), getattr(base, follows)
        if was and now and kept and getattr(own, follows) == kept:
            scaled[follows] = kept * now / was
    return replace(own, **scaled)
