"""Plugs pulled: every command that writes is killed at any step of its writing, then run again.

A step is what Python tells its audit hooks: a file opened for writing, renamed, removed, a folder made. A program is
killed at one of them or up to 3 ms later, in the middle of what follows. Then every file must be the old or the new
one, and after the next run the folder as it is after a run that nobody killed. What comes before the first step is done
once: from there the program is forked for each kill.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

BATCH = 40  # kills of a program that has come to its first step
_STEPS = {"open", "tempfile.mkstemp", "glob.glob/2", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"}

killed: Counter[str] = Counter()
"""How often each was killed while it wrote."""


class Write(NamedTuple):
    """A program that writes, by its arguments, in a folder with these files."""

    arguments: list[str] | Callable[[], object]
    files: Callable[[], Mapping[str, bytes]] = dict
    from_start: tuple[str, ...] = ()
    """It reads what it writes to, so it is run from its beginning for each kill; these modules are imported once."""


def _workbook() -> dict[str, bytes]:
    import fuzz_files

    return {"a.xlsx": fuzz_files.workbooks()[0], "s.csv": b"name,tokens\na,1e12\nb,2e12\n"}


def _model() -> dict[str, bytes]:
    fields = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
    return {"config.json": json.dumps({"model_type": "llama", **dict.fromkeys(fields, 2)}).encode()}


def _sweep() -> dict[str, bytes]:
    asked = {"scenarios": {"context": {"from": 1, "to": 90, "steps": 90}},
             "results": {"bytes": "LLM_KV_CACHE('llama-3.1-8b', context)"}}  # fmt: skip
    return {"sweep.json": json.dumps(asked).encode()}


def _refreshed() -> None:
    from xlcalc.catalog import refresh

    offer = SimpleNamespace(gpu_name="H100", gpu_memory=80, gpu_count=8, provider="aws", instance_name="p5", cpu=1,
                            location="x", memory=1, spot=False, price=30)  # fmt: skip
    refresh.refresh(lambda: [offer], place=Path("catalog"))


def _site() -> None:
    from xlcalc.pages import site

    site.pages = lambda edition: {f"{n}.html": lambda n=n: str(n) * 5000 for n in range(4)}
    site.write(Path("site"))


_MODEL = ["models", "add", "config.json", "--id", "our-model", "--catalog", "catalog"]
_CHIP = ["id", "memory_gb=80", "bandwidth_gb_s=2000", "--catalog", "catalog"]
_CATALOG, _SWEEP = ("xlcalc.cli.app",), ("xlcalc.cli.app", "xlcalc.sweeps", "pandas")
WRITES = {
    **{f"report {kind}": Write(["report", "hardware", "-o", f"out.{kind}"])
       for kind in ("xlsx", "html", "md", "json")},  # a PDF is written by the same line
    **{f"scenarios {kind}": Write(["report", "training-budget", "--scenarios", "s.csv", "-o", f"out.{kind}"], _workbook)
       for kind in ("xlsx", "md", "json")},
    "recalc in place": Write(["recalc", "a.xlsx"], _workbook),
    "convert in place": Write(["convert", "a.xlsx", "--to", "xlwings-lite"], _workbook),
    "new": Write(["new", "hardware", "-o", "a.xlsx"], _workbook),
    "validate": Write(["validate", "-o", "a.xlsx"], _workbook),
    "addin excel": Write(["addin", "excel", "-o", "a.xlam"]),
    "addin libreoffice": Write(["addin", "libreoffice", "-o", "a.oxt"]),
    "models add": Write(_MODEL, _model, _CATALOG),
    "hardware add": Write(["hardware", "add", *_CHIP], from_start=_CATALOG),
    "prices add": Write(["prices", "add", "aws/our/x", "accelerator=h100-sxm", "accelerators=8",
                         "on_demand_usd_per_hour=31", "--catalog", "catalog"], from_start=_CATALOG),
    "prices refresh": Write(_refreshed, from_start=_CATALOG),
    "site": Write(_site, from_start=_CATALOG),
    **{f"sweep {kind}": Write(["sweep", "sweep.json", "-o", f"out.{kind}", "--workers", "1"], _sweep, _SWEEP)
       for kind in ("parquet", "csv", "xlsx")},
}  # fmt: skip


def program(name: str, rng: random.Random) -> str:
    """What is wrong after the kills of one of `WRITES`, if anything."""
    one = WRITES[name]
    with tempfile.TemporaryDirectory() as folder:
        for file, data in one.files().items():
            (Path(folder) / file).write_bytes(data)
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            _Runner(Path(folder), one, tell, rng).run()
        os.close(tell)
        with os.fdopen(told) as stream:
            found = json.loads(stream.read() or '["the program never came to a step of writing", 0]')
        os.waitpid(child, 0)
    killed[name] += found[1]
    return found[0]


class _Runner:
    """The program itself, and all that is forked from it."""

    def __init__(self, folder: Path, write: Write, tell: int, rng: random.Random) -> None:
        self.folder, self.write, self.tell, self.rng = folder, write, tell, rng
        self.on_step: Callable[[], None] | None = None
        sys.addaudithook(self._hook)

    def run(self) -> None:
        os.chdir(self.folder)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        if self.write.from_start:
            for module in self.write.from_start:
                import_module(module)
            self._kills()
        else:
            self.on_step = self._kills
        try:
            if callable(self.write.arguments):
                self.write.arguments()
            else:
                from xlcalc import cli

                sys.argv = ["xlcalc", *self.write.arguments]
                cli.main()
        except SystemExit:
            pass
        finally:
            os._exit(0)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on_step is None or event not in _STEPS:
            return
        path = arguments[2] if event == "glob.glob/2" else arguments[0]
        if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        if isinstance(path, str | Path) and os.path.realpath(path).startswith(str(self.folder)):
            self.on_step()

    def _kills(self) -> None:
        """Returns in what is to go on as the program."""
        self.on_step = None
        old, before = self._files(), self._said()
        steps_told, steps_tell = os.pipe()
        if self._forked(lambda: self._count(steps_tell)):
            return
        os.close(steps_tell)
        with os.fdopen(steps_told, "rb") as stream:
            steps = len(stream.read())
        new, times, wrong = self._said(), 0, ""
        for _ in range(BATCH):
            self._restore(old)
            if self._forked(self._kill(self.rng.randrange(steps + 1), self.rng.choice((0, self.rng.uniform(0, 3e-3))))):
                return
            times += os.WIFSIGNALED(self.status)
            now = self._said()
            others = [name for name in {*old, *new} if now.get(name) not in (before.get(name), new.get(name))]
            if self._forked(None):
                return
            if os.WIFSIGNALED(self.status):
                wrong = f"the next run ends by signal {os.WTERMSIG(self.status)}"
            elif others:
                wrong = f"{others[0]} is neither the old file nor the new"
            elif (after := self._said()) != new:
                names = sorted(name for name in {*after, *new} if after.get(name) != new.get(name))
                wrong = f"after the next run these are otherwise than after one alone: {names[:4]}"
            if wrong:
                break
        os.write(self.tell, json.dumps([wrong, times]).encode())
        os._exit(0)

    def _forked(self, plan: Callable[[], None] | None) -> bool:
        """In the child True; else its status."""
        child = os.fork()
        if child == 0:
            self.on_step = plan
            signal.alarm(60)
            return True
        self.status = os.waitpid(child, 0)[1]
        return False

    def _count(self, tell: int) -> None:
        os.write(tell, b"1")

    def _kill(self, step: int, later: float) -> Callable[[], None]:
        left = step

        def on_step() -> None:
            nonlocal left
            left -= 1
            if left <= 0 and later:
                signal.setitimer(signal.ITIMER_REAL, later)
                self.on_step = None
            elif left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        return on_step

    def _files(self) -> dict[str, bytes]:
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    def _said(self) -> dict[str, object]:
        """The files without the moment at which they were written."""
        return {name: _of_zip(data) if data[:2] == b"PK" else data for name, data in self._files().items()}

    def _restore(self, files: Mapping[str, bytes]) -> None:
        for one in self.folder.iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        for name, data in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _of_zip(data: bytes) -> object:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            broken = package.testzip()
            return broken or [(one.filename, one.CRC) for one in package.infolist() if "core.xml" not in one.filename]
    except zipfile.BadZipFile as error:
        return str(error)
