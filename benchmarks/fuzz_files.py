"""Hostile files and bodies, and plugs pulled: python benchmarks/fuzz_files.py [AREA...] [--seconds N] [--seed N]

workbooks   mutated .xlsx files are recalculated: an answer or one sentence, in bounded time and memory
catalogs    mutated CSV files are read as a user's catalog and as measured cases: rows or one sentence
bodies      mutated bodies are posted to the server's application: an answer or a refusal, never a failure of its own
kills       programs are killed while they write (fuzz_kills.py names them): the old file or the new, no file left over
            by the next run, no configuration without its row

What breaks a rule is printed with its seed, by which it can be made again; exit status 1 if anything did.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import logging
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

SLOW = 20.0  # CPU seconds of a file
MEMORY = 500  # MB that the process which reads files takes at most
JUNK = (b"", b"\x00", b"\xff\xfe", b"<", b"&", b"&amp;", b"]]>", b"9" * 400, b"-1", b"1e999", b"A1:XFD1048576", b"=",
        b"#REF!", b"LLM_PARAMS(", b"(" * 500, b"\xf0\x9f\x92\xa5", b"<!DOCTYPE a [<!ENTITY b>]>", b"../..")  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few of their parts cut, doubled, swapped or replaced."""
    for _ in range(rng.randint(1, 4)):
        size = max(1, len(data))
        start = rng.randrange(size)
        end = min(size, start + rng.choice((1, 1, 2, 8, 40, 400)))
        way = rng.randrange(5)
        if way == 0:
            data = data[:start] + data[end:]
        elif way == 1:
            data = data[:start] + rng.choice(JUNK) + data[end:]
        elif way == 2:
            data = data[:end] + data[start:end] * rng.choice((1, 2, 50)) + data[end:]
        elif way == 3:
            data = data[:start] + bytes(rng.randrange(256) for _ in range(end - start)) + data[end:]
        else:
            found = list(re.finditer(rb'"[^"<>]{0,40}"|>[^<]{1,40}<|[0-9]+', data[:200_000]))
            if found:
                one, other = rng.choice(found), rng.choice(found)
                data = data[: one.start()] + data[other.start() : other.end()] + data[one.end() :]
    return data


@cache
def workbooks() -> list[bytes]:
    """Small workbooks with what files have: names, tables, strings, arrays, several sheets, LLM_* formulas."""
    import openpyxl
    import xlsxwriter

    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        one, two = book.add_worksheet("One"), book.add_worksheet("Zwei & drei")
        for row in range(6):
            one.write_row(row, 0, [row, f"text {row}", row * 1.5])
            one.write_formula(row, 4, f'=LLM_KV_CACHE("llama-3.1-8b",A{row + 1})')
            one.write_formula(row, 5, f"=SUM(A$1:A{row + 1})*2+IF(C{row + 1}>3,1,0)")
        one.write_dynamic_array_formula("H1", '=LLM_PARAMS_TABLE("gpt2")')
        two.add_table("A1:B4", {"columns": [{"header": "n"}, {"header": "m", "formula": "=[@n]*2"}]})
        two.write_formula("D1", "='One'!F6+total")
        book.define_name("total", "=One!$F$6")
    other = openpyxl.Workbook()
    other.active["A1"], other.active["A2"], other.active["B1"] = "gpt2", "=LLM_PARAMS(A1)", "=VLOOKUP(A1,A1:B3,2,FALSE)"
    kept = io.BytesIO()
    other.save(kept)
    return [made.getvalue(), kept.getvalue()]


def malformed_workbook(rng: random.Random) -> bytes:
    """A workbook broken as a file, or in one of its parts."""
    data = rng.choice(workbooks())
    if rng.random() < 0.25:
        return mutated(data, rng)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        hit = set(rng.sample(names, rng.choice((1, 1, 2))))
        for name in names:
            part = old.read(name)
            if name in hit:
                if rng.random() < 0.1:
                    continue
                part = mutated(part, rng)
            new.writestr(name if rng.random() > 0.01 else f"{name}x", part)
    return out.getvalue()


def a_workbook(rng: random.Random) -> str:
    import xlcalc
    from xlcalc.workbook.files.recalc import recalculate

    data = malformed_workbook(rng)
    return _said(lambda: recalculate(data, {f.name: f for f in xlcalc.functions()}))


def a_catalog(rng: random.Random) -> str:
    """A file of a user's catalog, or of measured cases."""
    from xlcalc.accuracy import measurements
    from xlcalc.catalog import own, tables

    shipped = Path(tables.__file__).parent
    name = rng.choice(("accelerators", "prices", "measured"))
    with tempfile.TemporaryDirectory() as folder:
        lines = (shipped / f"{name}.csv").read_bytes().splitlines(keepends=True)
        kept = [lines[0], *rng.sample(lines[1:], min(len(lines) - 1, 3))]
        file = Path(folder) / "file.csv"
        file.write_bytes(mutated(b"".join(kept), rng))
        if name == "measured":
            return _said(lambda: measurements.of_file(file))
        os.environ["XLCALC_CATALOG"] = str(Path(folder) / "catalog")
        return _said(lambda: own.add_rows(name, [str(file)]))


def _said(work: Callable[[], Any]) -> str:
    """What is wrong with how some work ends; its errors are one sentence of at most 500 characters."""
    begun = time.process_time()
    try:
        work()
    except (ValueError, OSError) as error:
        text = str(error)
        if not text or len(text) > 500 or "\n" in text.strip():
            return f"{type(error).__name__} says {text[:80]!r} ({len(text)} characters)"
    except MemoryError:
        return "runs out of memory"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:120]}"
    seconds = time.process_time() - begun
    return f"{seconds:.0f} s" if seconds > SLOW else ""


