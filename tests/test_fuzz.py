"""A little of `just fuzz` in every run, and what it found."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import zipfile
from pathlib import Path

import pytest

import xlcalc
from xlcalc.accuracy import measurements
from xlcalc.catalog import own, table_file
from xlcalc.files import write_atomically
from xlcalc.hosts import guard
from xlcalc.workbook.files.cells_xml import SheetXml
from xlcalc.workbook.files.errors import WorkbookError
from xlcalc.workbook.files.recalc import recalculate

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import fuzz_files
import fuzz_kills

CONFIG = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
          "intermediate_size": 64, "vocab_size": 99}  # fmt: skip
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills what it has forked")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_malformed_workbooks_and_catalogs_end_in_a_sentence(seed, monkeypatch):
    monkeypatch.setenv("XLCALC_CATALOG", "none")  # what is tried sets it, and it is put back
    for n in range(40):
        assert not fuzz_files.a_workbook(random.Random(1000 * seed + n)), (seed, n)
        assert not fuzz_files.a_catalog(random.Random(1000 * seed + n)), (seed, n)


def test_what_is_read_quickly_is_what_is_read_exactly():
    """The cells with formulas of damaged sheets, or one refusal, by both expressions."""

    def read(cells):
        try:
            return [cell._replace(is_usual=False) for cell in cells() if cell.has_formula]
        except WorkbookError as error:
            return str(error)

    rng, found = random.Random(5), set()
    with zipfile.ZipFile(io.BytesIO(fuzz_files.workbooks()[0])) as package:
        part = package.read("xl/worksheets/sheet1.xml")
    for n in range(400):
        try:
            sheet = SheetXml(fuzz_files.mutated(part, rng), "S")
        except WorkbookError:
            continue
        quick, exact = read(sheet.formula_cells), read(sheet.cells)
        assert quick == exact, n
        found.add(type(quick))
    assert found == {list, str}


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["recalc in place", "models add", "hardware add", "prices add", "prices refresh", "site"]
)
def test_kills_while_writing(kind, monkeypatch):
    monkeypatch.setattr(fuzz_kills, "BATCH", 5)
    assert not fuzz_kills.program(kind, random.Random(1))
    assert fuzz_kills.killed[kind]


@needs_fork
@pytest.mark.slow
def test_kills_while_files_and_models_are_written_one_after_the_other(monkeypatch):
    monkeypatch.setenv("XLCALC_CATALOG", "none")
    for n in range(5):
        for kill in (fuzz_files._kill_of_file, fuzz_files._kill_of_model):
            assert not kill(random.Random(n)), n


@needs_fork
@pytest.mark.parametrize("dies_after", ["config", "row"])
def test_a_model_that_was_half_added_is_taken_back(tmp_path, monkeypatch, dies_after):
    monkeypatch.setenv("XLCALC_CATALOG", str(tmp_path / "catalog"))
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))

    def dying(path, data):
        write_atomically(path, data)
        if (path.suffix == ".json") == (dies_after == "config"):
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        own.write_atomically = dying
        own.add_model(config, "half")
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    own.add_model(config, "whole")
    rows = (tmp_path / "catalog" / "models.csv").read_text()
    configs = {path.name for path in (tmp_path / "catalog" / "configs").iterdir()}
    kept = dies_after == "row"
    assert configs == ({"half.json", "whole.json"} if kept else {"whole.json"}) and ("half," in rows) == kept


@pytest.mark.parametrize("row", [{"scale" * 100: "1", "id": "x"}, {"id": "a/b/c", "accelerator": "h100" + "(" * 900}])
def test_what_is_long_in_a_catalog_is_named_in_a_short_sentence(row):
    with pytest.raises(table_file.TableError) as error:
        own._checked("prices", [(1, row)], "file.csv")
    assert len(str(error.value)) <= 500


def test_what_is_long_in_a_measurement_is_named_in_a_short_sentence():
    with pytest.raises(ValueError) as error:
        measurements.measurement({"function": "LLM_TPOT", "measured": "9" * 900 + "x"}, "file.csv", "line 2")
    assert len(str(error.value)) <= 500


def test_a_workbook_that_no_engine_loads_is_refused_in_a_short_sentence():
    for n in range(2000000450, 2000000460):
        try:
            recalculate(fuzz_files.malformed_workbook(random.Random(n)), {})
        except (WorkbookError, ValueError) as error:
            assert len(str(error)) <= 500


def test_what_a_library_says_in_several_lines_is_one_sentence():
    """The engine's reader of XML quotes what it does not understand, line ends and all."""
    said = str(WorkbookError("the engine cannot load the workbook: tag <a\n b> is not closed\r\n"))
    assert said == "the engine cannot load the workbook: tag <a  b> is not closed"


@pytest.mark.parametrize("window", [[], [1, 2]])
def test_a_list_of_windows_where_one_is_needed_is_refused(window):
    config = json.dumps({**CONFIG, "model_type": "gemma3_text", "sliding_window": window})
    with pytest.raises(xlcalc.CalcError, match="sliding_window"):
        xlcalc.LLM_FLOPS_PER_TOKEN(config)


def test_a_list_of_heads_where_one_number_is_needed_is_refused_before_it_is_multiplied():
    config = json.dumps({**CONFIG, "model_type": "gemma3_text", "hidden_size": 10**9, "num_attention_heads": [1, 2]})
    with pytest.raises(xlcalc.CalcError, match="num_attention_heads"):
        xlcalc.LLM_PARAMS(config)


BODY = {"func_name": "F", "args": [[[1]]], "client": "Office.js", "version": "0", "runtime": "1.4"}


@pytest.mark.parametrize(
    ("change", "status"),
    [({}, 0), ({"runtime": "Office.js"}, 400), ({"version": 1}, 400), ({"date_format": 3}, 400), ({"args": {}}, 400), ({"func_name": "G"}, 404),
     ({"args": [[[{"type": "Entity"}]]]}, 400), ({"args": [[[{"basicValue": 1}]]]}, 400), ({"args": [[[[[1]]]]]}, 400),
     ({"args": [[[{"type": "X", "basicValue": {"basicValue": 1}}]]]}, 400), ({"args": [[[None] * 100_001]]}, 413)],
)  # fmt: skip
def test_bodies(change, status):
    checked = guard.Guard(None, None, "", (), {"F": False}, "")
    body = json.dumps({**BODY, **change}).encode()
    if not status:
        assert not checked._check_call(body)
        return
    with pytest.raises(guard.Refused) as refused:
        checked._check_call(body)
    assert refused.value.status == status and len(refused.value.sentence) < 200
