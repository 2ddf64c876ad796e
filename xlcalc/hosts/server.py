"""xlwings Server: the cell functions as an Office.js add-in, for Excel on Windows, on the Mac and on the web.

What runs is xlwings' own `xlwings-server` package; `server_project/` beside this file is the project that it serves:
one import line and the add-in's manifest. Settings, authentication and TLS are xlwings Server's
(https://server.xlwings.org). The package is imported here and nowhere else, because its licence differs from ours.
"""

from __future__ import annotations

import importlib
import ipaddress
import logging
import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from xlcalc.hosts import guard
from xlcalc.language.declare import find

LICENCE = (
    "xlwings Server is not part of xlcalc: it is free under the PolyForm Noncommercial License 1.0.0 for noncommercial "
    "use, and commercial use needs a paid plan (https://www.xlwings.org/pricing)."
)
_HOST, _PROJECT = "XLCALC_SERVE_HOST", "XLCALC_SERVE_PROJECT"  # of `serve`, for the processes that it starts
PROJECT = Path(__file__).with_name("server_project")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Refusal(Exception):
    """Why the server does not start, in one sentence."""


def serve(
    host: str, port: int, certfile: Path | None, keyfile: Path | None, project: Path | None, workers: int = 1
) -> None:
    """Run xlwings Server until it is interrupted, in so many processes."""
    if (certfile is None) != (keyfile is None):
        raise Refusal("TLS takes both a certificate and its key: --certfile and --keyfile")
    for file in (certfile, keyfile):
        if file is not None and not file.is_file():
            raise Refusal(f"there is no file {file}")
    app = application(host, project or PROJECT)
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise Refusal(f"{host} port {port}: {error.strerror}") from None

    import uvicorn

    address = f"[{host}]" if ":" in host else host
    url = f"{'https' if certfile else 'http'}://{address}:{port}"
    print(f"xlcalc: the add-in's manifest is {url}/manifest.xml; Ctrl+C stops the server", file=sys.stderr)
    print(f"xlcalc: pages that calculate, for a browser: {url}/reference/", file=sys.stderr)
    if certfile is None:
        print(
            "xlcalc: Excel loads add-ins over https only: give --certfile and --keyfile, or use a proxy",
            file=sys.stderr,
        )
    print(f"xlcalc: {LICENCE}", file=sys.stderr)
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "ssl_certfile": certfile,
        "ssl_keyfile": keyfile,
        "log_level": "warning",
    }
    if workers == 1:
        uvicorn.run(app, **options)
    else:
        os.environ[_HOST], os.environ[_PROJECT] = host, str((project or PROJECT).resolve())
        uvicorn.run("xlcalc.hosts.server:of_worker", factory=True, workers=workers, **options)


def of_worker() -> Any:
    """The application in a process that `serve` has started."""
    return application(os.environ[_HOST], Path(os.environ[_PROJECT]))


def application(host: str, project: Path) -> Any:
    """The ASGI application of xlwings Server with this project, once it is fit to be served at this address."""
    if sys.version_info < (3, 11):
        raise Refusal(f"xlwings Server needs Python 3.11 or newer; this is {sys.version_info[0]}.{sys.version_info[1]}")
    if find_spec("xlwings_server") is None:
        raise Refusal('xlwings Server is not installed: pip install "xlcalc[server]"')
    if not (project / "custom_functions").is_dir() or not (project / "custom_scripts").is_dir():
        raise Refusal(f"{project} is no project of xlwings Server: make one there with xlwings-server init")
    os.environ["XLWINGS_PROJECT_DIR"] = str(project.resolve())
    settings = _settings()
    _check_authentication(settings, project)
    if not settings.auth_providers and not _is_loopback(host):
        raise Refusal(
            f"{host} can be reached by others: set up authentication first (XLWINGS_AUTH_PROVIDERS, docs/server.md), "
            "or listen on 127.0.0.1"
        )
    _check_licence()
    sys.modules["pyodide"] = None  # xlwings looks for it at every argument
    main = importlib.import_module("xlwings_server.main")
    importlib.import_module("xlwings.utils").is_jsnull = lambda value: False  # and at every cell
    module = sys.modules["custom_functions"]
    served = [name for name, value in vars(module).items() if hasattr(value, "__xlfunc__")]
    if not any(name.startswith("LLM_") for name in served):
        raise Refusal(f"{project / 'custom_functions'} lacks the line: from xlcalc.hosts.excel import *")
    logging.getLogger("xlcalc").setLevel(logging.INFO)  # the sentence behind every error in a cell
    guard.off_the_loop(module, [name for name in served if name.startswith("LLM_") and find(name)])
    main.app.include_router(importlib.import_module("xlcalc.hosts.reference").router)
    hosts = {host.casefold(), *_LOOPBACK} if _is_loopback(host) else None
    if settings.hostname:
        hosts = {*(hosts or ()), guard.name_of(settings.hostname)}
    functions = {name: (found := find(name)) is not None and found.is_search for name in served}
    ours = project.resolve() == PROJECT.resolve()  # pages of another project have their own policy, in its settings
    policy = guard.POLICY if ours else ""
    name = guard.name_of(settings.hostname or "")
    return guard.Guard(main.main_app, hosts, name, settings.cors_allow_origins, functions, policy)


def _settings() -> Any:
    try:
        return importlib.import_module("xlwings_server.config").settings
    except ValidationError as error:
        wrong = "; ".join(f"XLWINGS_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise Refusal(f"xlwings Server cannot read its settings: {wrong}") from None
    except ValueError as error:
        raise Refusal(f"xlwings Server cannot read its settings: {error}") from None


def _check_authentication(settings: Any, project: Path) -> None:
    """Refuse what looks like authentication and is none: xlwings Server's samples stand in for what a project lacks."""
    for provider in settings.auth_providers or ():
        if provider == "entraid":
            if not (settings.auth_entraid_client_id and settings.auth_entraid_tenant_id):
                raise Refusal("Entra ID needs XLWINGS_AUTH_ENTRAID_CLIENT_ID and XLWINGS_AUTH_ENTRAID_TENANT_ID")
        elif not (project / "auth" / provider / "__init__.py").is_file():
            raise Refusal(
                f"the authentication {provider!r} has no code in {project / 'auth' / provider}: "
                "give the project that has it with --project"
            )


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        raise Refusal(f"{host} is no address of this machine") from None
    return all(ipaddress.ip_address(entry[4][0]).is_loopback for entry in found)


def _check_licence() -> None:
    """Import what needs the licence key: xlwings checks it then, so that its error type is not there to be named."""
    try:
        importlib.import_module("xlwings.server")
    except Exception as error:
        if type(error).__name__ != "LicenseError":
            raise
        raise Refusal(
            f"{str(error).rstrip('.')}: set XLWINGS_LICENSE_KEY to a key, or to noncommercial if your use is. {LICENCE}"
        ) from None
