"""The names of the standalone edition keep Excel's rules for formulas in a file."""

from __future__ import annotations

import re
from pathlib import Path

from xlcalc.formula import excel
from xlcalc.language.declare import functions
from xlcalc.workbook.standalone import added_sheets, stored

KIT = stored.read()
# functions that came after Excel 2010 carry a prefix in the file (ECMA-376 part 1, 18.17; Microsoft's list of _xlfn.)
NEW = {"LET", "LAMBDA", "ISOMITTED", "XMATCH", "IFNA", "IFS", "TEXTJOIN", "HSTACK", "VSTACK", "REDUCE", "SEQUENCE", "SORTBY"}  # fmt: skip
OLD = {"IF", "ISNUMBER", "ISERROR", "ISTEXT", "INDEX", "CHOOSE", "EXP", "LN", "SQRT", "INT", "ABS", "ROWS", "COLUMNS", "EXACT",
       "UPPER", "LOWER", "TRIM", "SUBSTITUTE", "LOG", "MOD", "ROUND", "OR", "MIN", "MAX", "FIND", "MID", "LEN", "VALUE", "IFERROR", "N"}  # fmt: skip
CELL = re.compile(r"[a-z]{1,3}\d+|r\d*c\d*|[rc]\d*", re.IGNORECASE)
WORD = re.compile(r"(?<![\w.])(_xlfn\.)?([A-Za-z_][\w.]*)(?=\()")


def unquoted(text):
    return re.sub(r'"[^"]*"', '""', text)


def arguments(text):
    """The number of arguments of each call, by a walk over its brackets."""
    counts, open_ = [], []
    for character in unquoted(text):
        if character == "(":
            open_.append(1)
        elif character == ")":
            counts.append(open_.pop())
        elif character == "," and open_:
            open_[-1] += 1
    assert not open_
    return counts


def test_every_function_has_a_name_and_the_page_lists_those_that_are_formulas():
    names = {declaration.name for declaration in functions()}
    page = (Path(__file__).parents[3] / "docs/standalone.md").read_text()
    listed = re.search(r"(\d+) of the (\d+) functions are formulas:([^.]*)\.", page)
    assert names <= KIT.names.keys() and len(KIT.closed) >= 34
    assert listed and (int(listed[1]), int(listed[2])) == (len(KIT.closed), len(names))
    assert set(re.findall(r"LLM_[A-Z_]+", listed[3])) == KIT.closed


def test_formulas_are_within_the_limits():
    for name, text in KIT.names.items():
        depth = deepest = 0
        for character in unquoted(text):
            depth += (character == "(") - (character == ")")
            deepest = max(deepest, depth)
        assert len(text) <= excel.LIMIT and deepest <= excel.NESTING and depth == 0, (name, len(text), deepest)
        assert max(arguments(text)) <= 253, name
        assert not CELL.fullmatch(name) and re.fullmatch(r"[A-Za-z_]\w*", name), name
        assert len(name) <= 255 and text[0] != "=" and "@" not in text, name


def test_words_are_spelled_as_excel_stores_them():
    for name, text in KIT.names.items():
        for prefix, word in WORD.findall(unquoted(text)):
            if word.startswith(("_xlpm.", "xlcalc_", "LLM_")):
                assert not prefix and (word in KIT.names or word.startswith("_xlpm.")), (name, word)
            else:
                assert (word in NEW) == bool(prefix) and word in NEW | OLD, (name, word)
        for local in re.findall(r"_xl[po][mp]\.(\w+)", text):
            assert not CELL.fullmatch(local), (name, local)
        optional = set(re.findall(r"_xlop\.(\w+)", text))
        head = text[: text.index("(", len("_xlfn.LAMBDA(")) if "(" in text[13:] else len(text)]
        assert optional == set(re.findall(r"_xlop\.(\w+)", head)), (name, "an optional parameter is used as _xlpm")


def test_every_parameter_is_the_function_s_own():
    for declaration in functions():
        head = KIT.names[declaration.name]
        declared = re.findall(r"_xl([po])[mp]\.(\w+)(?=,)", head)[: len(declaration.arguments)]
        assert declared == [("p" if one.required else "o", excel.name(one.name)) for one in declaration.arguments], (
            declaration.name
        )


def test_names_that_formulas_read_are_defined():
    package_names = {
        f"xlcalc_{catalog}{end}" for catalog in added_sheets.SHEETS for end in ("", "_ids", "_titles", "_others")
    }
    known = KIT.names.keys() | package_names | {"xlcalc_keys", "xlcalc_words", "xlcalc_called", "xlcalc_answer",
        "xlcalc_answers", "xlcalc_plans", "xlcalc_plan_keys", *(f"xlcalc_{catalog}_names" for catalog in added_sheets.SHEETS),
        *(f"xlcalc_argument_{i}" for i in range(1, 40))}  # fmt: skip
    for name, text in KIT.names.items():
        assert set(re.findall(r"(?<![\w.])(xlcalc_\w+)", unquoted(text))) <= known, name
