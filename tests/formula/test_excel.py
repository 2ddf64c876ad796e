"""Formulas as Excel text, recalculated by an engine that knows LAMBDA, give Python's numbers."""

from __future__ import annotations

import formulon
import pytest

import xlcalc
from xlcalc.formula import excel
from xlcalc.formula.arithmetic import ceil, where
from xlcalc.formula.symbols import INPUT, labelled, recording
from xlcalc.language.declare import Table, find
from xlcalc.language.renderings import LAYOUT, closed, example_arguments

# whose layout's whole numbers stay as given
LAID_OUT = ("LLM_TRAIN_MEMORY", "LLM_STEP_TIME", "LLM_SERVE_MEMORY", "LLM_TTFT", "LLM_TPOT", "LLM_THROUGHPUT", "LLM_REPLICAS",
            "LLM_OFFLOAD_THROUGHPUT")  # fmt: skip
CLOSED = [
    "LLM_PARAMS", "LLM_PARAMS_DENSE", "LLM_PRUNED", "LLM_FLOPS_PER_TOKEN", "LLM_KV_CACHE", "LLM_INTENSITY",
    "LLM_ATTENTION_COST", "LLM_FINETUNE_MEMORY", "LLM_LORA_PARAMS", "LLM_TRAIN_FLOPS", "LLM_TRAIN_TIME", "LLM_GPU_HOURS",
    "LLM_MFU", "LLM_CHECKPOINT_SIZE", "LLM_CHECKPOINT_INTERVAL", "LLM_TRAIN_TIME_ACTUAL", "LLM_TRAIN_COST",
    "LLM_DATASET_SIZE", "LLM_LOSS", "LLM_OPTIMAL_PARAMS", "LLM_OPTIMAL_TOKENS", "LLM_CRITICAL_BATCH",
    "LLM_PIPELINE_BUBBLE", "LLM_MAX_BATCH", "LLM_SERVE_COST", "LLM_SPECULATIVE_SPEEDUP", "LLM_TCO", "LLM_ENERGY",
    "LLM_API_COST", "LLM_OWN_SHARE", "LLM_BREAKEVEN", "LLM_CARBON", *LAID_OUT,
]  # fmt: skip


def calls(name):
    """The function's example, then with its open numbers changed."""
    function = find(name)
    arguments = example_arguments(function)
    arguments = function.in_base_unit(arguments)
    yield arguments
    if name == "LLM_MAX_BATCH":
        return
    for factor in (1.25, 3):
        changed = list(arguments)
        for i, argument in enumerate(function.arguments):
            value = changed[i] if changed[i] is not None else argument.blank
            if type(value) not in (int, float) or argument.name in LAYOUT:
                continue
            high = getattr(argument.kind, "high", float("inf"))
            value = value * factor if value * factor <= high else value / factor
            changed[i] = int(value) if getattr(argument.kind, "whole", False) else value
        yield changed


def formula(name, arguments):
    return closed(find(name), arguments, LAYOUT if name in LAID_OUT else ())


def values_of(name, arguments):
    """The number that the formula stands for: the function's, or of its table the one that was rendered."""
    result = find(name)(*arguments)
    if not isinstance(result, Table):
        return result
    return {
        "LLM_TRAIN_COST": lambda: result[1][1],
        "LLM_ATTENTION_COST": lambda: result[1][2],
        "LLM_PRUNED": lambda: result[1][2],
    }[name]()


def passed(value):
    return "TRUE" if value is True else "FALSE" if value is False else repr(float(value))


@pytest.fixture(scope="module")
def recalculated():
    """Every rendering's value by Excel's engine and by Python, each call with its columns and arguments passed."""
    book = formulon.Workbook.create_default()
    cells = []
    for name in CLOSED:
        for number, arguments in enumerate(calls(name)):
            try:
                expected = values_of(name, arguments)
            except xlcalc.CalcError:
                continue
            found = formula(name, arguments)
            own = f"{name.lower()}_{number}"
            book.set_defined_name(own, excel.typed(found.excel))
            values = ",".join(passed(found.inputs[p.name].value) for p in found.parameters)
            book.set_formula(0, len(cells), 0, f"={own}({values})")
            cells.append((name, expected, found))
    book.recalc()
    return [(name, expected, book.get_value(0, row, 0), found) for row, (name, expected, found) in enumerate(cells)]


