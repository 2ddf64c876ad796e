"""The extension in the real LibreOffice: built, installed in a fresh profile, and compared with the Python API."""

from __future__ import annotations

import glob
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from calc_session import Calc, literal, missing, office
from openpyxl.packaging.relationship import Relationship
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.external_link.external import ExternalBook, ExternalLink
from openpyxl.worksheet.formula import ArrayFormula
from test_xlwings import EXAMPLES, FUNCTIONS
from typer.testing import CliRunner

import xlcalc
from xlcalc.cli.app import app
from xlcalc.files import write_atomically
from xlcalc.hosts import addin_libreoffice
from xlcalc.hosts.cells import answer
from xlcalc.hosts.libreoffice.typelib import Method, type_library
from xlcalc.hosts.libreoffice.worker import Calls
from xlcalc.workbook import listed, report
from xlcalc.workbook.files import convert, recalc
from xlcalc.workbook.files.package import Package

needs_calc = pytest.mark.skipif(bool(missing()), reason=missing() or "-")
SDK = Path("/usr/lib/libreoffice/sdk/bin/unoidl-read")
LACKING = "packages/xlcalc/model/spec.py"  # without it no Python calculates
KV = 'LLM_KV_CACHE("llama-3.1-8b"'


@pytest.fixture(scope="module")
def extension(tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "xlcalc.oxt"
    done = CliRunner().invoke(app, ["addin", "libreoffice", "-o", str(path)])
    assert done.exit_code == 0, done.output
    return path.read_bytes()


@pytest.fixture(scope="module")
def calc():
    return office()


def changed(extension, without="", **about):
    """The extension with another built.json, or without one of its files."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(extension)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name == without:
                continue
            content = old.read(name)
            if name == "built.json":
                content = json.dumps({**json.loads(content), **about}).encode()
            new.writestr(name, content)
    return out.getvalue()


def same(shown, expected):
    if isinstance(expected, list):
        return len(shown) == len(expected) and all(
            same(s, e) for row, others in zip(shown, expected, strict=True) for s, e in zip(row, others, strict=True)
        )
    if isinstance(expected, bool) or expected is None:
        return shown == (expected or 0) or (expected is None and shown == "")
    return shown == (pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected)


def examples():
    """The call in each function's example, with what it gives of the arguments."""
    for name, arguments in EXAMPLES:
        given = [*arguments]
        while given and given[-1] is None:
            given.pop()
        yield FUNCTIONS[name], given


# The file, without LibreOffice


def test_help_is_the_declarations(extension):
    """Every function and argument has its texts, by the names that the type library has."""
    help_file = ET.fromstring(zipfile.ZipFile(io.BytesIO(extension)).read("CalcAddIns.xcu"))
    name = "{http://openoffice.org/2001/registry}name"
    found = {
        node.get(name): [a.get(name) for a in node.findall(f"node[@{{{name[1:-5]}}}name='Parameters']/node")]
        for node in help_file.findall("node/node/node/node")
    }
    assert found == {f.name: [a.name.capitalize() for a in f.arguments] for f in xlcalc.functions()}


def test_notices_travel(extension):
    names = zipfile.ZipFile(io.BytesIO(extension)).namelist()
    licensed = {n.split("/")[1].split("-")[0] for n in names if n.startswith("dependencies/") and "LICENSE" in n}
    assert licensed == {"platformdirs"}
    assert not [n for n in names if n.endswith((".pyc", ".so", ".xlsx")) or n.startswith(("/", "..")) or "/../" in n]


@pytest.mark.skipif(not SDK.exists(), reason="LibreOffice's SDK is not installed")
def test_type_library_as_the_sdk_reads_it(tmp_path):
    """unoidl-read gives back what unoidl-write makes of the same interface."""
    methods = [Method("LLM_A", "[][]any", ["Model", "N_layers"]), Method("LLM_B", "any", [])]
    (tmp_path / "ours.rdb").write_bytes(type_library("org.xlcalc.XFunctions", methods))
    (tmp_path / "theirs.idl").write_text(
        "module org { module xlcalc { interface XFunctions {\n"
        "sequence< sequence<any> > LLM_A([in] any Model, [in] any N_layers); any LLM_B(); }; }; };\n"
    )
    types = SDK.parents[2] / "program" / "types.rdb"
    subprocess.run([SDK.with_name("unoidl-write"), types, "theirs.idl", "theirs.rdb"], cwd=tmp_path, check=True)
    ours, theirs = (
        subprocess.run([SDK, types, f"{name}.rdb"], cwd=tmp_path, check=True, capture_output=True).stdout
        for name in ("ours", "theirs")
    )
    assert ours == theirs != b""


def test_carried_packages_are_enough(extension, tmp_path):
    """The worker answers in a Python that has nothing but what the extension carries."""
    zipfile.ZipFile(io.BytesIO(extension)).extractall(tmp_path)
    worker = tmp_path / "packages/xlcalc/hosts/libreoffice/worker.py"
    calls = [[function.name, [*given, *[None] * (len(function.arguments) - len(given))]]
             for function, given in examples()]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", "-S", worker, tmp_path], input="\n".join(map(json.dumps, calls)), text=True,
        capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    ready, *answers = done.stdout.splitlines()
    assert ready == "ready" and len(answers) == len(calls) > 30, done.stderr
    for (name, arguments), line in zip(calls, answers, strict=True):
        assert json.loads(line) == answer(getattr(xlcalc, name), arguments), name


def test_worker_says_what_is_missing(extension, tmp_path):
    zipfile.ZipFile(io.BytesIO(changed(extension, LACKING))).extractall(tmp_path)
    worker = tmp_path / "packages/xlcalc/hosts/libreoffice/worker.py"
    done = subprocess.run([sys.executable, "-I", "-S", worker, tmp_path], input="", text=True, capture_output=True)
    assert done.returncode == 1 and "ModuleNotFoundError: No module named 'xlcalc.model.spec'" in done.stdout


def test_zero_is_blank_only_where_zero_is_refused():
    calls = Calls()
    assert calls.answer("LLM_KV_CACHE", ["llama-3.1-8b", 8192, 0, 0, 0]) == xlcalc.LLM_KV_CACHE("llama-3.1-8b", 8192)
    assert calls.answer("LLM_KV_CACHE", ["llama-3.1-8b", 0, None, None, None]) == 0
    assert calls.answer("LLM_KV_CACHE", [0, 8192, None, None, None]) == "#VALUE!"
    assert calls.answer("LLM_KV_CACHE", ["llama-3.1-8b", 8192, [[0], [2]], None, None])[0] == ["#NUM!"]


# In Calc


@needs_calc
def test_function_wizard(calc):
    calc.open()
    shown = calc.functions()
    assert shown.keys() == {f.name for f in xlcalc.functions()}
    for function in xlcalc.functions():
        category, description, arguments = shown[function.name]
        assert category == 11 and description.startswith(function.summary)  # 11: Add-In
        assert [name for name, _ in arguments] == [a.name for a in function.arguments]
        for argument, (name, text) in zip(function.arguments, arguments, strict=True):
            assert text == ("required: " if argument.required else "") + function.argument_help(name)


@needs_calc
def test_every_example(calc):
    """Every docstring's example: values in one cell, tables as array formulas."""
    calc.open()
    row, places = 1, []
    for function, given in examples():
        expected = answer(function, given)
        size = expected if isinstance(expected, list) else [[expected]]
        area = f"A{row}:{openpyxl.utils.get_column_letter(len(size[0]))}{row + len(size) - 1}"
        formula = f"={function.name}({';'.join(map(literal, given))})"
        calc.put(cells={area: f"{{{formula}}}" if isinstance(expected, list) else formula})
        places.append((formula, area, size))
        row += len(size)
    calc.recalculate()
    wrong = [(formula, calc.read(address=area), expected) for formula, area, expected in places
             if not same(calc.read(address=area), expected)]  # fmt: skip
    assert not wrong, wrong[:3]
    assert {formula[1:].partition("(")[0] for formula, *_ in places} == {f.name for f in xlcalc.functions()}


CELLS = {"A1": "llama-3.1-8b", "A2": "nosuch", "B1": 1024, "B2": 2048, "B4": "x", "C1": "=NA()", "C2": "=1/0", "D1": -1,
         "E1": "d_model", "F1": 4096, "E2": "n_layers", "F2": 32}  # fmt: skip
GIB = xlcalc.LLM_KV_CACHE("llama-3.1-8b", 1024, unit="GiB")


@needs_calc
@pytest.mark.parametrize(("formula", "expected"), [
    ("LLM_KV_CACHE(A1;B1;;;\"GiB\")", GIB),  # skipped arguments
    ("LLM_KV_CACHE(A1;B1;Z1;Z2;\"GiB\")", GIB),  # references to empty cells
    ("LLM_KV_CACHE(A1;B1;\"\";\"  \";\"GiB\")", GIB),
    ("llm_kv_cache(A1;B1)", GIB * 2**30),
    (f"{KV};TRUE())", xlcalc.LLM_KV_CACHE("llama-3.1-8b", 1)),  # Calc's TRUE is the number 1
    ("LLM_KV_CACHE(Z1;B1)", "#VALUE!"),  # a blank that is required
    ("LLM_KV_CACHE(A1)", "#VALUE!"),
    ("LLM_KV_CACHE(A1;B1;1;;;1)", "Err:504"),  # too many: Calc's own word for it
    ("LLM_KV_CACHE(A2;B1)", "#N/A"),
    ("LLM_KV_CACHE(A1;D1)", "#NUM!"),
    ("LLM_KV_CACHE(A1;B4)", "#VALUE!"),
    ("LLM_KV_CACHE(A1;C1)", "#N/A"),  # an error passed on
    ("LLM_KV_CACHE(A1;C2)", "#DIV/0!"),
    ("LLM_KV_CACHE(A1;LLM_KV_CACHE(A2;B1))", "#N/A"),
    ("LLM_KV_CACHE(A1;C1:C2)", "Err:504"),  # Calc gives an add-in no range that holds an error
    ("IFERROR(LLM_KV_CACHE(A2;B1);\"none\")", "none"),
    ("IFNA(LLM_KV_CACHE(A2;B1);7)", 7),
    ("IFERROR(1/LLM_KV_CACHE(A1;D1);8)", 8),
    ("IF(ISERROR(LLM_KV_CACHE(A1;D1));1;2)", 1),
    ("ISNA(LLM_KV_CACHE(A2;B1))", 1),
    ("SUM(LLM_KV_CACHE(A1;B1:B2))", xlcalc.LLM_KV_CACHE("llama-3.1-8b", 3072)),
    ("SUMPRODUCT(LLM_KV_CACHE(A1;1)*B1:B2)", xlcalc.LLM_KV_CACHE("llama-3.1-8b", 3072)),
    ("SUM(LLM_KV_CACHE(A1;{1;2}))", xlcalc.LLM_KV_CACHE("llama-3.1-8b", 3)),
    ("IF(LLM_KV_CACHE(A1;B1)>1;\"yes\";\"no\")", "yes"),
    ("ROUND(LLM_KV_CACHE(A1;B1;;;\"GB\");2)", round(xlcalc.LLM_KV_CACHE("llama-3.1-8b", 1024, unit="GB"), 2)),
    ("LLM_KV_CACHE(A1;1)&\" bytes\"", "131072 bytes"),
    ("LLM_TRAIN_TIME(LLM_TRAIN_FLOPS(A1;1E12);\"h100-sxm\";8)",
     xlcalc.LLM_TRAIN_TIME(xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", 1e12), "h100-sxm", 8)),
    ('MATCH("total";INDEX(LLM_PARAMS_TABLE(A1);0;1)&"";0)', len(xlcalc.LLM_PARAMS_TABLE("llama-3.1-8b"))),
    ("INDEX(LLM_PARAMS_TABLE(A1);2;2)", xlcalc.LLM_PARAMS_TABLE("llama-3.1-8b")[1][1]),
    ("LLM_HARDWARE(\"h100-sxm\";\"vendor\")=\"NVIDIA\"", 1),  # texts compare equal
    ("MATCH(\"NVIDIA\";LLM_HARDWARE({\"mi300x\"|\"h100-sxm\"};\"vendor\")&\"\";0)", 2),
    ("INDEX(LLM_HARDWARE(\"h100-sxm\");4;2)", "NVIDIA"),
    ("ROWS(LLM_HARDWARE(\"h100-sxm\"))", len(xlcalc.LLM_HARDWARE("h100-sxm"))),
])  # fmt: skip
def test_formulas(calc, formula, expected):
    shown = calc.shows(f"={formula}", **CELLS)
    assert same(shown, expected), shown


@needs_calc
def test_ranges_give_arrays(calc):
    calc.open()
    calc.put(cells={"A1": "llama-3.1-8b", "A2": "nosuch", "B1": 1024, "C1": 2048, "D1": -1,
                    "F1:H2": "{=LLM_KV_CACHE(A1:A2;B1:D1)}"})  # fmt: skip
    expected = answer(xlcalc.LLM_KV_CACHE, [[["llama-3.1-8b"], ["nosuch"]], [[1024, 2048, -1]]])
    assert same(calc.read(address="F1:H2"), expected)
    assert [row[2] for row in expected] == ["#NUM!", "#N/A"]
    calc.put(cells={"D1": 4096})
    assert calc.read(address="H1") == [[xlcalc.LLM_KV_CACHE("llama-3.1-8b", 4096)]]


@needs_calc
def test_workbooks_keep_their_formulas(calc, tmp_path):
    """An .xlsx as Excel has it calculates; saved as .ods and as .xlsx it opens and calculates again."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"], sheet["B1"] = "llama-3.1-8b", 1024
    sheet["C1"] = '=IFERROR(LLM_KV_CACHE(A1,B1,,,"GiB"),"none")'
    sheet["C2"] = '=IFERROR(LLM_KV_CACHE("nosuch",B1,D9),"none")'
    sheet["C3"] = "=LLM_KV_CACHE(A1,-1)"
    table = xlcalc.LLM_PARAMS_TABLE("llama-3.1-8b")
    area = f"A5:C{4 + len(table)}"
    sheet["A5"] = ArrayFormula(area, "=LLM_PARAMS_TABLE(A1)")
    book.save(tmp_path / "book.xlsx")
    calc.open(path=str(tmp_path / "book.xlsx"))
    for kind, filter in (("ods", "calc8"), ("xlsx", "Calc MS Excel 2007 XML"), ("ods", "calc8")):
        assert same(calc.read(address="C1:C3"), [[GIB], ["none"], ["#NUM!"]])
        assert same(calc.read(address=area), answer(xlcalc.LLM_PARAMS_TABLE, ["llama-3.1-8b"]))
        calc.save(path=str(tmp_path / f"saved.{kind}"), filter=filter)
        calc.open(path=str(tmp_path / f"saved.{kind}"))
    stored = zipfile.ZipFile(tmp_path / "saved.ods").read("content.xml").decode()
    assert f"of:=IFERROR({addin_libreoffice.IDENTIFIER.upper()}.LLM_KV_CACHE(" in stored


@needs_calc
@pytest.mark.parametrize("template", report.templates())
def test_templates(calc, tmp_path, template):
    """The templates made for Excel open and calculate: every formula shows what the file had cached."""
    path = tmp_path / f"{template}.xlsx"
    write_atomically(path, report.find(template).to_bytes())
    cached = openpyxl.load_workbook(path, data_only=True)
    calc.open(path=str(path))
    found = calc.formulas()
    assert len(found) > 10
    wrong = []
    for sheet, row, column, formula, value in found:
        expected = cached[sheet].cell(row, column).value
        if not close(value, expected):
            wrong.append((sheet, row, column, formula, value, expected))
    assert not wrong, (len(wrong), wrong[:5])


@needs_calc
@pytest.mark.parametrize(
    "mark", ["", "[1]!", *sorted(set(convert.HOSTS.values()) - {""}), convert.mark("xlwings-server", "fin")]
)
def test_names_as_each_host_saves_them(calc, tmp_path, mark):
    """In cells, in array formulas, in names; texts stay. Saved by LibreOffice and converted it is a plain file again."""
    call = f'{mark}LLM_KV_CACHE("llama-3.1-8b",'
    book = openpyxl.Workbook()
    link = ExternalLink(ExternalBook(id="rId1"))
    link.file_link = Relationship(type="externalLinkPath", Target="file:///C:/x/xlcalc.xlam", TargetMode="External")
    book._external_links.append(link)
    book.active["A1"], book.active["B1"] = f'={call.replace("LLM_KV", "llm_kv")}2)&" llm_kv_cache("', "=kv"
    book.active["A2"] = ArrayFormula("A2:B2", f"={call}{{1,2}})")
    book.defined_names["kv"] = DefinedName("kv", attr_text=f"{call}1)")
    book.save(tmp_path / "book.xlsx")
    calc.open(path=str(tmp_path / "book.xlsx"))
    shown = [["262144 llm_kv_cache(", 131072], [131072, 262144]]
    assert same(calc.read(address="A1:B2"), shown)
    calc.save(path=str(tmp_path / "saved.xlsx"), filter="Calc MS Excel 2007 XML")
    package = Package.open(tmp_path / "saved.xlsx")
    assert convert.convert(package, {f.name for f in xlcalc.functions()}, "").calls == 3
    assert [name.definition for name in package.names] == ['LLM_KV_CACHE("llama-3.1-8b",1)']
    result = recalc.recalculate(package, listed.cell_functions())
    (sheet,) = package.sheets
    assert result.ok and result.custom_calls == 3
    assert [[package.value(sheet, cell) for cell in row] for row in (("A1", "B1"), ("A2", "B2"))] == shown


def close(value, cached):
    if isinstance(cached, datetime):
        cached = to_excel(cached)
    if isinstance(cached, (int, float)) and not isinstance(cached, bool):
        return value == pytest.approx(cached, rel=1e-9, abs=1e-9)  # Calc takes a difference that small for 0
    return value == (cached or "") or value == (cached or 0)


@needs_calc
def test_install_and_convert_without_a_window(tmp_path):
    """`--install` puts it into the user's own LibreOffice, whose converter then calculates Excel's files."""
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = [sys.executable, "-c", "from xlcalc.cli import main; main()", "addin", "libreoffice", "--install"]
    done = subprocess.run(command, env=home, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("installed for LibreOffice"), done.stderr
    assert not list(tmp_path.glob("*.oxt"))
    book = openpyxl.Workbook()
    book.active["A1"] = f"={KV},8192)"
    book.save(tmp_path / "book.xlsx")
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "csv", "book.xlsx"], env=home, cwd=tmp_path, check=True,
        capture_output=True, timeout=100,
    )  # fmt: skip
    assert (tmp_path / "book.csv").read_text().strip() == "1073741824"


@pytest.fixture
def unopkg(monkeypatch, tmp_path):
    """A stand-in for unopkg that does what is said, the last again and again; gives how often it was called."""
    log = tmp_path / "calls"

    def stand_in(*scripts):
        for number, script in enumerate(scripts):
            (tmp_path / f"{number}.sh").write_text(script)
        program = tmp_path / "unopkg"
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {log}\nn=$(($(wc -l < {log}) - 1))\n'
            f"[ -f {tmp_path}/$n.sh ] || n={len(scripts) - 1}\n. {tmp_path}/$n.sh\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return lambda: log.read_text().splitlines()

    return stand_in


BAD_ALLOC = """echo 'ERROR: (com.sun.star.uno.RuntimeException) { { Message = "C++ code threw St9bad_alloc: std::bad_alloc" }' >&2
echo 'ERROR: unopkg failed.' >&2; exit 1"""
needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


@needs_shell
@pytest.mark.parametrize("crash", [BAD_ALLOC, "kill -SEGV $$", "sh -c 'kill -ABRT $$'"])
def test_a_crash_of_unopkg_is_tried_again(unopkg, crash):
    calls = unopkg(crash, crash, "exit 0")
    assert addin_libreoffice.install(b"", "-env:x").startswith("installed for LibreOffice")
    assert len(calls()) == 3 and all(call.startswith("add --force") and "-env:x" in call for call in calls())


@needs_shell
def test_unopkg_that_only_crashes_is_given_up_with_all_it_said(unopkg):
    calls = unopkg(BAD_ALLOC)
    with pytest.raises(addin_libreoffice.BuildError, match=r"crashed 3 times .*St9bad_alloc.*unopkg failed") as raised:
        addin_libreoffice.install(b"")
    assert len(calls()) == 3 and "python3-uno" not in str(raised.value)


@needs_shell
@pytest.mark.parametrize(
    ("said", "hint"), [("no factory com.sun.star.loader.Python", True), ("the profile is locked", False)]
)
def test_a_refusal_of_unopkg_is_final_and_told_whole(unopkg, said, hint):
    calls = unopkg(f"echo 'ERROR: {said}' >&2; echo 'ERROR: unopkg failed.' >&2; exit 1")
    with pytest.raises(addin_libreoffice.BuildError, match=f"{said} ERROR: unopkg failed") as raised:
        addin_libreoffice.install(b"")
    assert len(calls()) == 1 and ("python3-uno" in str(raised.value)) is hint


def test_install_without_libreoffice(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(addin_libreoffice, "_UNOPKG", ())
    done = CliRunner().invoke(app, ["addin", "libreoffice", "-o", str(tmp_path / "x.oxt"), "--install"])
    assert done.exit_code == 1 and "unopkg was not found" in done.output
    assert (tmp_path / "x.oxt").exists()


@needs_calc
def test_many_cells(calc):
    """5,000 cells, each a call of its own."""
    calc.open()
    calc.fill(address="A1:A5000", formulas=[[f"={KV};{row})"] for row in range(1, 5001)])
    assert calc.read(address="A5000") == [[xlcalc.LLM_KV_CACHE("llama-3.1-8b", 5000)]]


@needs_calc
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="finds the process in /proc")
def test_a_worker_that_ends_is_started_again(calc):
    assert calc.shows(f"={KV};1)") == 131072
    (worker,) = workers(calc)
    os.kill(worker, signal.SIGKILL)
    while worker in workers(calc):
        time.sleep(0.05)
    assert calc.shows(f"={KV};2)") == 262144
    assert workers(calc) != [worker]


def workers(calc):
    """The processes that calculate for an office."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            words = Path(path).read_bytes().decode().split("\0")
        except OSError:
            continue
        if len(words) > 2 and words[1].endswith("worker.py") and str(calc.profile) in words[2]:
            found.append(int(path.split("/")[2]))
    return found


@needs_calc
def test_without_a_python_cells_are_errors_and_the_sheet_says_why(extension, tmp_path):
    """And the Python that a setting names is used where the one that built the extension is gone."""
    lost = changed(extension, python=str(tmp_path / "gone"))
    office = Calc(tmp_path / "lost", changed(lost, LACKING))
    try:
        assert office.shows(f'=IFERROR({KV};1);"none")') == "none"
        assert office.shows(f"={KV};1)") == "#VALUE!"
        assert office.infobar(identifier=addin_libreoffice.IDENTIFIER, seconds=10)
    finally:
        office.finish()
    office = Calc(tmp_path / "named", lost, XLCALC_PYTHON=sys.executable)
    try:
        assert office.shows(f"={KV};1)") == 131072
        assert not office.infobar(identifier=addin_libreoffice.IDENTIFIER, seconds=0)
    finally:
        office.finish()
