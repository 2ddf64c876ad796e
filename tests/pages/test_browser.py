"""The site that calculates in the browser: real Pyodide in real Chromium, from a server that is then stopped."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import xlcalc
from xlcalc.pages import browser as runtime
from xlcalc.pages import catalog_lists, site

PYODIDE = Path(__file__).parents[1] / "hosts" / "node" / "node_modules" / "pyodide"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *of):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if not PYODIDE.is_dir():
        pytest.skip("Pyodide is not installed: npm install --no-package-lock --prefix tests/hosts/node")
    made = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog_lists, "model_ids", lambda: ["llama-3.1-8b"])
        patch.setattr(catalog_lists, "machine_ids", lambda: ["h100-sxm"])
        site.write(made / "site", runtime.runtime(PYODIDE))
    return made / "site"


def test_a_form_calculates_and_goes_on_without_a_server(browser, folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    context = browser.new_context()
    requests, faults = [], []
    context.on("request", lambda request: requests.append(request.url))
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.add_init_script("navigator.serviceWorker?.addEventListener('message', (e) => { window.kept = e.data })")
    tab = context.new_page()
    tab.set_default_timeout(120_000)

    tab.goto(f"{here}/LLM_TPOT.html")
    tab.get_by_label("count").fill("2")
    tab.get_by_role("button", name="Calculate").click()
    tab.locator(".doing", has_text="Loading Python").wait_for()
    assert tab.get_by_role("progressbar").is_visible()
    tab.locator(".doing", has_text="Calculated").wait_for()
    expected = xlcalc.LLM_TPOT("llama-3.1-8b", "h200-sxm", 2, 1024, unit="ms")
    assert float(tab.locator("#result data").get_attribute("value")) == pytest.approx(expected, rel=1e-12)
    assert tab.locator("#result .range").is_visible() and not tab.get_by_role("progressbar").is_visible()

    tab.wait_for_function("window.kept === 'kept'")
    server.shutdown()
    server.server_close()
    tab.goto(f"{here}/LLM_KV_CACHE.html?model=llama-3.1-8b&context=8192")  # never opened before
    tab.locator(".doing", has_text="Calculated").wait_for()
    assert tab.locator("#result data").get_attribute("value") == "1073741824"
    tab.get_by_label("context").fill("-1")
    tab.keyboard.press("Enter")
    tab.locator("#result .refusal", has_text="context must be").wait_for()
    tab.get_by_label("context").evaluate(
        """(field) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", "8192\\r\\n16384\\r\\n");
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }"""
    )  # as Excel copies two cells below each other
    tab.get_by_role("button", name="Calculate").click()
    tab.locator("#result td", has_text="2,147,483,648").wait_for()
    tab.reload()
    tab.locator("#result td", has_text="2,147,483,648").wait_for()
    assert not faults and all(url.startswith((here, "data:,", "blob:")) for url in requests)
    context.close()


def test_what_is_no_pyodide_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is not the npm package pyodide: it lacks"):
        runtime.runtime(tmp_path)
