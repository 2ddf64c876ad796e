"""The task pane and the reference as xlwings Server serves them, in Chromium, Excel's part played by office_page.js."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import server_process
from chromium import violations
from server_process import Server, missing, running

import xlcalc

if reason := missing():
    pytest.skip(reason, allow_module_level=True)

HOSTILE = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
           "intermediate_size": 128, "hidden_act": "=1+1"}  # fmt: skip
STAND_IN = Path(__file__).with_name("office_page.js")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "models.csv").write_text("id,name\nour-model,Our model\n")
    (folder / "configs").mkdir()
    (folder / "configs" / "our-model.json").write_text(json.dumps(HOSTILE))
    settings = {"XLWINGS_FUNCTIONS_NAMESPACE": "FIN", "XLCALC_CATALOG": str(folder)}
    with running(folder, server_process.certificate(folder), **settings) as started:
        yield started


@pytest.fixture
def tab(browser: Any, server: Server) -> Iterator[Any]:
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 390, "height": 800})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.route("**/office.js", lambda route: route.fulfill(path=STAND_IN, content_type="text/javascript"))
    yield page
    assert not faults
    context.close()


@pytest.fixture
def pane(tab: Any, server: Server) -> Any:
    tab.goto(f"{server.url}/taskpane.html")
    tab.get_by_role("heading", name="Which function for which question").wait_for()
    return tab


def find(pane: Any, words: str, title: str) -> None:
    pane.get_by_label("Search").fill(words)
    pane.get_by_role("link", name=title, exact=True).click()


def said(pane: Any, text: str) -> str:
    pane.locator("#said", has_text=text).wait_for()
    return str(pane.locator("#said").inner_text())


def cell(pane: Any, address: str, sheet: str = "Sheet1") -> Any:
    return pane.evaluate(f"sheet.cells.get('{sheet}!{address}')")


def test_a_formula_is_tried_and_inserted(pane: Any) -> None:
    find(pane, "kv cache", "LLM_KV_CACHE")
    pane.get_by_label("unit").select_option("GiB")
    pane.get_by_role("button", name="Calculate").click()
    pane.locator(".doing", has_text="Calculated").wait_for()
    assert pane.locator("#result data").get_attribute("value") == "1"
    pane.evaluate("sheet.select('B2')")
    pane.get_by_role("button", name="Insert in the active cell").click()
    said(pane, "Sheet1!B2")
    assert cell(pane, "B2") == '=FIN.LLM_KV_CACHE("llama-3.1-8b", 8192, , , "GiB")'
    pane.get_by_label("context").fill("many")
    pane.get_by_role("button", name="Insert in the active cell").click()
    said(pane, "context must be")
    assert cell(pane, "B2").endswith('"GiB")'), "what is refused is not inserted"


def test_a_model_comes_as_a_row_or_a_block_over_free_cells_only(pane: Any) -> None:
    find(pane, "qwen3-8b", "qwen3-8b")
    pane.get_by_role("button", name="Insert a block").click()
    said(pane, "rows")
    block = xlcalc.LLM_MODEL("qwen3-8b")
    cells = [[cell(pane, f"A{i}"), cell(pane, f"B{i}")] for i in range(1, len(block) + 1)]
    assert cells == [["" if v is None else v for v in row] for row in block]
    assert xlcalc.LLM_PARAMS(cells[1:]) == xlcalc.LLM_PARAMS("qwen3-8b"), "the block is a model again"
    pane.evaluate("sheet.select('A3')")
    pane.get_by_role("button", name="Insert a row").click()
    said(pane, "is not empty")
    pane.evaluate("sheet.select('D1')")
    pane.get_by_role("button", name="Insert a row").click()
    said(pane, "Sheet1!D1")
    assert (cell(pane, "D1"), cell(pane, "D2")) == ("id", "qwen3-8b")


def test_a_text_of_a_model_never_becomes_a_formula(pane: Any) -> None:
    find(pane, "our-model", "our-model")
    pane.get_by_role("button", name="Insert a block").click()
    said(pane, "rows")
    assert pane.evaluate("[...sheet.cells.values()].filter((value) => String(value).includes('1+1'))") == ["'=1+1"]


def test_a_price_is_inserted(pane: Any) -> None:
    pane.get_by_role("link", name="Prices", exact=True).click()
    pane.get_by_role("button", name="Insert the price of aws/p5.48xlarge/us-east-1").click()
    said(pane, "Sheet1!A1")
    assert cell(pane, "A1") == '=FIN.LLM_PRICE("aws/p5.48xlarge/us-east-1")'


def test_the_selected_cell_is_explained(pane: Any) -> None:
    pane.evaluate("sheet.put('A1', 'llama-3.1-8b', 'Other sheet'); sheet.put('B2', 8192); sheet.select('C3')")
    pane.evaluate("""sheet.put('C3', "=ROUND(FIN.LLM_KV_CACHE('Other sheet'!A1, $B$2) / 2^30, 1)")""")
    pane.get_by_role("button", name="Explain the selected cell").click()
    pane.get_by_role("heading", name="Sheet1!C3: LLM_KV_CACHE").wait_for()
    assert pane.locator("#place data").get_attribute("value") == "1073741824"
    assert "bytes of an element" in pane.locator("#place .steps").inner_text()
    pane.evaluate("sheet.put('C3', '=SUM(A1:A2)')")
    pane.get_by_role("button", name="Explain the selected cell").click()
    pane.locator(".refusal", has_text="no LLM_ function").wait_for()


def test_axe_finds_nothing_in_the_pane(pane: Any) -> None:
    find(pane, "kv cache", "LLM_KV_CACHE")
    pane.get_by_role("button", name="Insert in the active cell").wait_for()
    assert violations(pane) == []


def test_the_pages_calculate_in_any_browser(tab: Any, server: Server) -> None:
    tab.goto(f"{server.url}/reference/")
    tab.get_by_label("Search").fill("how long does training take")
    tab.locator("#results a").first.click()
    tab.locator(".doing", has_text="Calculated").wait_for()
    flops = xlcalc.LLM_TRAIN_FLOPS("llama-3.1-8b", 15e12)
    expected = xlcalc.LLM_TRAIN_TIME(flops, "h100-sxm", 1024, 0.4, unit="days")
    assert float(tab.locator("#result data").get_attribute("value")) == pytest.approx(expected)


@pytest.mark.parametrize(
    "body", [{}, {"name": "LLM_PARAMS"}, {"name": 5, "given": {}}, {"name": "LLM_PARAMS", "given": []}]
)
def test_malformed_questions_are_refused(server: Server, body: Any) -> None:
    with server.client() as client:
        assert client.post("/reference/answer", json=body).status_code == 422
        assert client.get("/reference/nothing.html").status_code == 404
