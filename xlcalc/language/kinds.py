"""The kinds of argument and result that the cell functions speak of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from xlcalc.catalog import accelerators, models
from xlcalc.catalog.names import NotInCatalog
from xlcalc.catalog.table_file import TableError
from xlcalc.hardware import software
from xlcalc.hardware.spec import AcceleratorSpec
from xlcalc.language import blocks, declare
from xlcalc.language.cells import Choice, Day, Kind, Number, Refusal, TableKind, Text, clean, is_number, shown
from xlcalc.language.keeping import kept
from xlcalc.model.dtypes import DTYPES, named
from xlcalc.model.dtypes import DType as Format
from xlcalc.model.spec import ModelSpec

_COUNT = Number("parameters", 1)


class ModelKind(Kind):
    """A model: a catalog name, a two-column block, the text of a config.json; where `count` is set, a number too."""

    def __init__(self, *, count: bool = False) -> None:
        self.count = count
        self.about = "a model name, a block of its fields, the text of a config.json"
        self.about += ", or a number of parameters" if count else ""

    def takes_range(self, rows: list[list[Any]]) -> bool:
        return blocks.is_block(rows, blocks.model_fields())

    def read(self, value: Any) -> ModelSpec:
        try:
            kind = type(value)
            if kind is str:
                return self._from_text(value)
            if self.count and (kind is int or kind is float):
                return ModelSpec(count=_COUNT.read(value))
            if isinstance(value, ModelSpec):
                return value if value.count is not None and self.count else _checked(value)
            if isinstance(value, Mapping):
                return _checked(ModelSpec(config=dict(value)))
            if isinstance(value, list):
                return _model_of_block(json.dumps(value, default=shown))
            if isinstance(value, os.PathLike):
                return self._counted(ModelSpec.from_path(value))
        except NotInCatalog as error:
            raise Refusal("#N/A", _not_found(value, error)) from None
        except OSError as error:
            raise Refusal("#VALUE!", f"cannot be read: {error}") from None
        except ValueError as error:
            raise Refusal("#VALUE!", _sentence(error)) from None
        except RecursionError:
            raise Refusal("#VALUE!", "is nested deeper than any configuration") from None
        if self.count:
            return ModelSpec(count=_COUNT.read(value))
        raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")

    def _counted(self, model: ModelSpec) -> ModelSpec:
        """The model, where one that is but a count of tensors is enough or it has its layers."""
        if model.count is not None and not self.count:
            raise ValueError("has tensors and no layers: give the config.json beside it")
        return _checked(model)

    def _from_text(self, value: str) -> ModelSpec:
        model = _model_of_text(value)
        if model is not None and model.count is not None:
            return self._counted(model)
        if model is None:
            if self.count:
                return ModelSpec(count=_COUNT.read(value))
            raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")
        return model


@kept(1024)
def _model_of_text(text: str) -> ModelSpec | None:
    """The model that a text means; None where it is a number."""
    text = text.strip()
    if text.startswith("{"):
        return _checked(ModelSpec.from_json(text))
    return None if is_number(text) else _checked(models.find(clean(text)))


@kept(256)
def _model_of_block(rows: str) -> ModelSpec:
    """The model of a sheet's block; the JSON text of its rows is the key under which it is kept."""
    return _checked(blocks.model(json.loads(rows)))


class GeneratorKind(ModelKind):
    """A model that generates tokens."""

    def read(self, value: Any) -> ModelSpec:
        model = super().read(value)
        if model.count is None and model.architecture.kind == "encoder":
            raise Refusal("#VALUE!", f"must generate tokens, which an encoder does not; got {shown(value)}")
        return model


def _not_found(value: Any, error: NotInCatalog) -> Callable[[], str]:
    """What is said of a name that no catalog has; looked for where somebody reads it."""
    return lambda: f"{shown(value)} {error}"


def _sentence(error: ValueError) -> str:
    """What a ValueError says, in one line."""
    return f"cannot be looked up: {error}" if isinstance(error, TableError) else str(error)


def _checked(model: ModelSpec) -> ModelSpec:
    """The model with its layers built, so that a missing field is refused where the argument is read."""
    if model.count is None:
        _ = model.architecture
    return model


class AcceleratorKind(Kind):
    """An accelerator: a catalog name or a block of figures; where `figure` names one, a number in its place."""

    def __init__(self, *, figure: str = "") -> None:
        self.figure = figure
        self.about = "an accelerator name or a block of its figures" + (
            f", or its {figure} as a number" if figure else ""
        )

    def takes_range(self, rows: list[list[Any]]) -> bool:
        return blocks.is_block(rows, blocks.accelerator_fields())

    def read(self, value: Any) -> AcceleratorSpec | float:
        try:
            if isinstance(value, str) and (named := self._named(clean(value))):
                return named
            if isinstance(value, AcceleratorSpec):
                return value
            if isinstance(value, list):
                return blocks.accelerator(value)
            if isinstance(value, Mapping):
                return AcceleratorSpec.from_columns(value)
        except NotInCatalog as error:
            raise Refusal("#N/A", _not_found(value, error)) from None
        except ValueError as error:
            raise Refusal("#VALUE!", _sentence(error)) from None
        if self.figure:
            return Number(self.figure, 0, above=True).read(value)
        raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")

    def _named(self, text: str) -> AcceleratorSpec | None:
        """The accelerator of this name, which may be a number (4090); None for a figure. Raises NotInCatalog."""
        try:
            return accelerators.find(text)
        except NotInCatalog:
            if self.figure and is_number(text):
                return None
            raise


