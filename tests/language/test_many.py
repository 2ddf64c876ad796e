"""Many rows at once give what each row gives as a call, errors and their sentences included."""

from __future__ import annotations

import math
import random

import numpy
import pytest
from conformance.examples import examples

import xlcalc
from xlcalc.language import ranges
from xlcalc.language.cells import Choice, Number, TableKind
from xlcalc.language.declare import find
from xlcalc.language.errors import CalcError
from xlcalc.language.kinds import AcceleratorKind, DTypeKind, ModelKind
from xlcalc.language.many import Words, calculate

ROWS = 300
WORDS = {
    ModelKind: ["llama-3.1-8b", "deepseek-v3", "gpt2", "nothing"],
    AcceleratorKind: ["h100-sxm", "b200", "tpu-v5p"],
    DTypeKind: ["bf16", "fp8", 4.5],
}


def _columns(declaration, given, rng, n_rows):
    """The arguments of an example, numbers spread around what it has and beyond what is allowed."""
    columns = []
    for argument, value in zip(declaration.arguments, given, strict=True):
        kind = argument.kind
        if isinstance(kind, Number) and (type(value) in (int, float) or (value is None and rng.random() < 0.3)):
            middle = value if type(value) in (int, float) else argument.default or 2
            factors = rng.choice([0.25, 0.5, 1.0, 1.0, 2.0, 3.0, 8.0], n_rows)
            numbers = numpy.round(middle * factors) if kind.whole else middle * factors
            numbers[rng.random(n_rows) < 0.03] = rng.choice([0.0, -1.0, 1e30, 0.5, math.nan, math.inf])
            columns.append(numbers)
        elif type(kind) in WORDS and isinstance(value, str) and rng.random() < 0.5:
            words = [value, *WORDS[type(kind)]]
            columns.append(
                Words(words, rng.choice(len(words), n_rows, p=[0.8, *[0.2 / (len(words) - 1)] * (len(words) - 1)]))
            )
        elif isinstance(kind, Choice) and rng.random() < 0.5:
            words = [None, *kind.about.removeprefix("one of ").split(", ")]
            columns.append(Words(words[:3], rng.choice(len(words[:3]), n_rows)))
        else:
            columns.append(value)
    return columns


def _at(column, row):
    if isinstance(column, Words):
        return column.values[column.codes[row]]
    return float(column[row]) if isinstance(column, numpy.ndarray) else column


def _called(declaration, columns, row, pick):
    try:
        return pick(declaration(*[_at(column, row) for column in columns]))
    except CalcError as error:
        return error


def _same(got, wanted):
    if isinstance(wanted, CalcError):
        return isinstance(got, CalcError) and str(got) == str(wanted)
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        return not isinstance(got, (CalcError, str)) and math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-300)
    return got == wanted


CASES = {
    case.function: case.arguments
    for case in examples()
    if find(case.function).derivation is find(case.function).formula
}


def test_most_functions_are_tried():
    assert len(CASES) > 50


@pytest.mark.parametrize("name", CASES)
def test_rows_at_once_give_what_calls_give(name):
    declaration = find(name)
    rng = numpy.random.default_rng(sum(map(ord, name)))
    is_table = isinstance(declaration.result, TableKind)
    n_rows = 6 if is_table else ROWS  # tables are calculated a row at a time, and some are searched for
    columns = _columns(declaration, CASES[name], rng, n_rows)
    pick = (lambda table: table[-1][1] if isinstance(table, list) else table) if is_table else (lambda value: value)
    got = calculate(declaration, columns, n_rows, pick if is_table else None).as_list()
    wanted = {row: _called(declaration, columns, row, pick) for row in range(n_rows)}
    wrong = [
        ([_at(c, row) for c in columns], got[row], value) for row, value in wanted.items() if not _same(got[row], value)
    ]
    assert not wrong, wrong[:3]


def test_closed_formulas_are_called_a_few_times_only(monkeypatch):
    declaration = find("LLM_STEP_TIME")
    calls = []
    formula = declaration.formula
    monkeypatch.setattr(declaration, "formula", lambda *read: calls.append(1) or formula(*read))
    monkeypatch.setattr(declaration, "derivation", declaration.formula)
    batches = numpy.arange(64.0, 64 + 5000)
    answers = calculate(declaration, ["llama-3.1-8b", "h100-sxm", 64, batches, 8192, 8], 5000)
    assert not answers.others and len(calls) < 10


def test_a_division_by_zero_inside_is_no_number(monkeypatch):
    """1 / (1 / x) is 0 for x = 0 in floating point, and an error in a call."""
    declaration = find("LLM_LOSS")
    monkeypatch.setattr(declaration, "formula", lambda params, tokens, law: 1 / (1 / (params - 300)) + tokens)
    monkeypatch.setattr(declaration, "derivation", declaration.formula)
    answers = calculate(declaration, [numpy.arange(1.0, 1000), 5.0], 999)
    assert list(answers.others) == [299] and answers.others[299].code == "#NUM!"
    assert answers.floats[300] == pytest.approx(6)


def test_a_large_range_gives_what_its_cells_give(monkeypatch):
    rng = random.Random(5)
    odd = [None, "", "x", -1, 0.5, True, "7", 1e400, float("nan"), 10**400, "#N/A", [1]]
    cells = [[rng.choice(odd) if rng.random() < 0.05 else rng.randint(0, 9999)] for _ in range(3000)]
    models = [[rng.choice(["llama-3.1-8b", "qwen3-8b", "nothing", None])] for _ in range(3000)]
    calls = [("llama-3.1-8b", cells), (models, cells), ("llama-3.1-8b", cells[:60], [list(range(60))])]
    for arguments in calls:
        many = xlcalc.LLM_KV_CACHE(*arguments)
        monkeypatch.setattr(ranges, "_MANY", 10**9)
        one_by_one = xlcalc.LLM_KV_CACHE(*arguments)
        monkeypatch.undo()
        assert [[(type(v), str(v)) for v in row] for row in many] == [
            [(type(v), str(v)) for v in row] for row in one_by_one
        ]
