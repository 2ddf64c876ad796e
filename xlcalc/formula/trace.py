"""Watching a calculation: every formula that runs, as its own source says it, with the numbers that went in.

Nothing is recorded unless asked for: the interpreter's own tracing follows one call, and the code of each formula that
ran is read for its expressions. So a derivation cannot differ from the calculation.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import math
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FrameType
from typing import Any, NamedTuple, TypeGuard

# what an expression may call and still be read as arithmetic
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "sum": sum, "abs": abs, "round": round,
    "ceil": math.ceil, "floor": math.floor, "sqrt": math.sqrt, "pow": math.pow, "log": math.log, "log2": math.log2,
    "exp": math.exp,
}  # fmt: skip


_MOST_TERMS = 300
_MOST_IN_A_LOOP = 60  # steps; a search goes through thousands, and no page of them explains it


class Step(NamedTuple):
    """One quantity as it was computed: its name, its expression in symbols, the same with numbers, its value."""

    function: str
    name: str
    formula: str
    numbers: str
    value: float
    about: str
    source: str
    unit: str = ""


Figure = Callable[[FrameType, Any], "Step | None"]


def watch(
    function: Callable[[], Any], is_formula: Callable[[str, str], bool], figure: Figure
) -> tuple[Any, list[Step]]:
    """Call `function` and give its result with the steps of every formula that ran, in order.

    `is_formula` says of a module's name and a function's whether that is a formula; `figure` may give a step of its own
    for the return of any other function, for figures that are looked up. A search is not written out: neither a loop of
    more steps than a page holds, nor what a generator tries or a key compares.
    """
    steps: list[Step] = []
    runs: dict[FrameType, _Run] = {}
    silent: set[FrameType] = set()  # searching

    def search(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "return":
            silent.discard(frame)
        return search

    def local(frame: FrameType, event: str, arg: Any) -> Any:
        run = runs[frame]
        if event == "line":
            run.at(frame.f_lineno, dict(frame.f_locals))
            (silent.add if run.is_too_long else silent.discard)(frame)
        elif event == "return":
            runs.pop(frame).end(dict(frame.f_locals), arg)
            silent.discard(frame)
        return local

    def looked_up(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "return" and (step := figure(frame, arg)):
            steps.append(step)
        return looked_up

    def each_call(frame: FrameType, event: str, arg: Any) -> Any:
        module, code = frame.f_globals.get("__name__", ""), frame.f_code
        if silent or not module.startswith("xlcalc."):
            return None
        if not is_formula(module, code.co_name):
            return looked_up
        if code.co_name == "<lambda>" or (code.co_flags & inspect.CO_GENERATOR and code.co_name != "<genexpr>"):
            silent.add(frame)
            return search
        body = _function(code)
        if body is None:
            return None
        runs[frame] = _Run(frame, body, steps)
        return local

    before = sys.gettrace()
    sys.settrace(each_call)
    try:
        result = function()
    finally:
        sys.settrace(before)
    return result, _once(steps)


def _once(steps: list[Step]) -> list[Step]:
    """The steps without repetitions: a formula called twice with the same numbers says so once."""
    return list(dict.fromkeys(steps))


class _Run:
    """One call of a formula: its statements become steps as they are executed, what a loop adds up becomes a sum."""

    def __init__(self, frame: FrameType, function: ast.FunctionDef, steps: list[Step]) -> None:
        self._code, self._globals, self._steps = frame.f_code, frame.f_globals, steps
        self._label = _label(frame)
        self._statements, self._loops = _by_line(self._code, function)
        self._now: ast.stmt | None = None
        self._names: dict[str, Any] = {}
        self._loop: ast.stmt | None = None
        self._began, self._first = len(steps), 0  # steps at the call, and at the loop
        self._sums: dict[str, tuple[dict[str, None], list[str]]] = {}
        self.is_too_long = False
        doc = inspect.cleandoc(ast.get_docstring(function) or "")
        self._said = doc.partition("\n\n")[0].replace("\n", " "), _source(doc)

    def at(self, line: int, names: dict[str, Any]) -> None:
        """A line is about to run: what ran before it is done."""
        now = self._statements.get(line)
        if now is self._now and now is not None:
            return  # a statement of several lines
        self._finish(names)
        self._now, self._names = now, names
        loop = self._loops.get(line)
        if loop is not self._loop:
            self._leave(names)
            self._loop, self._first = loop, len(self._steps)
        elif loop is not None and len(self._steps) - self._first > _MOST_IN_A_LOOP:
            inside = _once(self._steps[self._first :])
            self.is_too_long = len(inside) > _MOST_IN_A_LOOP
            self._steps[self._first :] = [] if self.is_too_long else inside

    def end(self, names: dict[str, Any], result: Any) -> None:
        self._leave(names)
        self._finish(names, result)

    def _finish(self, names: dict[str, Any], result: Any = None) -> None:
        done, self._now = self._now, None
        if done is None or self.is_too_long:
            return
        if isinstance(done, ast.AugAssign):
            self._grown(done, names)
        elif isinstance(done, ast.Return) and isinstance(done.value, ast.Name):
            self._named(done.value.id, result)
        elif isinstance(done, (ast.Assign, ast.Return)) and done.value is not None:
            said = self._said if isinstance(done, ast.Return) else ("", "")
            for name, expression, value in _quantities(done, self._label, names, result):
                self._add(name, expression, value, *said)

    def _named(self, name: str, result: Any) -> None:
        """The function's result is a quantity that stands already: that is what the docstring is about."""
        for i in range(len(self._steps) - 1, self._began - 1, -1):
            step = self._steps[i]
            if step.function == self._code.co_name and step.name == name and step.value == result:
                self._steps[i] = step._replace(name=self._label, about=self._said[0], source=self._said[1])
                return

    def _grown(self, done: ast.AugAssign, names: dict[str, Any]) -> None:
        """A quantity that a statement adds to: outside of loops a step, inside a term of a sum."""
        name = done.target.id if isinstance(done.target, ast.Name) else ""
        before, after = self._names.get(name), names.get(name)
        if not _is_quantity(before) or not _is_quantity(after):
            return
        whole = ast.BinOp(ast.Name(name, ast.Load()), done.op, done.value)
        if self._loop is None or not isinstance(done.op, ast.Add):
            self._add(name, whole, after)
            return
        formulas, terms = self._sums.setdefault(name, ({}, [repr(before)]))
        formulas[ast.unparse(done.value)] = None
        numbers = self._numbers(done.value)
        terms.append(repr(after - before) if math.isnan(_result(numbers)) else numbers)

    def _leave(self, names: dict[str, Any]) -> None:
        """A loop ended: what it summed is known."""
        for name, (formulas, terms) in self._sums.items():
            if not self.is_too_long and _is_quantity(names.get(name)):
                terms = terms[1:] if terms[0] in ("0", "0.0") else terms
                numbers = " + ".join(terms) if len(terms) <= _MOST_TERMS else ""
                formula = " + ".join(f"sum({formula})" for formula in formulas)
                self._step(name, formula, numbers, names[name])
        self._sums, self._loop, self.is_too_long = {}, None, False

    def _numbers(self, expression: ast.expr) -> str:
        return ast.unparse(_Numbers(self._globals, self._names).visit(_copy(expression)))

    def _add(self, name: str, expression: ast.expr, value: Any, about: str = "", source: str = "") -> None:
        if _is_quantity(value):
            self._step(name, ast.unparse(expression), self._numbers(expression), value, about, source)

    def _step(self, name: str, formula: str, numbers: str, value: Any, about: str = "", source: str = "") -> None:
        shown = numbers if math.isclose(_result(numbers), value, rel_tol=1e-12) else ""
        self._steps.append(Step(self._code.co_name, name, formula, shown, value, about, source))


