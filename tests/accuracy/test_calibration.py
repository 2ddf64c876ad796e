"""The user's own measurements: what they change, what they leave alone, and that every result says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from math import sqrt
from pathlib import Path

import pytest

import xlcalc
from xlcalc.accuracy import calibration, validation
from xlcalc.accuracy import measurements as file

CALL = {"model": "llama-3.1-8b", "accelerator": "h100-sxm", "count": 1, "context": 1024}
PLAIN = xlcalc.LLM_TPOT(**CALL)


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Writes calibration.csv into a catalog of the user's and has it read as a new session would."""

    def forget():
        for known in (file.measurements, calibration.factors, validation.own):
            known.cache_clear()

    def write(*lines):
        (tmp_path / "calibration.csv").write_text("\n".join(lines) + "\n")
        forget()

    monkeypatch.setenv("XLCALC_CATALOG", str(tmp_path))
    yield write
    forget()


def tpot(factor):
    return f"LLM_TPOT,h100-sxm,llama-3.1-8b,1,1024,{factor * PLAIN!r},our rack"


HEADER = "function,accelerator,model,count,context,measured,source"


def test_without_a_file_nothing_changes_and_it_is_looked_for_once(monkeypatch, tmp_path):
    monkeypatch.setenv("XLCALC_CATALOG", str(tmp_path))
    calibration.factors.cache_clear()
    file.measurements.cache_clear()
    looked = []
    monkeypatch.setattr(file.user, "folder", lambda: looked.append(1))
    assert [xlcalc.LLM_TPOT(**CALL) for _ in range(3)] == [PLAIN] * 3
    assert looked == [1]


def test_an_estimate_is_multiplied_by_the_geometric_mean_of_its_accelerator(measured):
    measured(HEADER, tpot(1.1), tpot(1.3))
    factor = sqrt(1.1 * 1.3)
    assert xlcalc.LLM_TPOT(**CALL) == pytest.approx(factor * PLAIN)
    with file.ignored():
        other = xlcalc.LLM_TPOT("qwen3-32b", "h100-sxm", 2, 4096, 16)
    assert xlcalc.LLM_TPOT("qwen3-32b", "h100-sxm", 2, 4096, 16) == pytest.approx(factor * other)
    assert xlcalc.LLM_TPOT(**CALL, unit="ms") == pytest.approx(1000 * factor * PLAIN)


def test_other_accelerators_and_functions_are_left_alone(measured):
    calls = {"LLM_TPOT": ("llama-3.1-8b", "h200-sxm", 1, 1024), "LLM_TTFT": ("llama-3.1-8b", "h100-sxm", 1, 1024)}
    before = {name: getattr(xlcalc, name)(*arguments) for name, arguments in calls.items()}
    measured(HEADER, tpot(1.2))
    assert {name: getattr(xlcalc, name)(*arguments) for name, arguments in calls.items()} == before


def test_a_share_of_peak_that_the_caller_gives_is_left_alone(measured):
    call = {**CALL, "mbu": 0.6}
    before = xlcalc.LLM_TPOT(**call)
    measured(HEADER, tpot(1.2))
    assert xlcalc.LLM_TPOT(**call) == before


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("LLM_STEP_TIME", ["llama-3-8b", "h100-sxm", 8, 128, 8192]),
        ("LLM_TTFT", ["llama-3.1-8b", "b200", 1, 1024]),
        ("LLM_THROUGHPUT", ["llama-3.1-8b", "h100-sxm", 1, 1000, 1000]),
    ],
)
def test_every_measured_estimate_can_be_calibrated(measured, name, arguments):
    before = getattr(xlcalc, name)(*arguments)
    names = [a.name for a in getattr(xlcalc, name).arguments]
    together = json.dumps(dict(zip(names, arguments, strict=False))).replace('"', '""')
    measured("function,arguments,measured", f'{name},"{together}",{before * 0.9!r}')
    assert getattr(xlcalc, name)(*arguments) == pytest.approx(0.9 * before)


