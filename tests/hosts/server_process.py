"""xlwings Server as a process of its own on this machine's loopback."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

XLCALC = Path(sys.executable).with_name("xlcalc")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("XLWINGS_")}
NONCOMMERCIAL = {"XLWINGS_LICENSE_KEY": "noncommercial"}


def missing() -> str:
    """Why the server cannot run here; empty where it can."""
    if find_spec("xlwings_server") is None:  # not imported: it would make this process a server for every other test
        return "xlwings Server is not installed: pip install xlcalc[server]"
    if find_spec("httpx") is None:
        return "httpx is not installed"
    return "" if shutil.which("openssl") else "openssl is not installed"


@dataclass(frozen=True)
class Server:
    url: str
    log: Path
    authority: Path

    def client(self, **options: Any) -> Any:
        import httpx

        return httpx.Client(base_url=self.url, verify=ssl.create_default_context(cafile=self.authority), **options)

    def connection(self) -> HTTPSConnection:
        """One that stays open, for thousands of requests."""
        context = ssl.create_default_context(cafile=self.authority)
        return HTTPSConnection(self.url.removeprefix("https://"), context=context, timeout=60)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    files = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
               "-out", files[0], "-keyout", files[1]]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return files


@contextmanager
def running(folder: Path, files: tuple[Path, Path], *options: Any, **environment: str) -> Iterator[Server]:
    """The server with a certificate and its key, from the moment that it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(f"https://127.0.0.1:{port}", folder / "log.txt", files[0])
    command = [XLCALC, "serve", "--port", port, "--certfile", files[0], "--keyfile", files[1], *options]
    with server.log.open("w") as log:
        process = subprocess.Popen(
            [*map(str, command)], stderr=log, env={**ENVIRONMENT, **NONCOMMERCIAL, **environment}
        )
    try:
        with server.client() as client:
            _wait(client, process, server.log)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(client: Any, process: subprocess.Popen[bytes], log: Path) -> None:
    import httpx

    for _ in range(900):
        assert process.poll() is None, log.read_text()
        try:
            client.get("/")
            return
        except httpx.ConnectError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
