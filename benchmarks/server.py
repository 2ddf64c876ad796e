"""The server under load: python benchmarks/server.py

A thousand calls over fifty connections, by one process and by four: how long an answer takes, how many are wrong, what
a call costs beside the same call without a server. Run by benchmarks/run.py too.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import xlcalc

CONNECTIONS, CALLS = 50, 20
SERVE = "from xlcalc.cli import main; main()"


def body(name: str, cells: list[Any]) -> dict[str, Any]:
    """A call as Excel's add-in posts it; each argument is rows of cells."""
    return {"func_name": name, "args": cells, "client": "Office.js", "runtime": "1.4", "version": "0",
            "caller_address": "[Book1.xlsx]Sheet1!J9", "session_id": "1", "culture_info_name": "en-US",
            "date_format": "m/d/yyyy"}  # fmt: skip


@contextmanager
def running(workers: int) -> Iterator[int]:
    """A server on this machine, from the moment that it answers; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", "--port", str(port), "--workers", str(workers)]
    environment = {**os.environ, "XLWINGS_LICENSE_KEY": "noncommercial"}  # tests of an open project
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    try:
        for _ in range(3000):
            if process.poll() is not None:
                raise SystemExit("the server does not start; is xlcalc[server] installed?")
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, contexts: list[int]) -> tuple[Any, float]:
    """The answer to a call for a column of contexts, and the seconds that it took."""
    rows = [[context] for context in contexts]
    sent = json.dumps(body("LLM_KV_CACHE", [[["llama-3.1-8b"]], rows, None, None, None])).encode()
    head = "POST /xlwings/custom-functions-call HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    begun = time.perf_counter()
    writer.write(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().casefold().splitlines()
    length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length"))
    answer = json.loads(await reader.readexactly(length))
    return answer.get("result"), time.perf_counter() - begun


async def _client(port: int, contexts: range, waits: list[float]) -> int:
    """Ask one after the other over one connection; gives how many answers are wrong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wrong = 0
    for context in contexts:
        answer, seconds = await _ask(reader, writer, [context])
        waits.append(seconds)
        wrong += answer != [[xlcalc.LLM_KV_CACHE("llama-3.1-8b", context)]]
    writer.close()
    return wrong


async def _column(port: int) -> None:
    """A thousand cells in one call."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    contexts = [*range(1000)]
    answers = [await _ask(reader, writer, contexts) for _ in range(9)]
    writer.close()
    right = [[xlcalc.LLM_KV_CACHE("llama-3.1-8b", n)] for n in contexts]
    wrong, least = sum(answer != right for answer, _ in answers), min(seconds for _, seconds in answers) * 1e3
    print(f"server, a column {least:9.0f} ms for 1,000 cells in one call, {wrong} wrong   (goal: 22)", flush=True)


async def _all(port: int, waits: list[float]) -> int:
    clients = [_client(port, range(n * CALLS, (n + 1) * CALLS), waits) for n in range(CONNECTIONS)]
    return sum(await asyncio.gather(*clients))


def load() -> None:
    asked = CONNECTIONS * CALLS
    begun = time.perf_counter()
    for context in range(asked):
        xlcalc.LLM_KV_CACHE("llama-3.1-8b", context)
    alone = time.perf_counter() - begun
    first = 0.0
    for workers in (1, 4):
        with running(workers) as port:
            asyncio.run(_all(port, []))  # every process has made its first answers
            waits: list[float] = []
            begun = time.perf_counter()
            wrong = asyncio.run(_all(port, waits))
            seconds = time.perf_counter() - begun
            if workers == 1:
                asyncio.run(_column(port))
        waits.sort()
        first = first or seconds
        half, most = waits[asked // 2], waits[asked * 99 // 100]
        print(
            f"server, {workers} worker{'s' if workers > 1 else ' '}  {seconds:6.2f} s for {asked:,} calls at once, "
            f"{wrong} wrong; p50 {half * 1e3:.0f} ms, p99 {most * 1e3:.0f} ms; {seconds / alone:.0f} times the calls "
            f"alone, {first / seconds:.1f} times as fast as one worker",
            flush=True,
        )


if __name__ == "__main__":
    load()