class Bodies:
    """The server's application, asked in this process."""

    def __init__(self) -> None:
        os.environ.setdefault("XLWINGS_LICENSE_KEY", "noncommercial")  # tests of an open project
        import httpx

        from xlcalc.hosts import server

        app = server.application("127.0.0.1", server.PROJECT)
        logging.disable()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self.loop = asyncio.new_event_loop()

    def __call__(self, rng: random.Random) -> str:
        import server
        from fuzz import arguments

        import xlcalc

        declaration = rng.choice(xlcalc.functions())
        cells = [[[cell]] for cell in arguments(declaration, rng)]
        body = server.body(declaration.name, cells)
        if rng.random() < 0.3:
            body.pop(rng.choice(list(body)))
        data = json.dumps(body, default=str).encode("utf-8", "surrogatepass")
        if rng.random() < 0.6:
            data = mutated(data, rng)
        headers = {"Content-Type": "application/json"}
        post = self.client.post("/xlwings/custom-functions-call", content=data, headers=headers)
        answer = self.loop.run_until_complete(post)
        if answer.status_code >= 500 or (answer.status_code != 200 and len(answer.text) > 500):
            return f"{answer.status_code} {answer.text[:80]} for {data[:200]!r}"
        return ""


def a_kill(rng: random.Random) -> str:
    """A program that is killed while it writes, then one that is not; every kind of write in turn."""
    import fuzz_kills

    kinds = {"a file": _kill_of_file, "models one after the other": _kill_of_model}
    kind = rng.choice([*kinds, *fuzz_kills.WRITES])
    if kind not in kinds:
        wrong = fuzz_kills.program(kind, rng)
        return f"{kind}: {wrong}" if wrong else ""
    fuzz_kills.killed[kind] += 1
    try:
        return kinds[kind](rng)
    except (ValueError, OSError) as error:
        return f"the next run ends in {type(error).__name__}: {error}"


def _killed(work: Callable[[], None], after: float) -> None:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _kill_of_file(rng: random.Random) -> str:
    from xlcalc.files import write_atomically

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        whole = [bytes([i]) * rng.choice((10, 100_000, 3_000_000)) for i in range(4)]
        path.write_bytes(whole[0])

        def write() -> None:
            while True:
                for data in whole[1:]:
                    write_atomically(path, data)

        _killed(write, rng.uniform(0, 0.02))
        if path.read_bytes() not in whole:
            return "a file that is neither the old nor the new"
        write_atomically(path, whole[0])
        left = [p.name for p in Path(folder).iterdir()]
        return "" if left == ["report.xlsx"] and path.read_bytes() == whole[0] else f"left over: {left}"


def _kill_of_model(rng: random.Random) -> str:
    from xlcalc.catalog import own

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XLCALC_CATALOG"] = str(Path(folder) / "catalog")
        config = Path(folder) / "config.json"
        fields = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
        config.write_text(json.dumps({"model_type": "llama", **dict.fromkeys(fields, 2)}))

        def add() -> None:
            for n in range(1000):
                own.add_model(config, f"ours-{n}")

        _killed(add, rng.uniform(0.01, 0.06))
        own.add_model(config, "last")
        catalog = Path(folder) / "catalog"
        with (catalog / "models.csv").open(newline="", encoding="utf-8") as stream:
            rows = {row["id"] for row in csv.DictReader(stream)}
        configs = {path.stem for path in (catalog / "configs").glob("*.json")}
        hidden = [path.name for path in catalog.rglob(".*") if path.suffix == ".tmp"]
        if "last" not in rows or rows - configs:
            return f"rows without their configuration: {sorted(rows - configs)[:3]}"
        if configs - rows:
            return f"configurations without their row: {sorted(configs - rows)[:3]}"
        return f"left over: {hidden}" if len(hidden) > 1 else ""


def area(name: str, make: Callable[[], Callable[[random.Random], str]], seconds: float, seed: int) -> int:
    """Try until the time is over; gives the number of faults."""
    attempt = make()
    found: Counter[str] = Counter()
    ends, n = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        wrong = attempt(random.Random(seed * 10**9 + n))
        if wrong:
            key = re.sub(r"[0-9]+", "#", wrong)[:60]
            found[key] += 1
            if found[key] <= 2:
                print(f"{name} seed {seed * 10**9 + n}: {wrong}", flush=True)
        n += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if peak > MEMORY:
        found["memory"] += 1
    for kind, times in sorted(sys.modules["fuzz_kills"].killed.items()) if "fuzz_kills" in sys.modules else ():
        print(f"    {kind}: {times:,} kills")
    print(f"{name}: {n:,} tried, {sum(found.values())} faults of {len(found)} kinds, {peak:.0f} MB at most", flush=True)
    return sum(found.values())


AREAS: dict[str, Callable[[], Callable[[random.Random], str]]] = {
    "workbooks": lambda: a_workbook, "catalogs": lambda: a_catalog, "bodies": Bodies, "kills": lambda: a_kill,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"of {', '.join(AREAS)}; all without")
    parser.add_argument("--seconds", type=float, default=60, help="for each area")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    faults = 0
    for name in asked.areas or AREAS:
        child = os.fork()  # each area by itself: what one reads or limits is not the others'
        if child == 0:
            os._exit(1 if area(name, AREAS[name], asked.seconds, asked.seed) else 0)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            print(f"{name}: ended by signal {os.WTERMSIG(status)}")
        faults += status != 0
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
