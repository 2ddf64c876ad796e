"""xlwings Server: the real one on this machine's loopback, over TLS, called as the Office.js client calls it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import server_process
from office_js import OFFICE_ERRORS, as_excel_passes, body, from_office
from server_process import ENVIRONMENT, NONCOMMERCIAL, XLCALC, Server, missing, running
from test_xlwings import CASES, EXAMPLES, FUNCTIONS, KV, N, _argument_help, _expected

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

NODE = Path(__file__).with_name("node")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return server_process.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), certificate) as started:
        yield started


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Any]:
    with server.client(timeout=60) as client:
        yield client


def _ask(client: Any, name: str, args: list[Any]) -> Any:
    response = client.post("/xlwings/custom-functions-call", json=body(name, [*map(as_excel_passes, args)]))
    assert response.status_code == 200, response.text
    return from_office(response.json()["result"])


# What Excel reads when the add-in loads


def test_metadata_shows_every_function_and_argument(client: Any) -> None:
    metadata = client.get("/xlwings/custom-functions-meta.json").json()
    assert metadata["allowErrorForDataTypeAny"]
    assert {f["name"] for f in metadata["functions"]} == set(FUNCTIONS)
    for function in metadata["functions"]:
        declaration = FUNCTIONS[function["name"]]
        assert function["id"] == declaration.name
        assert function["description"] == declaration.summary
        parameters = function["parameters"]
        assert [(p["name"], p.get("optional", False)) for p in parameters] == [
            (a.name, not a.required) for a in declaration.arguments
        ]
        assert [p["description"] for p in parameters] == (_argument_help(declaration.name) or [])


def _names(element: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    yield from ((part.tag.rpartition("}")[2], part) for part in element.iter())


def test_the_manifest_holds_together(server: Server, client: Any) -> None:
    """What the schema asks for and a person would break: every resource named once, lengths, https, images in sizes."""
    text = client.get("/manifest.xml").text
    parts = [*_names(ElementTree.fromstring(text))]
    resources = {
        e.get("id"): (tag, e.get("DefaultValue") or "") for tag, e in parts if e.get("DefaultValue") and e.get("id")
    }
    assert len(resources) == len([e for _, e in parts if e.get("DefaultValue") and e.get("id")])
    assert {e.get("resid") for _, e in parts if e.get("resid")} == set(resources)
    assert all(len(name) <= 32 for name in resources)
    assert all(value.startswith(server.url) for tag, value in resources.values() if tag in ("Url", "Image"))
    assert all(len(value) <= 125 for tag, value in resources.values() if tag == "String")
    assert {e.get("size") for tag, e in parts if tag == "Image" and e.get("resid")} == {"16", "32", "80"}
    top = [tag for tag, _ in ((e.tag.rpartition("}")[2], e) for e in ElementTree.fromstring(text))]
    assert top == ["Id", "Version", "ProviderName", "DefaultLocale", "DisplayName", "Description", "IconUrl",
                   "HighResolutionIconUrl", "SupportUrl", "AppDomains", "Hosts", "Requirements", "DefaultSettings",
                   "Permissions", "VersionOverrides"]  # fmt: skip
    assert "Namespace" not in dict(parts), "functions are called as on every other host"
    found = [value for tag, value in resources.values() if tag in ("Url", "Image")]
    found += [e.get("DefaultValue") or "" for tag, e in parts if tag.endswith("IconUrl")]
    for url in found:
        assert client.get(url).status_code == 200, url


def test_the_manifest_is_read_by_microsofts_own_parser(server: Server, client: Any, tmp_path: Path) -> None:
    """office-addin-manifest; its validator asks a service of Microsoft's, which is not asked here."""
    if shutil.which("node") is None or not (NODE / "node_modules" / "office-addin-manifest").is_dir():
        pytest.skip("office-addin-manifest is not installed: npm install --no-package-lock --prefix tests/hosts/node")
    (tmp_path / "manifest.xml").write_text(client.get("/manifest.xml").text)
    code = (
        "import pkg from 'office-addin-manifest';"
        "console.log(JSON.stringify(await pkg.OfficeAddinManifest.readManifestFile(process.argv[1])))"
    )
    command = ["node", "--input-type=module", "-e", code, str(tmp_path / "manifest.xml")]
    read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=NODE).stdout)
    assert (read["displayName"], read["officeAppType"], read["hosts"]) == (
        "LLM Calculator",
        "TaskPaneApp",
        ["Workbook"],
    )
    assert read["defaultSettings"]["sourceLocation"] == f"{server.url}/taskpane.html"


