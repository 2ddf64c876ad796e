"""The model catalog: published configurations by name."""

from __future__ import annotations

import json
from functools import cache

from xlcalc.catalog import tables
from xlcalc.catalog.names import Names, NotInCatalog
from xlcalc.model.checkpoint import stated
from xlcalc.model.spec import ModelSpec


@cache
def names() -> Names:
    """What people call the models of the catalog."""
    return Names(tables.rows("models"), ("name", "hf_id"))


@cache
def by_id(model_id: str) -> ModelSpec:
    """The model of an id of the catalog, its derived counts kept between calls."""
    row = tables.by_id("models")[model_id]
    fields = {k: row[k] for k in ("id", "name", "hf_id", "organisation", "released", "license", "source", "as_of")}
    context = int(float(row["context"])) if row["context"] else None
    return ModelSpec.model_validate({**fields, "context": context, "config": json.loads(tables.config_text(model_id))})


def find(name: str) -> ModelSpec:
    """The model that a name means, in the format that the name states at its end (-FP8, -AWQ, -GPTQ-Int4 ...).

    Raises NotInCatalog with the nearest names.
    """
    form = stated(name)
    try:
        base = by_id(names().find(name))
    except NotInCatalog:
        if form is None:
            raise
        base = by_id(names().find(form[0]))
    if form is None:
        return base
    config = {
        field: value for field, value in base.config.items() if field not in ("quantization_config", "text_config")
    }
    if isinstance(base.config.get("text_config"), dict):
        text = base.config["text_config"]
        config["text_config"] = {field: value for field, value in text.items() if field != "quantization_config"}
    fields = {**base.model_dump(), "name": name, "hf_id": name, "config": {**config, "quantization_config": form[1]}}
    found = ModelSpec.model_validate(fields)
    return base if found.published_dtype.name == base.published_dtype.name else found
