"""The built wheel in Pyodide under Node, as xlwings Lite has it."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NODE = Path(__file__).with_name("node")
WHEELS = NODE / "wheels"
PLATFORM = ["--platform=pyemscripten_2026_0_wasm32", "--python-version=3.14", "--implementation=cp", "--abi=cp314"]


def missing() -> str:
    """Why Pyodide cannot run here; empty where it can. Fetches the wheels that it needs where they are not there."""
    if shutil.which("node") is None:
        return "Node is not installed"
    if not (NODE / "node_modules" / "pyodide").is_dir():
        return "Pyodide is not installed: npm install --no-package-lock --prefix tests/hosts/node"
    if not list(WHEELS.glob("xlwings-*pyemscripten*.whl")):
        command = [sys.executable, "-m", "pip", "download", "-q", "-d", WHEELS, *PLATFORM, "--only-binary", ":all:"]
        done = subprocess.run([*map(str, command), "xlwings"], capture_output=True, text=True)
        if done.returncode:
            return f"no wheels for Pyodide: {done.stderr.strip().splitlines()[-1:]}"
    return ""


@cache
def built() -> tuple[Path, Path]:
    """Our source distribution and the wheel that is made of it, once for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="xlcalc-wheel-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, "-m", "build", "-o", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)  # a folder build/ would hide the module
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def wheel() -> Path:
    return built()[1]


@cache
def _started() -> subprocess.Popen[str]:
    """Node with Pyodide and the wheels, for all tests of a process."""
    wheels = [*sorted(WHEELS.glob("*.whl")), wheel()]
    command = ["node", NODE / "pyodide_run.mjs", NODE / "lite_host.py", *wheels]
    node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(node.kill)
    return node


def run(calls: list[dict[str, Any]]) -> dict[str, Any]:
    """What Pyodide says of our wheel: modules, metadata, and the answer to every call."""
    node = _started()
    assert node.stdin and node.stdout
    print(json.dumps(calls), file=node.stdin, flush=True)
    answer: dict[str, Any] = json.loads(node.stdout.readline())
    return answer