def test_the_task_pane_loads_the_functions(client: Any) -> None:
    page = client.get("/taskpane.html").text
    assert "/xlwings/custom-functions-code" in page and "xlcalc serve" in page


# Calls


@pytest.mark.parametrize(("name", "args"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_examples(client: Any, name: str, args: tuple[Any, ...]) -> None:
    assert _ask(client, name, list(args)) == _expected(FUNCTIONS[name](*args))


@pytest.mark.parametrize("case", CASES)
def test_arguments_as_cells_hold_them(client: Any, case: str) -> None:
    name, args, expected = CASES[case]
    assert _ask(client, name, args) == expected


@pytest.mark.parametrize("code", sorted(OFFICE_ERRORS.values()))
def test_an_error_cell_is_passed_on(client: Any, code: str) -> None:
    error = {"type": "Error", "basicValue": code, "basicType": "Error"}
    assert _ask(client, KV, ["llama-3.1-8b", [[error], [1]], None, None, None]) == [[code], [N]]


def _from_the_browser(server: Server, calls: list[tuple[str, list[Any]]]) -> dict[str, Any]:
    """What xlwings' own JavaScript, as Excel loads it from the server, makes of calls that are all made at once."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    done = subprocess.run(
        ["node", NODE / "office_client.mjs", server.url],
        input=json.dumps([{"name": name, "args": [*map(as_excel_passes, args)]} for name, args in calls]),
        capture_output=True, text=True, timeout=600, env={**os.environ, "NODE_EXTRA_CA_CERTS": str(server.authority)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_xlwings_own_client(server: Server) -> None:
    expected = [_expected(FUNCTIONS[name](*args)) for name, args in EXAMPLES]
    expected += [result for _, _, result in CASES.values()]
    calls = [(name, list(args)) for name, args in EXAMPLES] + [(name, args) for name, args, _ in CASES.values()]
    answer = _from_the_browser(server, calls)
    assert set(answer["functions"]) == set(FUNCTIONS)
    assert [from_office(result) for result in answer["results"]] == expected


def test_a_thousand_calls_at_once(server: Server) -> None:
    """As a workbook that opens: each with an answer of its own."""
    answer = _from_the_browser(server, [(KV, ["llama-3.1-8b", n, None, None, None]) for n in range(1000)])
    assert answer["results"] == [[[n * N]] for n in range(1000)]


def test_a_thousand_calls_of_many_clients(server: Server) -> None:
    """A thousand calls over fifty connections at once: every answer is its own."""
    host, port = server.url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=server.authority)

    async def client(numbers: range) -> list[Any]:
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
        found = []
        for n in numbers:
            sent = json.dumps(body(KV, [[["llama-3.1-8b"]], [[n]], None, None, None])).encode()
            head = f"POST /xlwings/custom-functions-call HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().casefold().splitlines()
            length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length"))
            found.append(json.loads(await reader.readexactly(length))["result"])
        writer.close()
        return found

    async def ask() -> list[Any]:
        return await asyncio.gather(*[client(range(start, start + 20)) for start in range(0, 1000, 20)])

    assert [result for part in asyncio.run(ask()) for result in part] == [[[n * N]] for n in range(1000)]


def test_a_large_range_holds_nobody_up(server: Server) -> None:
    rates = [[1 + n / 1000] for n in range(1200)]
    arguments = [[["llama-3.1-8b"]], [["h100-sxm"]], [[1]], [[1000]], [[200]], rates]
    started, done = threading.Event(), threading.Event()

    def ask() -> None:
        with server.client(timeout=300) as another:
            started.set()
            answer = another.post("/xlwings/custom-functions-call", json=body("LLM_LATENCY_AT_LOAD", arguments))
            assert len(answer.json()["result"]) == 1200
        done.set()

    large = threading.Thread(target=ask)
    large.start()
    started.wait()
    with server.client(timeout=300) as client:
        for n in range(5):
            assert _ask(client, KV, ["llama-3.1-8b", float(n), ..., ..., ...]) == [[n * N]]
    assert not done.is_set()
    large.join()
    assert done.is_set()


REFUSED = {
    "another host": (421, {"Host": "elsewhere.example"}, body("LLM_FUNCTIONS", [])),
    "a page of another origin": (403, {"Origin": "https://elsewhere.example"}, body("LLM_FUNCTIONS", [])),
    "a page of another port": (403, {"Origin": "https://localhost:1"}, body("LLM_FUNCTIONS", [])),
    "no origin": (403, {"Origin": "null"}, body("LLM_FUNCTIONS", [])),
    "more cells than are taken": (413, {}, body(KV, [[["llama-3.1-8b"]], [[1]] * 100_001, None, None, None])),
    "far more cells than are taken": (413, {}, body(KV, [[["llama-3.1-8b"]], [[1]] * 1_000_000, None, None, None])),
    "more bytes than are taken": (413, {}, body(KV, [[["x" * 17_000_000]], None, None, None, None])),
    "an empty body": (400, {}, b""),
    "not a number": (400, {}, b'{"func_name": "LLM_PARAMS", "args": [NaN]}'),
    "infinity": (400, {}, b'{"func_name": "LLM_PARAMS", "args": [[[Infinity]]]}'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_said_in_a_sentence(server: Server, client: Any, case: str) -> None:
    status, headers, sent = REFUSED[case]
    content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    with server.client() as another:
        headers = {"Content-Type": "application/json", **headers}
        response = another.post("/xlwings/custom-functions-call", content=content, headers=headers)
    assert response.status_code == status and 10 < len(response.json()["detail"]) < 200
    own = {"Origin": server.url}
    answer = client.post("/xlwings/custom-functions-call", json=body("LLM_PARAMS", [[["gpt2"]], None]), headers=own)
    assert answer.json()["result"] == [[124439808]]


def test_a_call_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from xlcalc import LLM_KV_CACHE, CalcError
    from xlcalc.language import deadline

    with deadline.within(0), pytest.raises(CalcError, match="calculate fewer cells"):
        LLM_KV_CACHE("llama-3.1-8b", [1, 2, 3])
    assert LLM_KV_CACHE("llama-3.1-8b", [0, 1]) == [0, N]


def test_pages_run_their_own_scripts_alone(server: Server, browser: Any) -> None:
    """Chromium applies the Content-Security-Policy, and finds nothing of the page's own that breaks it."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    answer = page.goto(f"{server.url}/taskpane.html", wait_until="load")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert not [text for text in said if "Content Security Policy" in text]
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.bad = 1'}))")
    assert page.evaluate("window.bad") is None
    context.close()


def test_several_workers_answer(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    with running(tmp_path, certificate, "--workers", 2) as started:
        for n in range(6):
            with started.client(timeout=60) as client:
                assert _ask(client, KV, ["llama-3.1-8b", float(n), ..., ..., ...]) == [[n * N]]


MALFORMED = {
    "nothing": b"",
    "no JSON": b"{",
    "not UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "null": b"null",
    "no function": b"{}",
    "no arguments": b'{"func_name": "LLM_PARAMS"}',
    "arguments that are no list": json.dumps(body("LLM_PARAMS", 1)).encode(),  # type: ignore[arg-type]
    "arguments that are text": json.dumps(body("LLM_PARAMS", "llama")).encode(),  # type: ignore[arg-type]
    "an unknown function": json.dumps(body("LLM_NOTHING", [])).encode(),
    "a name that is no function": json.dumps(body("__builtins__", [])).encode(),
    "a number for a name": json.dumps({**body("", []), "func_name": 5}).encode(),
    "no runtime": json.dumps({k: v for k, v in body("LLM_FUNCTIONS", []).items() if k != "runtime"}).encode(),
    "deep nesting": b'{"func_name": "LLM_PARAMS", "args": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "too many arguments": json.dumps(body(KV, [[["llama-3.1-8b"]], [[1]], None, None, None, [[1]], [[2]]])).encode(),
    "an object of another kind": json.dumps(body(KV, [[["llama-3.1-8b"]], [[{"type": "Entity"}]]])).encode(),
    "rows of different lengths": json.dumps(body(KV, [[["llama-3.1-8b"]], [[1], [1, 2]]])).encode(),
    "an empty range": json.dumps(body(KV, [[["llama-3.1-8b"]], [[]]])).encode(),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_bodies_end_in_a_refusal_or_an_excel_error(server: Server, client: Any, case: str) -> None:
    headers = {"Content-Type": "application/json", "Connection": "close"}
    with server.client() as another:
        response = another.post("/xlwings/custom-functions-call", content=MALFORMED[case], headers=headers)
    assert "Traceback" not in response.text and ".py" not in response.text
    if response.status_code == 200:
        shown = [value for row in from_office(response.json()["result"]) for value in row]
        assert any(str(value).startswith("#") for value in shown)
    else:
        assert 400 <= response.status_code < 500
    assert _ask(client, KV, ["llama-3.1-8b", 1.0, ..., ..., ...]) == [[N]], "it still answers"


def test_the_sentence_behind_an_error_is_in_the_servers_log(server: Server, client: Any) -> None:
    assert _ask(client, KV, ["llama-3.1-8b", -12345.0, ..., ..., ...]) == [["#NUM!"]]
    assert "LLM_KV_CACHE: context must be" in server.log.read_text() and "-12345" in server.log.read_text()


def test_the_licence_is_said_at_the_start(server: Server) -> None:
    assert "PolyForm Noncommercial" in server.log.read_text()


# Authentication


TOKEN_CHECK = """
from fastapi import HTTPException
from xlwings_server.models import User

async def validate_token(token_string):
    if token_string != "Bearer right":
        raise HTTPException(401)
    return User(id="1", name="A user")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of xlwings Server as a user has it, with authentication of its own."""
    folder = tmp_path_factory.mktemp("project")
    for package, text in {
        "custom_functions": "from xlcalc.hosts.excel import *\n",
        "custom_scripts": "",
        "auth": "",
        "auth/tokens": TOKEN_CHECK,
    }.items():
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text(text)
    (folder / ".env").write_text('XLWINGS_AUTH_PROVIDERS=["tokens"]\nXLWINGS_FUNCTIONS_NAMESPACE="CALC"\n')
    return folder


def test_a_project_with_authentication(certificate: tuple[Path, Path], project: Path, tmp_path: Path) -> None:
    call = body("LLM_PARAMS", [[["llama-3.1-8b"]], None])
    with running(tmp_path, certificate, "--project", project) as started, started.client() as client:
        statuses = [
            client.post("/xlwings/custom-functions-call", json=call, headers={"Authorization": token}).status_code
            for token in ("", "Bearer wrong", "test-token", "Bearer right")
        ]
        manifest = client.get("/manifest.xml").text
    assert statuses == [401, 401, 401, 200]
    assert 'DefaultValue="CALC"' in manifest


def _refused(*options: Any, **environment: str) -> str:
    """The one sentence of a server that does not start; it never listens, so nothing can wait for it."""
    done = subprocess.run(
        [XLCALC, "serve", *map(str, options)],
        capture_output=True,
        text=True,
        timeout=30,
        env={**ENVIRONMENT, **environment},
    )
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
    return done.stderr


def test_nobody_else_is_served_without_authentication() -> None:
    for host in ("0.0.0.0", "::"):
        assert "authentication" in _refused("--host", host, **NONCOMMERCIAL)


def test_a_sample_is_no_authentication() -> None:
    sample = _refused("--host", "0.0.0.0", XLWINGS_AUTH_PROVIDERS='["custom"]', **NONCOMMERCIAL)
    assert "'custom' has no code" in sample
    entra = _refused("--host", "0.0.0.0", XLWINGS_AUTH_PROVIDERS='["entraid"]', **NONCOMMERCIAL)
    assert "XLWINGS_AUTH_ENTRAID_CLIENT_ID" in entra


def test_with_authentication_others_may_be_served(project: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from xlcalc.hosts.server import application;"
        "application('0.0.0.0', Path(sys.argv[1])); print('ready')"
    )
    command = [sys.executable, "-c", code, str(project)]
    done = subprocess.run(command, capture_output=True, text=True, env={**ENVIRONMENT, **NONCOMMERCIAL})
    assert done.stdout == "ready\n", done.stderr


def test_what_else_is_refused(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    assert "XLWINGS_LICENSE_KEY" in _refused()
    assert "Invalid" in _refused(XLWINGS_LICENSE_KEY="wrong")
    assert "--keyfile" in _refused("--certfile", certificate[0], **NONCOMMERCIAL)
    assert "nothing.pem" in _refused(
        "--certfile", tmp_path / "nothing.pem", "--keyfile", certificate[1], **NONCOMMERCIAL
    )
    assert "xlwings-server init" in _refused("--project", tmp_path, **NONCOMMERCIAL)
    assert "XLWINGS_AUTH_PROVIDERS" in _refused(XLWINGS_AUTH_PROVIDERS="custom", **NONCOMMERCIAL)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "in use" in _refused("--port", taken.getsockname()[1], **NONCOMMERCIAL)


def test_help_names_the_licence() -> None:
    text = subprocess.run([XLCALC, "serve", "--help"], capture_output=True, text=True).stdout
    assert "PolyForm Noncommercial" in text and "paid plan" in text and "Example:" in text


def test_nothing_else_needs_it() -> None:
    code = (
        "import sys; sys.modules['xlwings_server'] = None;"
        "import xlcalc.cli, xlcalc.hosts.server, xlcalc.workbook.report;"
        "print(sorted(m for m in sys.modules if m.startswith(('xlwings', 'fastapi', 'uvicorn')) and sys.modules[m]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
