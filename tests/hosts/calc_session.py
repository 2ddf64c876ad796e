"""LibreOffice Calc, headless, in a profile of its own, with our extension installed."""

from __future__ import annotations

import atexit
import glob
import json
import os
import shutil
import subprocess
import tempfile
import uuid
from functools import cache
from pathlib import Path
from typing import Any

from xlcalc.hosts import addin_libreoffice

DRIVER = Path(__file__).with_name("calc_driver.py")


@cache
def uno_python() -> str | None:
    """A Python that has LibreOffice's uno; None where there is none."""
    beside = [Path(path).resolve().with_name("python") for path in filter(None, [shutil.which("soffice")])]
    for python in ["/usr/bin/python3", *map(str, beside), *glob.glob("/opt/libreoffice*/program/python")]:
        if os.path.exists(python) and not subprocess.run([python, "-c", "import uno"], capture_output=True).returncode:
            return python
    return None


def missing() -> str:
    """Why the tests cannot run here; empty where they can."""
    if not shutil.which("soffice") or not shutil.which("unopkg"):
        return "LibreOffice is not installed"
    return "" if uno_python() else "LibreOffice's uno for Python (python3-uno) is not installed"


class Calc:
    """An office with an extension; its methods are the driver's."""

    def __init__(self, folder: Path, extension: bytes, **environment: str) -> None:
        folder.mkdir(exist_ok=True)
        self.profile = folder / "profile"
        setting = f"-env:UserInstallation={self.profile.as_uri()}"
        addin_libreoffice.install(extension, setting)
        pipe = f"xlcalc-{uuid.uuid4().hex[:8]}"
        python = uno_python()
        assert python
        self.log = (folder / "office.log").open("w")
        self._office = subprocess.Popen(
            ["soffice", setting, "--headless", "--norestore", f"--accept=pipe,name={pipe};urp;"],
            env={**os.environ, **environment}, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        self._driver = subprocess.Popen(
            [python, str(DRIVER), pipe], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )

    def __getattr__(self, command: str) -> Any:
        def do(**arguments: Any) -> Any:
            assert self._driver.stdin and self._driver.stdout
            print(json.dumps([command, arguments]), file=self._driver.stdin, flush=True)
            reply = json.loads(self._driver.stdout.readline())
            assert "error" not in reply, f"{command}: {reply['error']}"
            return reply["result"]

        return do

    def shows(self, formula: str, **cells: Any) -> Any:
        """What a formula shows in a cell of a new sheet, given other cells."""
        self.open()
        self.put(cells={**cells, "H20": formula})
        return self.read(address="H20")[0][0]

    def finish(self) -> None:
        try:
            self.quit()
            self._driver.wait(20)
            self._office.wait(20)
        finally:
            for process in (self._driver, self._office):
                if process.poll() is None:
                    process.kill()
                    process.wait()
            self.log.close()


@cache
def office() -> Calc:
    """One with the extension as it is built, for all that need no other; it ends with the process of the tests."""
    folder = tempfile.mkdtemp(prefix="xlcalc-office-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    calc = Calc(Path(folder), addin_libreoffice.build())
    atexit.register(calc.finish)
    return calc


def literal(value: Any) -> str:
    """A value in a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE()" if value else "FALSE()"
    if isinstance(value, list):
        return "{" + "|".join(".".join(literal(v) for v in row) for row in value) + "}"
    return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else repr(value)
