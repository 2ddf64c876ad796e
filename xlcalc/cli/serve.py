"""The command that serves the functions to Excel through xlwings Server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; beyond this machine only with authentication.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    certfile: Annotated[
        Path | None, typer.Option(help="TLS certificate (PEM); Excel loads add-ins over https.")
    ] = None,
    keyfile: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
    project: Annotated[
        Path | None, typer.Option(help="A project of xlwings Server with settings and authentication of its own.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1, max=64)] = 1,
) -> None:
    """Serve the functions to Excel on Windows, Mac and the web.

    Licence: xlwings Server is not part of xlcalc. Noncommercial use is free (PolyForm Noncommercial License 1.0.0: set
    XLWINGS_LICENSE_KEY=noncommercial); commercial use needs a paid plan of xlwings and its key. Nothing else in xlcalc
    needs xlwings Server. It comes with pip install "xlcalc[server]", on Python 3.11 or newer.

    Example: xlcalc serve --certfile localhost.pem --keyfile localhost-key.pem
    """
    from xlcalc.hosts import server

    try:
        server.serve(host, port, certfile, keyfile, project, workers)
    except server.Refusal as refusal:
        print(f"xlcalc: {refusal}", file=sys.stderr)
        raise typer.Exit(2) from None