def test_measurements_in_another_unit(measured):
    measured(f"{HEADER},unit", f"LLM_TPOT,h100-sxm,llama-3.1-8b,1,1024,{1200 * PLAIN!r},our rack,ms")
    assert xlcalc.LLM_TPOT(**CALL) == pytest.approx(1.2 * PLAIN)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([HEADER, tpot(2.5)], "measured 2.5 times the estimate on this accelerator, which is outside 0.5 to 2"),
        ([HEADER, tpot(0.4)], "measured 0.4 times the estimate"),
        ([HEADER, tpot(-1)], "line 2, column measured: must be a number above 0; got '-"),
        ([HEADER, tpot(1), "LLM_TPOT,h100-sxm"], "line 3: has 2 values for 7 columns"),
        ([HEADER, tpot(1).replace("llama-3.1-8b", "lama")], 'line 2: model "lama" is not'),
        ([HEADER, tpot(1).replace("h100-sxm", "h1000")], 'line 2: accelerator "h1000" is not'),
        ([HEADER.replace("context", "contxt"), tpot(1)], "line 2: it has no argument contxt; did you mean context?"),
        (["function,arguments,measured", "LLM_TPOT,{no,1"], "line 2, column arguments: must be a JSON object"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(measured, lines, sentence):
    measured(*lines)
    with pytest.raises(xlcalc.CalcError, match=sentence) as error:
        xlcalc.LLM_TPOT(**CALL)
    assert str(error.value).startswith("LLM_TPOT: ") and "\n" not in str(error.value)


def test_a_derivation_says_so_and_shows_the_multiplication(measured):
    xlcalc.LLM_EXPLAIN("LLM_TPOT", *CALL.values())
    plain = xlcalc.LLM_EXPLAIN("LLM_TPOT", *CALL.values())
    measured(HEADER, tpot(1.1), tpot(1.3))
    table = xlcalc.LLM_EXPLAIN("LLM_TPOT", *CALL.values())
    # the calls that were measured leave no steps of their own, and the estimate stands one level lower
    assert {r[1] for r in plain if r[0] not in ("note", "1")} <= {r[1] for r in xlcalc.LLM_EXPLAIN(
        "LLM_TPOT", *CALL.values(), depth=0)}  # fmt: skip
    final = table[1]
    assert final[2].endswith("× calibration factor") and final[4] == pytest.approx(xlcalc.LLM_TPOT(**CALL))
    assert final[3].endswith("× 1.19583") and final[4] == pytest.approx(PLAIN * 1.19583, rel=1e-5)
    (note,) = [r[1] for r in table if "calibration in use" in str(r[1])]
    assert "2 measurements of the user" in note and "our rack" in note and "1.196 times" in note
    assert not any("calibration" in str(r) for r in xlcalc.LLM_EXPLAIN("LLM_TPOT", "llama-3.1-8b", "h200-sxm", 1, 1024))


def test_accuracy_shows_what_is_left_and_published_cases_stay_as_they_are(measured):
    before = validation.published()
    measured(HEADER, tpot(1.1), tpot(1.3))
    validation.published.cache_clear()
    assert validation.published() == before
    rows = xlcalc.LLM_ACCURACY("LLM_TPOT", "h100-sxm")
    (own,) = [r for r in rows if r[1] == validation.OWN]
    left = [sqrt(1.1 * 1.3) / measured - 1 for measured in (1.1, 1.3)]
    assert own[2:4] == ["h100-sxm", 2] and own[6] == pytest.approx(max(map(abs, left))) and own[7] == "our rack"


def test_validate_prints_the_residual_and_fails_on_what_cannot_be_used(measured, tmp_path):
    def validate():
        program = Path(sys.executable).with_name("xlcalc")
        environment = os.environ | {"XLCALC_CATALOG": str(tmp_path)}
        return subprocess.run([program, "validate"], capture_output=True, text=True, env=environment)

    measured(HEADER, tpot(1.1), tpot(1.3))
    done = validate()
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines() if validation.OWN in line]
    assert [line[6] for line in lines[:2]] == ["+8.7%", "-8.0%"]
    measured(HEADER, tpot(3), "LLM_PARAMS,h100-sxm,llama-3.1-8b,1,1,1,nobody", tpot(1).replace("h100-sxm", "h1000"))
    done = validate()
    assert done.returncode == 1 and '"h1000" is not' in done.stderr
    assert "LLM_PARAMS is no estimate that is measured" in done.stderr