def test_every_rendering_recalculates_to_python(recalculated):
    seen = {}
    for name, expected, value, found in recalculated:
        assert value.kind == formulon.ValueKind.NUMBER, (name, value, found.excel)
        assert value.number == pytest.approx(expected, rel=1e-12), name
        seen[name] = seen.get(name, 0) + 1
    assert len(seen) >= 34 and set(seen) == set(CLOSED)


def test_renderings_are_within_the_limits_of_excel(recalculated):
    for name, _, _, found in recalculated:
        text = found.excel
        assert len(text) <= excel.LIMIT and "None" not in text and "nan" not in text, name
        depth = deepest = 0
        for character in text:
            depth += (character == "(") - (character == ")")
            deepest = max(deepest, depth)
        assert depth == 0 and deepest <= excel.NESTING, name


def test_refused_arguments_are_errors_and_blanks_take_their_defaults():
    book = formulon.Workbook.create_default()
    for name in ("LLM_BREAKEVEN", "LLM_SERVE_COST"):
        book.set_defined_name(name.lower(), excel.typed(formula(name, example_arguments(find(name))).excel))
    book.set_formula(0, 0, 0, "=llm_breakeven(30000,3.5,0.5)")
    book.set_formula(0, 1, 0, "=llm_serve_cost(2.21,3148)")
    book.set_formula(0, 2, 0, "=llm_serve_cost(2.21,3148,Z99)")
    book.recalc()
    assert book.get_value(0, 0, 0).kind == formulon.ValueKind.ERROR
    for row in (1, 2):
        assert book.get_value(0, row, 0).number == pytest.approx(xlcalc.LLM_SERVE_COST(2.21, 3148), rel=1e-12)


def test_a_model_of_another_row_takes_the_same_formula():
    """Columns of one model passed to the formula of another with as many slots."""
    one = formula("LLM_KV_CACHE", ["llama-3.1-8b", 8192, 3, None, None])
    other = formula("LLM_KV_CACHE", ["llama-3.1-70b", 8192, 3, None, None])
    assert one.excel == other.excel and one.columns == other.columns
    book = formulon.Workbook.create_default()
    book.set_defined_name("cache", excel.typed(one.excel))
    values = ",".join(passed(other.inputs[p.name].value) for p in one.parameters)
    book.set_formula(0, 0, 0, f"=cache({values})")
    book.recalc()
    assert book.get_value(0, 0, 0).number == xlcalc.LLM_KV_CACHE("llama-3.1-70b", 8192, 3)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (lambda x: (-x) ** 2, "(-_xlpm.x)^2"),
        (lambda x: -(x**2), "-(_xlpm.x^2)"),
        (lambda x: x - (x - 1), "_xlpm.x-(_xlpm.x-1)"),
        (lambda x: x / (2 * x), "_xlpm.x/(2*_xlpm.x)"),
        (lambda x: 2 ** (x**3), "2^(_xlpm.x^3)"),
        (lambda x: x // 7, "INT(_xlpm.x/7)"),
        (lambda x: ceil(x / 7), "-INT(-(_xlpm.x/7))"),
        (lambda x: where(x > 2, x, 0.1), "IF(_xlpm.x>2,_xlpm.x,0.1)"),
        (lambda x: x * -3, "_xlpm.x*(-3)"),
    ],
)
def test_traps_of_excel_text(expression, text):
    with recording(open=True) as nodes:
        x = labelled(nodes, INPUT, ("x",), 3.0, "x", "", "")
        assert excel.lambda_text(expression(x), [excel.Parameter("x")]) == f"_xlfn.LAMBDA(_xlpm.x,{text})"
