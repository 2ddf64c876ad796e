"""`--set NAME=VALUE`: what a person wrote, as the value that the input's cell takes.

The workbook's own data validation is obeyed as Excel obeys it: a rule that stops there, stops here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import partial
from math import isfinite

from xlcalc import limits
from xlcalc.language.declare import find as find_function
from xlcalc.language.errors import CalcError

from .files.addresses import cell_name, parse_area, parse_cell, split_sheet
from .files.cells_xml import CellValue
from .files.errors import WorkbookError
from .files.package import Package
from .files.prepare import book_of
from .files.recalc import recalculate
from .files.references import Reader
from .files.validations import Calculate, Validation, validation_of
from .listed import Listed, cell_functions, lists_names

EPOCH = date(1899, 12, 30)
_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP"}

_NUMBER = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<money>[$€£]?)\s*(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)"
    r"(?P<exponent>[eE][+-]?\d+)?\s*(?P<scale>[kKMBGT]?)(?P<percent>\s*%?)"
)
_HALF = re.compile("[\ud800-\udfff]")  # half a character, as bytes of a command line that are none arrive
_TIME = re.compile(r"(\d{1,4}):(\d{2})(?::(\d{2}(?:\.\d+)?))?(?:\s*(?P<half>[AaPp][Mm]))?")
_SCALES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}
_DECIMAL_COMMA = re.compile(r"[+-]?\s*[$€£]?\s*\d+,\d+")
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}
_ASKED = {"model": ("LLM_MODEL",), "accelerator": ("LLM_HARDWARE", "memory"), "api_model": ("LLM_API_PRICE", "input")}
"""Inputs that name a row of a catalog, and the call that says which names are near to an unknown one."""
_SHOWN = 12
_LAST_DAY = date.max.toordinal()
_EXACT = 2**53

Value = bool | int | float | str | None


class SettingError(WorkbookError):
    """A setting that the workbook does not take; `str()` is one sentence, `code` what a cell would show."""

    code = "#VALUE!"


class UnknownNameError(SettingError):
    """A setting that names nothing in its catalog."""

    code = "#N/A"


def set_inputs(package: Package, settings: Mapping[str, str], listed: Sequence[Listed]) -> None:
    """Put each setting into the cell of its name. Raises `SettingError` for the first that is not taken."""
    for place, value in checked(package, settings, listed).items():
        package.set_cell(*place, value)


def checked(
    package: Package, settings: Mapping[str, str], listed: Sequence[Listed]
) -> dict[tuple[str, str], Value]:  # fmt: skip
    """The cells of these settings and what goes into each. Raises `SettingError` for the first that is not taken.
    `listed`: the workbook's inputs and results."""
    units = {one.name.casefold(): one.unit for one in listed}
    seen: dict[tuple[str, str], str] = {}
    values: dict[tuple[str, str], Value] = {}
    for name, text in settings.items():
        place = _place(package, name, listed)
        if place in seen:
            raise SettingError(f"{name} and {seen[place]} are the same input; set it once.")
        seen[place] = name
        values[place] = typed(package, name, place, text.strip(), units.get(name.casefold(), ""))
    for place, name in seen.items():
        try:
            package.refuse_formula(*place)
        except WorkbookError as error:
            raise SettingError(f"{name} is no input: {error}") from error
        if not _is_read(package, name, place):
            raise SettingError(f"{name} changes nothing: no formula of {package.label} reads {place[0]}!{place[1]}.")
    return values