SHEET_HEADER = ["Model", "accelerator", "count", "context", "batch", "measured", "source", None]


def sheet(*factors, accelerator="h100-sxm"):
    """Measurements as a sheet's range: a blank row and a blank column among them."""
    rows = [["llama-3.1-8b", accelerator, 1, 1024, None, factor * PLAIN, "our rack", None] for factor in factors]
    return [SHEET_HEADER, *rows, [None] * 8]


def test_a_sheet_calibrates_as_the_file_does():
    factor = sqrt(1.1 * 1.3)
    head, *rows = xlcalc.LLM_CALIBRATION("LLM_TPOT", sheet(1.1, 1.3))
    assert [row[head.index("case")] for row in rows] == ["row 2", "row 3"]
    assert [row[head.index("measured / estimated")] for row in rows] == pytest.approx([1.1, 1.3])
    assert [row[head.index("factor")] for row in rows] == pytest.approx([factor] * 2)
    assert [row[head.index("error left")] for row in rows] == pytest.approx([factor / 1.1 - 1, factor / 1.3 - 1])
    assert xlcalc.LLM_CALIBRATION_FACTOR("tpot", sheet(1.1, 1.3), "h100-sxm") == pytest.approx(factor)
    assert xlcalc.LLM_CALIBRATION_FACTOR("tpot", sheet(1.1, 1.3), "H200") == 1


def test_text_is_read_as_a_range_is():
    text = f"model,accelerator,count,context,measured\nllama-3.1-8b,h100-sxm,1,1024,{1.2 * PLAIN!r}\n"
    assert xlcalc.LLM_CALIBRATION_FACTOR("LLM_TPOT", text, "h100-sxm") == pytest.approx(1.2)
    assert xlcalc.LLM_CALIBRATION_FACTOR("LLM_TPOT", text.replace("\n", ";"), "h100-sxm") == pytest.approx(1.2)


def test_a_sheet_without_measurements_leaves_the_estimate():
    assert xlcalc.LLM_CALIBRATION_FACTOR("LLM_TPOT", sheet(), "h100-sxm") == 1
    assert len(xlcalc.LLM_CALIBRATION("LLM_TPOT", sheet())) == 1


def test_a_sheet_may_name_functions_and_units():
    rows = [["function", "model", "accelerator", "count", "context", "measured", "unit"],
            ["LLM_TPOT", "llama-3.1-8b", "h100-sxm", 1, 1024, 1200 * PLAIN, "ms"],
            ["LLM_TTFT", "llama-3.1-8b", "h100-sxm", 1, 1024, 5, "s"]]  # fmt: skip
    assert xlcalc.LLM_CALIBRATION_FACTOR("LLM_TPOT", rows, "h100-sxm") == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("LLM_TPOT", sheet(3), "is outside 0.5 to 2"),
        ("LLM_TPOT", sheet(-1), "row 2, column measured: must be a number above 0"),
        (
            "LLM_TPOT",
            [["model", "measured"], ["llama-3.1-8b", "much"]],
            "measured: must be a number above 0; got 'much'",
        ),
        ("LLM_TPOT", [["model", "measured"], ["llama-3.1-8b", 1]], "accelerator is required"),
        ("LLM_TPOT", [["model", "speed"], ["llama-3.1-8b", 1]], "first row names the columns"),
        ("LLM_TPOT", [[*SHEET_HEADER[:-1], "colour"], [*sheet(1)[1][:-1], "red"]], "no argument colour"),
        ("LLM_TPOT", "nothing", "first row names the columns"),
        ("LLM_PARAMS", sheet(1), "must be one of"),
    ],
)
def test_a_sheet_that_cannot_be_read_says_where(name, rows, words):
    with pytest.raises(xlcalc.CalcError, match=words) as error:
        xlcalc.LLM_CALIBRATION_FACTOR(name, rows, "h100-sxm")
    assert error.value.function == "LLM_CALIBRATION_FACTOR"