def _is_quantity(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _label(frame: FrameType) -> str:
    """A formula's name with the words it was called with: which law, which part."""
    code = frame.f_code
    words = [v for v in map(frame.f_locals.get, code.co_varnames[: code.co_argcount]) if isinstance(v, str) and v]
    name = code.co_name.lstrip("_")
    return f"{name} ({', '.join(words)})" if words else name


def recompute(numbers: str) -> float:
    """The value of an expression of numbers, with nothing but arithmetic at hand."""
    value: float = eval(numbers, {"__builtins__": {}}, ARITHMETIC)
    return value


def _result(numbers: str) -> float:
    """The value of what may be an expression of numbers; not a number where it is none."""
    try:
        value = recompute(numbers)
    except (NameError, SyntaxError, TypeError, ArithmeticError, ValueError):
        return math.nan
    return value if _is_quantity(value) else math.nan


def _quantities(
    node: ast.Assign | ast.Return, function: str, names: dict[str, Any], result: Any
) -> Iterator[tuple[str, ast.expr, Any]]:
    """What a statement computes: each name with its expression and value; of a returned tuple, each element."""
    expression = node.value
    assert expression is not None
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        pairs = [(target, expression)]
        if isinstance(target, ast.Tuple) and isinstance(expression, ast.Tuple):
            pairs = list(zip(target.elts, expression.elts, strict=True))
        for one, of in pairs:
            for name in ast.walk(one):
                if isinstance(name, ast.Name):
                    yield name.id, of, names.get(name.id)
    elif isinstance(expression, ast.Tuple):
        for i, (element, value) in enumerate(zip(expression.elts, result, strict=True), 1):
            yield f"{function} ({i})", element, value
    elif isinstance(expression, ast.Call) and expression.keywords and isinstance(result, tuple):
        for keyword in expression.keywords:
            if keyword.arg:
                yield keyword.arg, keyword.value, getattr(result, keyword.arg)
    else:
        yield function, expression, result


@cache
def _functions(path: str) -> dict[tuple[str, int], ast.FunctionDef]:
    """The functions of a source file by name and first line; none where the file is not at hand."""
    found = {}
    for node in ast.walk(ast.parse("".join(linecache.getlines(path)))):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name, first] = node
    return found


