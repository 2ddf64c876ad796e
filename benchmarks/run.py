"""Speed, measured side by side in one run: python benchmarks/run.py [PART...]

calls        microseconds of a scalar call
derivations  what LLM_EXPLAIN costs beside the call that it explains
start        seconds of a first answer as a process
workbook     100,000 formulas recalculated by xlcalc and by its bare engine; the memory that takes; 500,000 of them
exact        what formulas for the exact engine cost beside 100,000 others
libreoffice  100,000 ordinary formulas against LibreOffice, made to recalculate
job          the main job of the README; a workbook that is kept open
names        cells that name models which nobody knows; more configurations than are kept
sweep        a million scenarios (benchmarks/sweeps.py has more)
server       a thousand calls at once (benchmarks/server.py)

All parts without a name. Absolute times are this machine's; quote the ratios. Of workbooks they are of CPU time, which
others on the same cores change less.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
import zipfile
from collections.abc import Callable, Iterator
from itertools import count, repeat
from pathlib import Path

import formualizer
import server

import xlcalc
from xlcalc.workbook.files.recalc import recalculate

ROWS = 20_000
CALL = 'LLM_KV_CACHE("llama-3.1-8b",A{0},B{0})'
ORDINARY = ("A{0}*2+B{0}", "ROUND(D{0}/3,2)", 'IF(E{0}>10,"large","small")', "C{0}/1024^3")


def scalar_calls() -> None:
    turn = min(timeit.repeat("for i in range(1000): i*i", number=100, repeat=5)) / 1e5
    calls = {
        "LLM_PARAMS": lambda: xlcalc.LLM_PARAMS("llama-3.1-8b"),
        "LLM_KV_CACHE": lambda: xlcalc.LLM_KV_CACHE("llama-3.1-8b", 8192, 4),
        "LLM_TRAIN_FLOPS": lambda: xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", 15e12),
        "LLM_SERVE_MEMORY": lambda: xlcalc.LLM_SERVE_MEMORY("llama-3.1-8b", 8192, 16),
        "LLM_TRAIN_MEMORY": lambda: xlcalc.LLM_TRAIN_MEMORY("llama-3.1-70b", 8192, 1, 8, 4, 8),
        "LLM_TTFT": lambda: xlcalc.LLM_TTFT("llama-3.1-70b", "h100-sxm", 8, 2048),
        "LLM_TPOT": lambda: xlcalc.LLM_TPOT("llama-3.1-70b", "h100-sxm", 8, 2048, 16),
    }
    for name, call in calls.items():
        call()
        seconds = min(timeit.repeat(call, number=2000, repeat=5)) / 2000
        print(f"{name:18} {seconds * 1e6:8.2f} us a call, {seconds / turn:6.0f} turns of a loop   (goal: 20 us)")


DERIVED: dict[str, tuple[object, ...]] = {  # None stands for the number that is new in each call
    "LLM_LORA_PARAMS": ("llama-3.1-8b", None),
    "LLM_STEP_TIME": ("llama-3.1-8b", "h100-sxm", 64, 512, None),
    "LLM_TTFT": ("llama-3.1-70b", "h100-sxm", 8, None),
    "LLM_TPOT": ("llama-3.1-70b", "h100-sxm", 8, None, 16),
    "LLM_MAX_BATCH": ("llama-3.1-70b", "h100-sxm", 8, None),
    "LLM_MIN_GPUS": ("llama-3.1-70b", "h100-sxm", None, 16),
    "LLM_THROUGHPUT": ("llama-3.1-70b", "h100-sxm", 8, None, 200),
    "LLM_REPLICAS": (50, None, 200, "llama-3.1-70b", "h100-sxm", 8, 64),
}


def derivations() -> None:
    """What a derivation costs beside its call. The goal is against a call that computes: numbers that are new to the
    formula. The same call again, or one of LLM_REPLICAS with another rate for a replica that is known, looks its answer
    up; a derivation computes it in any case, and costs a hundred times as much and more."""

    for name, arguments in DERIVED.items():
        new = count(256)
        explained = _call_seconds("LLM_EXPLAIN", (name, *arguments), 20, new)
        anew, again = (_call_seconds(name, arguments, 200, numbers) for numbers in (new, repeat(256)))
        ratios = f"{explained / anew:.0f} times a call of new numbers, {explained / again:.0f} of the same again"
        print(f"{name:18} {explained * 1e3:8.2f} ms a derivation, {ratios}   (goal: 50)")


def _call_seconds(name: str, arguments: tuple[object, ...], number: int, numbers: Iterator[int]) -> float:
    """CPU seconds of a call, at best, each with the next of the numbers."""
    function = getattr(xlcalc, name)

    def call() -> None:
        function(*[next(numbers) if value is None else value for value in arguments])

    return min(timeit.repeat(call, number=number, repeat=10, timer=time.process_time)) / number


def first_answer() -> None:
    answer = "import xlcalc; xlcalc.LLM_PARAMS('llama-3.1-8b')"
    for name, code in (("bare python", "pass"), ("first answer", answer)):
        seconds = [_process(code) for _ in range(5)]
        print(f"{name:18} {statistics.median(seconds):8.3f} s as a process                (goal for an answer: 0.25 s)")


def _process(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def workbook_bytes(rows: int = ROWS, doubtful: int = 0, call: str = CALL) -> bytes:
    """A workbook of `rows` LLM_* formulas and four times as many ordinary ones, and `doubtful` ones for the exact
    engine alone."""
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row in range(1, doubtful + 1):
            sheet.write_formula(row - 1, 8, f"=LEFT(A{row}>0,2)&SUMPRODUCT(LEN(A{row}:B{row}))")
        for row in range(1, rows + 1):
            sheet.write_row(row - 1, 0, [row % 8192, row % 7 + 1])
            for column, formula in enumerate((call, *ORDINARY), start=2):
                sheet.write_formula(row - 1, column, "=" + formula.format(row))
    return file.getvalue()


def bare_engine(data: bytes) -> float:
    """CPU seconds of the engine alone: load and evaluate."""
    start = time.process_time()
    book = formualizer.Workbook.from_bytes(data)
    book.register_function("LLM_KV_CACHE", lambda *args: xlcalc.LLM_KV_CACHE(*args))
    book.evaluate_all()
    return time.process_time() - start


def _recalculated(data: bytes) -> float:
    """CPU seconds of a recalculation."""
    start = time.process_time()
    result = recalculate(data, {f.name: f for f in xlcalc.functions()})
    assert not result.not_calculated, result.not_calculated[:1]
    return time.process_time() - start


def recalculation() -> None:
    data = workbook_bytes()
    _recalculated(workbook_bytes(10))
    before = _peak_megabytes()
    seconds = [(bare_engine(data), _recalculated(data)) for _ in range(5)]
    bare, whole = (statistics.median(each) for each in zip(*seconds, strict=True))
    print(f"recalculation      {whole:8.2f} s for 100,000 formulas; the bare engine {bare:.2f} s")
    print(f"                   {whole / bare:8.2f} times the bare engine             (goal: 2.0)")
    size = sum(info.file_size for info in zipfile.ZipFile(io.BytesIO(data)).infolist())
    peak = _peak_megabytes()
    print(f"                   {peak:8.0f} MB at most for {size / 1e6:.0f} MB of XML             (goal: 300)")
    print(
        f"                   {(peak - before) * 2**20 / 100_000:8.0f} bytes a formula                    (goal: 1,024)"
    )
    ratio = _recalculated(workbook_bytes(5 * ROWS)) / whole
    print(f"500,000 formulas   {ratio:8.2f} times 100,000, {_peak_megabytes():.0f} MB at most        (goal: 5)")


def exact_formulas() -> None:
    plain = _recalculated(workbook_bytes())
    _recalculated(workbook_bytes(1, 1))  # compiles the exact engine, once
    for doubtful in (10, 1000):
        ratio = _recalculated(workbook_bytes(doubtful=doubtful)) / plain
        print(f"{doubtful:5} exact formulas {ratio:7.2f} times none of them")


ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""


def libreoffice() -> None:
    """CPU seconds that LibreOffice takes more for 100,000 formulas than for five, read, recalculated and written."""
    program = shutil.which("soffice")
    if program is None:
        print("LibreOffice        is not installed")
        return
    ordinary = "A{0}/7+B{0}"
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "profile" / "user" / "registrymodifications.xcu"
        settings.parent.mkdir(parents=True)
        settings.write_text(ALWAYS_RECALCULATE)
        profile = f"-env:UserInstallation={(Path(folder) / 'profile').as_uri()}"
        seconds = {}
        for rows in (1, 1, ROWS):
            path = Path(folder) / "book.xlsx"
            path.write_bytes(workbook_bytes(rows, call=ordinary))
            command = [program, profile, "--headless", "--convert-to", "xlsx", "--outdir", f"{folder}/out", str(path)]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds[rows] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    theirs = seconds[ROWS] - seconds[1]
    data = workbook_bytes(call=ordinary)
    ours = min(_recalculated(data) for _ in range(3))
    print(
        f"LibreOffice        {theirs:8.2f} s for 100,000 ordinary formulas, {theirs / ours:.1f} times ours   (goal: 4)"
    )


def main_job() -> None:
    """The README's main job against reading and calculating the template with the bare engine."""
    from xlcalc.workbook import report

    template = report.find("training-budget").to_bytes()
    settings = {"model": "llama-3.1-70b", "tokens": "15e12"}
    report.make("training-budget", settings)
    start = time.process_time()
    report.make("training-budget", settings)
    whole = time.process_time() - start
    start = time.process_time()
    book = formualizer.Workbook.from_bytes(template)
    for function in xlcalc.functions():
        book.register_function(function.name, function)
    book.evaluate_all()
    print(f"main job           {whole:8.2f} s, {whole / (time.process_time() - start):.1f} times the bare engine")


