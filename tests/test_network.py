"""Nothing speaks to the network but `xlcalc prices refresh`: no import, no call, no report asks for an address."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Python tells every use of a socket to its audit hooks, whoever opens it
WATCHED = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request"):
        raise SystemExit(f"asks the network: {event} {arguments}")
sys.addaudithook(watch)
"""
EVERY_CALL = """
import doctest, xlcalc
for function in xlcalc.functions():
    for example in doctest.DocTestParser().get_examples(function.example):
        eval(example.source, vars(xlcalc) | {"round": round})
print(len(xlcalc.functions()))
"""
RANGE = "import xlcalc; xlcalc.LLM_KV_CACHE('gpt2', [[n] for n in range(3000)]); print('done')"
SWEEP = """
import xlcalc
described = {"scenarios": {"model": ["gpt2", "llama-3.1-8b"]}, "results": {"n": "LLM_PARAMS(model)"}}
print(xlcalc.sweep(described, workers=1).kept)
"""
REPORT = "sys.argv[1:] = ['new', 'cluster-tco', '-o', 'new.xlsx']; from xlcalc.cli import main; main()"


def watched(code: str, cwd: object = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WATCHED + code], capture_output=True, text=True, cwd=cwd)


def test_the_watch_sees_the_network():
    done = watched("import socket; socket.create_connection(('127.0.0.1', 9))")
    assert "asks the network" in done.stderr


@pytest.mark.parametrize("code", [EVERY_CALL, RANGE, SWEEP, REPORT], ids=["every call", "range", "sweep", "new"])
def test_nothing_asks_the_network(code, tmp_path):
    done = watched(code, tmp_path)
    assert done.returncode == 0 and done.stdout.strip(), done.stderr[-1000:]