def _function(code: CodeType) -> ast.FunctionDef | None:
    return _functions(code.co_filename).get((code.co_name, code.co_firstlineno))


@cache
def _by_line(code: CodeType, function: ast.FunctionDef) -> tuple[dict[int, ast.stmt], dict[int, ast.stmt]]:
    """Which statement that computes stands on each line of a function, and which outermost loop."""
    statements: dict[int, ast.stmt] = {}
    loops: dict[int, ast.stmt] = {}
    for node in ast.walk(function):  # outer nodes come first
        if isinstance(node, (ast.For, ast.While)):
            for line in range(node.lineno, (node.end_lineno or 0) + 1):
                loops.setdefault(line, node)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Return)):
            statements.update(dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), node))
    return statements, loops


def _source(doc: str) -> str:
    """The part of a docstring after `Source:`, up to the end of its paragraph."""
    _, found, rest = doc.partition("Source: ")
    return rest.partition("\n\n")[0].replace("\n", " ").rstrip(".") if found else ""


def _copy(node: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(node), mode="eval").body


class _Numbers(ast.NodeTransformer):
    """Puts numbers in the place of names, attributes and calls of other formulas; writes sums over terms out."""

    def __init__(self, names: dict[str, Any], own: dict[str, Any]) -> None:
        self._globals, self._locals = names, own

    def _value(self, node: ast.expr) -> Any:
        code = compile(ast.fix_missing_locations(ast.Expression(_copy(node))), "<formula>", "eval")
        return eval(code, {**self._globals, **self._locals})

    def _number(self, node: ast.expr) -> ast.expr:
        value = self._value(node)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return ast.parse(repr(value), mode="eval").body
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._number(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._number(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if isinstance(node.value, ast.Dict):
            wanted = self._value(node.slice)
            for key, chosen in zip(node.value.keys, node.value.values, strict=True):
                if key is not None and self._value(key) == wanted:
                    taken: ast.expr = self.visit(chosen)
                    return taken
        return self._number(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        taken: ast.expr = self.visit(node.body if self._value(node.test) else node.orelse)
        return taken

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        return self._number(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = ast.unparse(node.func).rpartition(".")[2]
        if name not in ARITHMETIC:
            return self._number(node)
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            return self._over_terms(name, node)
        arguments = [self.visit(argument) for argument in node.args]
        return ast.Call(ast.Name(name, ast.Load()), arguments, [])

    def _over_terms(self, name: str, call: ast.Call) -> ast.expr:
        """A sum, minimum or maximum over a generator with its terms written out, as far as a page holds them."""
        generator = call.args[0]
        assert isinstance(generator, ast.GeneratorExp)
        if len(generator.generators) > 1:
            return self._number(call)
        loop = generator.generators[0]
        names = [n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)]
        terms: list[ast.expr] = []
        for item in self._value(loop.iter):
            values = item if len(names) > 1 else (item,)
            inner = _Numbers(self._globals, {**self._locals, **dict(zip(names, values, strict=True))})
            if all(inner._value(test) for test in loop.ifs):
                terms.append(inner.visit(_copy(generator.elt)))
        if not terms or len(terms) > _MOST_TERMS:
            return self._number(call)
        if name != "sum":
            return ast.Call(ast.Name(name, ast.Load()), terms, [])
        total = terms[0]
        for term in terms[1:]:
            total = ast.BinOp(total, ast.Add(), term)
        return total