def kept_open() -> None:
    """A changed input of a workbook that is open: all results, and two of them by name."""
    with xlcalc.open_workbook("training-budget") as book:
        for what, names in (("all results", ()), ("two results", ("total_cost", "wall_clock_days"))):
            seconds = []
            for share in range(1, 12):
                book.set(contingency="50%")
                book.results(*names)
                start = time.process_time()
                book.set(contingency=f"{share}%")
                book.results(*names)
                seconds.append(time.process_time() - start)
            print(
                f"open workbook      {statistics.median(seconds) * 1000:8.0f} ms, a changed input, {what}   (goal: 30)"
            )


def models_in_turn() -> None:
    """Configurations asked for in turn, of which some more than are kept."""
    fields = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
              "intermediate_size": 14336}  # fmt: skip
    for size in (500, 520, 2000):
        asked = [json.dumps({**fields, "vocab_size": 128_000 + n}) for n in range(size)]
        seconds = []
        for _ in range(4):
            start = time.process_time()
            for config in asked:
                xlcalc.LLM_KV_CACHE(config, 8192)
            seconds.append(time.process_time() - start)
        again = min(seconds[1:]) / size
        print(f"models in turn     {again * 1e6:8.0f} us a call of {size:,} configurations, each again and again")


def unknown_names() -> None:
    """5,000 cells of which 4 % name a model that is not known."""
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row in range(5000):
            sheet.write(row, 0, "llama-3.1-8b" if row % 25 else f"llama-3.1-8x{row}")
            sheet.write_formula(row, 1, f"=LLM_PARAMS(A{row + 1})")
    data = file.getvalue()
    recalculate(data, {f.name: f for f in xlcalc.functions()})
    start = time.process_time()
    recalculate(data, {f.name: f for f in xlcalc.functions()})
    print(f"unknown names      {time.process_time() - start:8.2f} s for 5,000 cells, 200 of them unknown (goal: 1)")


def sweep() -> None:
    import sweeps

    sweeps.cells()
    sweeps.million(sweeps.N)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main_jobs() -> None:
    main_job()
    kept_open()


def names() -> None:
    unknown_names()
    models_in_turn()


PARTS: dict[str, Callable[[], None]] = {
    "calls": scalar_calls, "derivations": derivations, "start": first_answer, "workbook": recalculation,
    "exact": exact_formulas, "libreoffice": libreoffice, "job": main_jobs, "names": names, "sweep": sweep,
    "server": server.load,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without")
    asked = parser.parse_args().parts
    if unknown := [name for name in asked if name not in PARTS]:
        parser.error(f"{unknown[0]} is none of {', '.join(PARTS)}")
    for name in asked or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