def _place(package: Package, name: str, listed: Sequence[Listed]) -> tuple[str, str]:
    """The cell of a name; of a workbook that lists its inputs, of these alone: its other names are units, constants
    and words of its lists."""
    own = not lists_names(package)
    if parse_area((split_sheet(name) or ("", name))[1]) is not None:
        how = "give the cell a name, or type" if own else "own lines, people, offers, actual payments are typed"
        raise SettingError(
            f"{name} is a cell, and --set takes names of inputs: {how} into the workbook itself; then report that file."
        )
    if not own and name.casefold() not in {one.name.casefold() for one in listed}:
        near = get_close_matches(name, [one.name for one in listed if one.kind == "input"], n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "xlcalc templates --names lists its inputs."
        raise SettingError(f"{package.label} has no input {name}. {hint}")
    try:
        return package.locate(name)
    except WorkbookError as error:
        raise SettingError(str(error)) from error


def typed(package: Package, name: str, place: tuple[str, str], text: str, unit: str) -> Value:
    """What a setting puts into its cell."""
    rule = validation_of(package, *place)
    if rule is not None and not rule.stops:
        said = unknown(name.lower(), text) if text and text not in (rule.options(package, place[0]) or ()) else ""
        if said:
            raise UnknownNameError(f"{said}.")
        rule = None
    if not text:
        if rule is not None and not rule.allows_blank:
            calculate = partial(_calculated, package, place, None)
            raise SettingError(f"{name} needs a value{_allowed(package, place[0], rule, calculate)}.")
        return None
    if rule is not None and rule.kind == "list":
        options = rule.options(package, place[0])
        return _of_list(name, text, options) if options is not None else _of_range(package, name, place, text, rule)
    if unit == "date" or (rule is not None and rule.kind == "date"):
        value: Value = _day(name, text, day_zero(package))
    elif _TIME.fullmatch(text) and not isinstance(package.value(*place), str):
        value = _time(name, text)
    else:
        _refuse_currency(name, text, unit)
        value = _by_kind(name, text, package.value(*place), unit, rule)
    if isinstance(value, float) and not isfinite(value):
        raise SettingError(f"{name} cannot be {text[:40]}: a cell takes numbers to 1.8e308.")
    if isinstance(value, str) and _HALF.search(value):
        raise SettingError(f"{name} is no text: bytes of it are no characters.")
    if isinstance(value, str) and len(value) > limits.CELL_TEXT:
        raise SettingError(f"{name} has {len(value):,} characters; a cell takes {limits.CELL_TEXT:,}.")
    calculate = partial(_calculated, package, place, value)
    if rule is not None and not rule.takes(value, package, place[0], calculate):
        understood = "" if rule.kind == "date" else _understood(text, value)
        raise SettingError(f"{name} cannot be {text}{understood}{_allowed(package, place[0], rule, calculate)}.")
    return value


def unknown(name: str, value: object) -> str:
    """What is said of an input that names nothing in its catalog; nothing where it does."""
    function, *more = _ASKED.get(name, ("",))
    declared = find_function(function) if function else None
    if declared is None:
        return ""
    try:
        declared(value, *more)
    except CalcError as error:
        return f"{name} {error.reason}" if error.code == "#N/A" or error.argument == name else ""
    return ""


def number(text: str) -> int | float | None:
    """A number as people write it; None where it is none.

    >>> number("15T"), number("1,000"), number("50%"), number("$2.50"), number("2,5"), number("8b")
    (15000000000000, 1000, 0.5, 2.5, None, None)
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    value = float(match["digits"].replace(",", "") + (match["exponent"] or "")) * _SCALES[match["scale"]]
    value = -value if match["sign"] == "-" else value
    value = value / 100 if match["percent"].strip() else value
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _by_kind(name: str, text: str, now: CellValue, unit: str, rule: Validation | None) -> Value:
    of_numbers = rule is not None and rule.kind in ("whole", "decimal")
    found = number(text)
    if found is not None:
        return found
    is_number = of_numbers or (isinstance(now, (int, float)) and not isinstance(now, bool))
    if isinstance(now, bool) or (not is_number and text.upper() in ("TRUE", "FALSE")):
        if text.lower() not in _TRUTH:
            raise SettingError(f"{name} is yes or no; got {text}.")
        return _TRUTH[text.lower()]
    if not is_number and not unit:
        return text
    if not of_numbers and isinstance(now, str):
        return text
    if _DECIMAL_COMMA.fullmatch(text):
        point, joined = text.replace(",", "."), text.replace(",", "")
        raise SettingError(f"{name}: {text} may mean {point} or {joined}; write one of these, with a decimal point.")
    raise SettingError(f"{name} must be a number, such as 1000, 1,000, 1.5e12, 15T or 50%; got {text}.")


def _of_range(package: Package, name: str, place: tuple[str, str], text: str, rule: Validation) -> Value:
    """A value of a list whose cells a formula gives."""
    found = number(text)
    value = text if found is None else found
    if _calculated(package, place, value, f"SUMPRODUCT(--(({rule.formulas[0]})={place[1]}))>0") is False:
        raise SettingError(f"{name} cannot be {text}; it is none of the list {rule.formulas[0]}.")
    return value


def _calculated(package: Package, place: tuple[str, str], value: Value, text: str) -> CellValue:
    """What a formula on the sheet of an input gives with this value in it; None where the engines cannot tell."""
    sheet, cell = place
    tried = Package(package.to_bytes(), package.label)
    tried.set_cell(sheet, cell, value)
    cells = list(tried.sheet(sheet).cells())
    free = max(one.row for one in cells) + 1, max(one.column for one in cells) + 1
    tried.place(sheet, {free: 0})
    xml = tried.sheet(sheet)
    made = xml.find(*free)
    if made is not None:
        tried.replace(tried.sheets[sheet], xml.with_cells([(made, xml.with_formula(made, text))]))
    found = recalculate(tried, cell_functions(), trust="engine")
    name = cell_name(*free)
    return None if (sheet, name) in {one[:2] for one in found.not_calculated} else found.value(sheet, name)


def _of_list(name: str, text: str, options: list[CellValue]) -> Value:
    as_number = number(text)
    for option in options:
        if isinstance(option, CalcError):
            continue
        same_text = isinstance(option, str) and option.casefold() == text.casefold()
        if same_text or (isinstance(option, (int, float)) and option == as_number):
            return option
        if isinstance(option, bool) and _TRUTH.get(text.lower()) is option:
            return option
    words = [_shown(option) for option in options]
    near = get_close_matches(text, words, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise SettingError(f"{name} cannot be {text}; it is one of {_listed(words)}.{hint}")


def day_zero(package: Package) -> date:
    """The day from which a workbook counts its dates."""
    return date(1904, 1, 1) if package.date1904 else EPOCH


def _refuse_currency(name: str, text: str, unit: str) -> None:
    match = _NUMBER.fullmatch(text)
    currency = _CURRENCIES.get(match["money"], "") if match else ""
    if currency and unit and currency not in unit.upper() and match and match["money"] not in unit:
        raise SettingError(f"{name} is in {unit}; got {text}.")


def _day(name: str, text: str, zero: date) -> int:
    try:
        return (date.fromisoformat(text) - zero).days
    except ValueError:
        raise SettingError(f"{name} must be a date such as 2027-01-31; got {text}.") from None


def _time(name: str, text: str) -> float:
    """A time of day, or a number of hours, as Excel holds it: a part of a day."""
    match = _TIME.fullmatch(text)
    hours, minutes, seconds = (float(part or 0) for part in match.group(1, 2, 3)) if match else (0, 60, 0)
    half = (match["half"] or "").upper() if match else ""
    if minutes >= 60 or seconds >= 60 or (half and not 1 <= hours <= 12):
        raise SettingError(f"{name} must be a time such as 09:15, 1:30:00 or 9:15 PM; got {text}.")
    if half:
        hours = hours % 12 + 12 * (half == "PM")
    return (hours * 3600 + minutes * 60 + seconds) / 86_400


def _understood(text: str, value: Value) -> str:
    return "" if isinstance(value, str) or str(value) == text else f" (understood as {_shown(value)})"


def _allowed(package: Package, sheet: str, rule: Validation, calculate: Calculate) -> str:
    if rule.kind == "list":
        options = rule.options(package, sheet)
        return f"; it is one of {_listed([_shown(option) for option in options])}" if options else ""
    zero = day_zero(package).toordinal()
    written = rule.said(
        package, sheet, calculate, lambda day: date.fromordinal(min(zero + int(day), _LAST_DAY)).isoformat()
    )
    said = f"allowed is {written}" if written else rule.message.rstrip(".")
    return f"; {said or f'its rule is ={rule.formulas[0]}'}"


def _listed(words: Iterable[str]) -> str:
    listed = list(words)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _shown(value: CellValue) -> str:
    if isinstance(value, CalcError):
        return value.code
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def _is_read(package: Package, name: str, place: tuple[str, str]) -> bool:
    """Does any formula read this cell?"""
    spelled = re.compile(rb"(?i:\b%b\b)" % re.escape(name.encode()))
    sheets = {sheet: package.sheet(sheet) for sheet in package.sheets}
    formulas = {sheet: xml.formula_cells() for sheet, xml in sheets.items()}
    if any(spelled.search(cell.formula_text) for cells in formulas.values() for cell in cells):
        return True
    reader = Reader(book_of(package))
    cell_place = parse_cell(place[1])
    for sheet, cells in formulas.items():
        for cell in cells:
            found = reader.references(cell.formula_text.decode("utf-8"), sheet, cell.row, cell.column)
            if found.dynamic or (b"si=" in cell.formula_attributes and not cell.formula_text):
                return True
            if cell_place and any(on == place[0] and area.holds(cell_place) for on, area in found.areas):
                return True
    return False