class DTypeKind(Kind):
    """A number format by name, or a number of bits."""

    about = f"a number format ({', '.join(list(DTYPES)[:12])}, a GGUF type such as q4_k_m) or a number of bits"

    def read(self, value: Any) -> Format:
        if isinstance(value, str):
            found = named(value) or named(clean(value).casefold().replace(" ", "_").replace("-", "_"))
            if found:
                return found
            if not value.strip().replace(".", "", 1).isdigit():
                raise Refusal("#VALUE!", f"must be {self.about}; got {shown(value)}")
        bits = Number("bits", 0.1, 64).read(value)
        return Format(f"{bits:g} bit", bits)


class AnythingKind(Kind):
    """Whatever a cell or a range holds, as it is."""

    about = "anything"

    def takes_range(self, rows: list[list[Any]]) -> bool:
        return True

    def read(self, value: Any) -> Any:
        return value


Model = Annotated[ModelSpec, ModelKind()]
Generator = Annotated[ModelSpec, GeneratorKind()]
ModelOrCount = Annotated[ModelSpec, ModelKind(count=True)]
Accelerator = Annotated[AcceleratorSpec, AcceleratorKind()]
AcceleratorOrPeak = Annotated[AcceleratorSpec | float, AcceleratorKind(figure="FLOP/s")]
AcceleratorOrPower = Annotated[AcceleratorSpec | float, AcceleratorKind(figure="watts")]
DType = Annotated[Format, DTypeKind()]
TrainingSoftware = Annotated[str, Choice(*software.names(software.TRAINING))]
ServingSoftware = Annotated[str, Choice(*software.names(software.SERVING))]
Anything = Annotated[Any, AnythingKind()]
Search = Annotated[str, Text("a text to search for")]
Name = Annotated[str, Text("a name")]
Today = Annotated[date, Day()]

Params = Annotated[float, Number("parameters")]
PositiveParams = Annotated[float, Number("parameters", 0, above=True)]
Tokens = Annotated[float, Number("tokens")]
PositiveTokens = Annotated[float, Number("tokens", 0, above=True)]
Flop = Annotated[float, Number("FLOP")]
PositiveFlop = Annotated[float, Number("FLOP", 0, above=True)]
Bytes = Annotated[float, Number("bytes")]
Seconds = Annotated[float, Number("seconds")]
PositiveSeconds = Annotated[float, Number("seconds", 0, above=True)]
Hours = Annotated[float, Number("hours")]
Years = Annotated[float, Number("years", 0, above=True)]
PerDay = Annotated[float, Number("failures/day")]
RequestRate = Annotated[float, Number("requests/s", 0, above=True)]
TokenRate = Annotated[float, Number("tokens/s")]
PositiveTokenRate = Annotated[float, Number("tokens/s", 0, above=True)]
TokensPerByte = Annotated[float, Number("tokens/byte", 0, above=True)]
Requests = Annotated[float, Number("requests")]
Intensity = Annotated[float, Number("FLOP/byte")]
Loss = Annotated[float, Number("nats/token")]
PositiveLoss = Annotated[float, Number("nats/token", 0, above=True)]
Carbon = Annotated[float, Number("kg CO2e")]
Joules = Annotated[float, Number("joules")]
Watts = Annotated[float, Number("watts")]
Usd = Annotated[float, Number("USD")]
UsdPerHour = Annotated[float, Number("USD per hour")]
UsdPerKwh = Annotated[float, Number("USD per kWh")]
UsdPerGbMonth = Annotated[float, Number("USD per GB-month")]
UsdPerMillion = Annotated[float, Number("USD per million tokens", 0, above=True)]
CostPerMillion = Annotated[float, Number("USD per million tokens")]
GpuHours = Annotated[float, Number("accelerator-hours")]
Count = Annotated[int, Number("", 1, whole=True)]
CountOrNone = Annotated[int, Number("", 0, whole=True)]
Fraction = Annotated[float, Number("", 0, 1, above=True)]
Share = Annotated[float, Number("", 0, 1)]
Real = Annotated[float, Number("")]
Positive = Annotated[float, Number("", 0, above=True)]
AtLeastOne = Annotated[float, Number("", 1)]
Rows = Annotated[declare.Table, TableKind()]
Cell = Annotated[Any, TableKind("a value, or a table where no field is named")]
