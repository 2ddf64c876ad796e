"""The reference as a site: read as a browser reads it, its values calculated again, its search in a real browser."""

from __future__ import annotations

import doctest
import json
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import openpyxl.formula
import pytest
from chromium import violations
from typer.testing import CliRunner

import xlcalc
from xlcalc.catalog import tables
from xlcalc.cli import app as cli
from xlcalc.language.declare import Declaration
from xlcalc.language.kinds import Count
from xlcalc.pages import catalog_lists, questions, site

FUNCTIONS = xlcalc.functions()
VOID = {"meta", "link", "input", "br", "img", "hr"}
each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)


class Element:
    def __init__(self, name="", attributes=()):
        self.name, self.attributes, self.content = name, dict(attributes), []

    def all(self, name="", /, **attributes):
        """Elements below this one by name and attributes."""
        for part in self.content:
            if isinstance(part, Element):
                if name in ("", part.name) and attributes.items() <= part.attributes.items():
                    yield part
                yield from part.all(name, **attributes)

    def one(self, name="", /, **attributes):
        (found,) = self.all(name, **attributes)
        return found

    @property
    def text(self):
        return "".join(part if isinstance(part, str) else part.text for part in self.content)


class Reader(HTMLParser):
    """A tree of elements; fails where one is not closed."""

    def __init__(self, text):
        super().__init__()
        self.open = [Element()]
        self.feed(text)
        self.close()
        assert len(self.open) == 1, "an element is not closed"

    def handle_starttag(self, tag, attrs):
        element = Element(tag, attrs)
        self.open[-1].content.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().name == tag

    def handle_data(self, data):
        self.open[-1].content.append(data)


def read(text):
    return Reader(text).open[0]


FEW_MODELS = ["llama-3.1-8b", "deepseek-v3", "qwen3-30b-a3b", "qwen2.5-vl-7b"]
FEW_MACHINES = ["h100-sxm", "rtx-4090", "apple-m3-ultra"]
LISTS = {"index.html", "functions.html", "models.html", "machines.html", "prices.html"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site with the pages of a few models and accelerators; the lists have links to all."""
    made = tmp_path_factory.mktemp("reference") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog_lists, "model_ids", lambda: FEW_MODELS)
        patch.setattr(catalog_lists, "machine_ids", lambda: FEW_MACHINES)
        assert site.write(made) == len(FUNCTIONS) + len(LISTS) + len(FEW_MODELS) + len(FEW_MACHINES)
    return made


@pytest.fixture(scope="module")
def pages(folder):
    return {path.name: read(path.read_text("utf-8")) for path in folder.glob("*.html")}


@pytest.fixture
def page(pages, function):
    return pages[f"{function.name}.html"]


def section(page, name):
    return page.one("section", **{"aria-labelledby": name})


def rows(part):
    """The rows of a page's table as dictionaries by header."""
    return [{c.attributes["data-label"]: c.text for c in r.all("td")} for r in part.all("tr") if any(r.all("td"))]


class TestPages:
    @pytest.mark.parametrize(("kind", "catalog", "names"), [
        ("model", "models", FEW_MODELS), ("machine", "accelerators", FEW_MACHINES),
    ])  # fmt: skip
    def test_a_row_s_age_is_said_by_the_same_word(self, pages, kind, catalog, names):
        for name in names:
            facts = pages[f"{kind}-{name}.html"].one("dl", **{"class": "facts"})
            said = dict(zip((e.text for e in facts.all("dt")), (e.text for e in facts.all("dd")), strict=True))
            assert said["Read"] == tables.by_id(catalog)[name]["as_of"]

    def test_every_function_has_a_page_and_an_entry(self, pages):
        assert {*LISTS, *(f"{f.name}.html" for f in FUNCTIONS)} <= set(pages)
        entries = [
            e.one("a") for s in pages["functions.html"].all("section", **{"class": "category"}) for e in s.all("li")
        ]
        assert [(a.text, a.attributes["href"]) for a in entries] == [(f.name, f"{f.name}.html") for f in FUNCTIONS]

    def test_links_lead_somewhere_and_nothing_is_fetched(self, pages, folder):
        anchors = {name: {e.attributes["id"] for e in p.all() if "id" in e.attributes} for name, p in pages.items()}
        for name, page in pages.items():
            for element in page.all():
                for address in filter(None, map(element.attributes.get, ("href", "src", "action"))):
                    if element.name == "a" and address.startswith(("http://", "https://")):
                        continue  # a source: followed only by whoever clicks
                    if address == "data:,":
                        continue
                    file, _, anchor = address.partition("#")
                    if file.startswith(("model-", "machine-")) and file not in pages:
                        assert file in site.pages("files")
                        continue
                    assert (folder / (file or name)).is_file(), f"{name}: {address}"
                    assert not anchor or anchor in anchors[file or name], f"{name}: {address}"
        for asset in ("style.css", "search.js", "index-data.js"):
            text = (folder / asset).read_text("utf-8")
            assert not re.search(r"src=.https?:|url\(|@import|fetch\(|XMLHttpRequest|^import ", text)

    def test_every_page_is_one_that_a_screen_reader_can_follow(self, pages):
        assert len({page.one("title").text for page in pages.values()}) == len(pages)
        for name, page in pages.items():
            assert page.one("html").attributes["lang"] == "en"
            assert "width=device-width" in page.one("meta", name="viewport").attributes["content"]
            levels = [int(e.name[1]) for e in page.all() if re.fullmatch("h[1-6]", e.name)]
            assert levels[0] == 1 and levels.count(1) == 1, name
            assert all(after - before <= 1 for before, after in pairwise(levels)), name
            ids = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
            assert len(ids) == len(set(ids)), name
            assert {e.attributes["id"] for e in page.all("input")} == {e.attributes["for"] for e in page.all("label")}
            described = {e.attributes["aria-describedby"] for e in page.all() if "aria-describedby" in e.attributes}
            assert described <= {*ids}, name
            for element in page.all():
                labelled = element.attributes.get("aria-labelledby")
                assert labelled is None or labelled in ids, name

    @pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
    def test_text_stands_out_from_its_ground(self, folder, scheme):
        css = (folder / "style.css").read_text("utf-8")
        named = re.findall(r"--(\w+): #(\w{6});", css)
        colours = dict(named[:9] if scheme == 0 else named[9:])
        assert set(colours) == {"ground", "raised", "ink", "soft", "line", "link", "c1", "c2", "c3"}
        for text in ("ink", "soft", "link"):
            for ground in ("ground", "raised"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def contrast(one, other):
    """WCAG 2.2: relative luminances, brighter over darker."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@each_function
class TestFunctions:
    def test_says_what_its_declaration_says(self, page, function):
        text = " ".join(page.one("main").text.split())
        for paragraph in function.help.replace("`", "").split("\n\n"):
            assert " ".join(paragraph.split()) in text
        assert function.result.about in text and function.source in section(page, "source").text
        said = rows(section(page, "arguments"))
        assert [row["Argument"] for row in said] == [a.name for a in function.arguments]
        for row, argument in zip(said, function.arguments, strict=True):
            assert row["Meaning"] and row["Allowed"] == argument.kind.about and row["Unit"] == argument.unit
            assert row["Meaning"] in function.argument_help(argument.name)
            assert (row["If blank"] == "required") == argument.required
            if argument.default is not None:
                assert argument.kind.read(row["If blank"]) == argument.blank

    def test_the_example_in_python_gives_its_value(self, page, function):
        text = section(page, "in-python").one("pre", **{"class": "doctest"}).text
        names = {f.name: f for f in FUNCTIONS}
        example = doctest.DocTestParser().get_doctest(text, names, function.name, None, None)
        assert example.examples
        report = []
        outcome = doctest.DocTestRunner(verbose=False).run(example, out=report.append)
        assert outcome.failed == 0, "".join(report)

    def test_the_value_of_the_cell_is_the_one_that_the_example_starts_from(self, page, function):
        """The documented call, with the page's value in place of the function, gives the documented result."""
        part = section(page, "example")
        arguments = typed(part.one("p", **{"class": "usage"}).text)
        if function.result.about.startswith("a table") or any(part.all("table")):
            assert [e.text for e in part.all("th")] == function(*arguments)[0]
            return
        value = part.one("data").attributes["value"]
        value = float(value) if re.fullmatch(r"[-+.\de]+", value) else value
        (example, *_) = doctest.DocTestParser().get_examples(function.example)
        names = {f.name: f for f in FUNCTIONS} | {function.name: lambda *a, **k: value}
        if example.source.count(function.name) == 1:
            assert eval(example.source, names) == eval(example.want)
        assert function(*arguments) == value

    def test_what_is_to_copy_gives_the_value(self, page, function):
        part = section(page, "example")
        expected = function(*typed(part.one("p", **{"class": "usage"}).text))
        cell, semicolons, python, *command = [e.one("code").text for e in part.all("dd")]
        assert function(*typed(cell)) == expected
        assert cell.count("(") == semicolons.count("(") and ", " not in re.sub(r'"[^"]*"', "", semicolons)
        assert eval(python, {"xlcalc": xlcalc}) == expected
        for line in command:
            program, *words = shlex.split(line)
            done = CliRunner().invoke(cli.app, words)
            assert (program, done.exit_code) == ("xlcalc", 0), done.output
            if any(part.all("data")):
                value = part.one("data").attributes["value"]
                assert done.stdout.strip() in (value, f"{value}.0")

    def test_each_error_is_the_one_that_the_function_gives(self, page, function):
        arguments = typed(section(page, "example").one("p", **{"class": "usage"}).text)
        arguments += [None] * (len(function.arguments) - len(arguments))
        names = [a.name for a in function.arguments]
        said = rows(section(page, "errors")) if function.arguments else []
        for row in said:
            given = None if row["Given"] == "a blank" else json.loads(row["Given"])
            changed = [*arguments]
            changed[names.index(row["Argument"])] = given
            with pytest.raises(xlcalc.CalcError) as caught:
                function(*changed)
            assert caught.value.code == row["In the cell"] and str(caught.value).endswith(row["What it says"])
        for argument in function.arguments:
            assert not argument.required or (argument.name, "a blank") in [(r["Argument"], r["Given"]) for r in said]

    def test_each_step_follows_from_its_numbers(self, page, function):
        for equation in section(page, "example").all("span", **{"class": "equation"}):
            sides = [e.text.removeprefix("= ") for e in equation.content[1].content]
            if (
                len(sides) == 3 and " - " not in sides[1] and re.fullmatch(r"[\d.e,+ -]+", sides[1])
            ):  # formula, numbers, value: a sum
                figures = re.sub(r"(?<=\d),(?=\d{3}\b)", "", sides[1]).split(" + ")
                assert sum(map(float, figures)) == pytest.approx(
                    float(sides[2].split(" ")[0].replace(",", "")), rel=1e-4
                ), sides


def typed(formula):
    """The arguments of a formula in a cell, None for a blank."""
    values = [None]
    for token in openpyxl.formula.Tokenizer(formula).items[1:-1]:
        if token.type == "SEP":
            values.append(None)
        elif token.type == "OPERAND":
            text = token.value
            values[-1] = text[1:-1].replace('""', '"') if text.startswith('"') else float(text)
        elif token.type == "OPERATOR-PREFIX":
            raise AssertionError("no example has a negative number; read one here")
    return [] if values == [None] else values


def test_known_errors(pages):
    said = {(r["Argument"], r["Given"]): r["In the cell"] for r in rows(section(pages["LLM_KV_CACHE.html"], "errors"))}
    assert said["context", "-1"] == "#NUM!" and said["batch", '"abc"'] == "#VALUE!" and said["model", '"abc"'] == "#N/A"


def test_a_formula_shows_symbols_numbers_and_source(pages):
    part = section(pages["LLM_TRAIN_TIME.html"], "example")
    text = " ".join(part.text.split())
    assert "flops / (accelerators × peak × mfu)" in text and "Narayanan et al. 2021" in text
    assert "2.4e23 FLOP" in text


def test_a_long_derivation_is_cut_and_says_so(pages):
    part = section(pages["LLM_STEP_TIME.html"], "example")
    assert len(list(part.all("li"))) <= 60 and "depth 0 shows all" in part.text


def test_all_text_is_escaped(monkeypatch):
    hostile = '<script>alert("1")</script> & <b>'

    def LLM_HOSTILE(count: Count = 2) -> Count:
        return count

    LLM_HOSTILE.__doc__ = (
        f"Help {hostile}.\n\nArgs:\n    count: meaning {hostile}\nExample:\n    >>> LLM_HOSTILE(3)\n    3\n"
    )
    monkeypatch.setattr(site, "functions", lambda: [Declaration(LLM_HOSTILE, "Model", f"source {hostile}")])
    made = site.pages("files")
    for name in ("functions.html", "LLM_HOSTILE.html"):
        page = read(made[name]())
        assert f"Help {hostile}." in page.text and not any(e.content for e in page.all("script"))
        assert not any(page.all("b"))
    assert page.text.count(hostile) >= 3
    assert page.one("meta", name="description").attributes["content"] == f"Help {hostile}."


class TestFolder:
    """A user's file is never lost."""

    @pytest.fixture(autouse=True)
    def few_pages(self, monkeypatch):
        self.made = {"index.html": "one", "LLM_A.html": "two"}
        monkeypatch.setattr(site, "pages", lambda edition: {n: (lambda t=t: t) for n, t in self.made.items()})

    def test_a_folder_of_something_else_is_refused(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("years")
        with pytest.raises(ValueError, match="is not empty and holds no earlier site"):
            site.write(tmp_path)
        assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]

    @pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": 3}', "\x00"])
    def test_a_manifest_that_is_not_ours_is_refused(self, tmp_path, manifest):
        (tmp_path / site.MANIFEST).write_text(manifest)
        (tmp_path / "index.html").write_text("mine")
        with pytest.raises(ValueError, match=r"holds no earlier site|not as an earlier site left it"):
            site.write(tmp_path)
        assert (tmp_path / "index.html").read_text() == "mine"

    def test_a_file_is_refused(self, tmp_path):
        (tmp_path / "site").write_text("mine")
        with pytest.raises(ValueError, match="is a file"):
            site.write(tmp_path / "site")

    def test_new_nested_and_empty_folders_are_written(self, tmp_path):
        assert site.write(tmp_path) == 2
        assert site.write(tmp_path / "a" / "b") == 2 and (tmp_path / "a" / "b" / "index.html").read_text() == "one"

    def test_an_earlier_site_is_renewed_and_other_files_stay(self, tmp_path):
        site.write(tmp_path)
        (tmp_path / "notes.txt").write_text("mine")
        self.made = {"index.html": "new", "LLM_B.html": "three"}
        site.write(tmp_path)
        left = {p.name: p.read_text() for p in tmp_path.iterdir() if p.name != site.MANIFEST}
        assert left == {"index.html": "new", "LLM_B.html": "three", "notes.txt": "mine"}

    @pytest.mark.parametrize("name", ["index.html", "LLM_A.html"])
    def test_a_changed_page_is_refused_before_anything_is_written(self, tmp_path, name):
        site.write(tmp_path)
        (tmp_path / name).write_text("edited by hand")
        self.made = {"index.html": "new"}
        with pytest.raises(ValueError, match="not as an earlier site left it"):
            site.write(tmp_path)
        assert (tmp_path / name).read_text() == "edited by hand" and (tmp_path / "index.html").read_text() != "new"

    def test_a_file_of_the_user_under_a_new_page_s_name_is_refused(self, tmp_path):
        site.write(tmp_path)
        (tmp_path / "LLM_NEW.html").write_text("mine")
        self.made = {**self.made, "LLM_NEW.html": "ours"}
        with pytest.raises(ValueError, match=r"LLM_NEW\.html is not as"):
            site.write(tmp_path)
        assert (tmp_path / "LLM_NEW.html").read_text() == "mine"

    def test_a_manifest_reaches_no_file_outside(self, tmp_path):
        outside = tmp_path / "outside.txt"
        outside.write_text("mine")
        site.write(tmp_path / "site")
        record = tmp_path / "site" / site.MANIFEST
        known = json.loads(record.read_text())
        known["files"]["../outside.txt"] = site._hash(b"mine")
        record.write_text(json.dumps(known))
        site.write(tmp_path / "site")
        assert outside.read_text() == "mine"


class TestCommandLine:
    def run(self, *words):
        command = [sys.executable, "-c", "from xlcalc.cli import main; main()", "functions", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True)

    def test_writes_the_site(self, tmp_path, monkeypatch):
        monkeypatch.setattr(site, "pages", lambda edition: {"index.html": lambda: edition})
        done = CliRunner().invoke(cli.app, ["functions", "--format", "html", "-o", str(tmp_path / "site")])
        assert done.exit_code == 0, done.output
        assert done.stdout == f"1 pages: {tmp_path / 'site' / 'index.html'}\n"

    def test_refuses_in_one_sentence(self, tmp_path):
        (tmp_path / "mine.txt").write_text("mine")
        done = self.run("--format", "html", "-o", tmp_path)
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and "is not empty" in done.stderr

    @pytest.mark.parametrize(
        "words", [("--format", "html"), ("--format", "md", "-o", "x"), ("--format", "pdf"), ("--pyodide", "x")]
    )
    def test_wrong_usage(self, words):
        assert self.run(*words).returncode == 2


class TestInChromium:
    """From disk, as a user opens it: every request is a file, and no script fails."""

    @pytest.fixture
    def tab(self, browser):
        context = browser.new_context(viewport={"width": 375, "height": 800}, offline=True)
        opened = context.new_page()
        requests, faults = [], []
        opened.on("request", lambda request: requests.append(request.url))
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        yield opened
        assert not faults and requests and all(url.startswith(("file:", "data:,")) for url in requests)
        context.close()

    def search(self, tab, words):
        """The titles that a search lists, by kind."""
        tab.get_by_label("Search", exact=True).fill(words)
        lines = tab.locator("#results li").all()
        return [(line.locator(".kind").inner_text(), line.locator("a").inner_text()) for line in lines]

    @pytest.mark.parametrize(("words", "kind", "title"), [
        ("KV cache", "function", "LLM_KV_CACHE"), ("kaplan", "function", "LLM_PARAMS"),
        ("usd_per_hour failures", "function", "LLM_TRAIN_COST"), ("  draft   MODEL ", "function", "LLM_SPECULATIVE_SPEEDUP"),
        ("llama 3.1 70b", "model", "llama-3.1-70b"), ("H100 80GB HBM3", "machine", "h100-sxm"),
        ("p5.48xlarge us-east-1", "price", "aws/p5.48xlarge/us-east-1"), ("gpt-4o-mini", "API", "gpt-4o-mini"),
        ("llama3.1:70b", "model", "llama-3.1-70b"), ("deepseek-r1:32b", "model", "deepseek-r1-distill-qwen-32b"),
        ("rtx4090", "machine", "rtx-4090"), ("Mac Studio M3 Ultra", "machine", "apple-m3-ultra"),
    ])  # fmt: skip
    def test_everything_is_searched(self, tab, folder, words, kind, title):
        tab.goto((folder / "index.html").as_uri())
        assert (kind, title) in self.search(tab, words)

    @pytest.mark.parametrize(("words", "function"), [
        ("will it fit on my laptop", "LLM_MIN_GPUS"), ("how long does training take", "LLM_TRAIN_TIME"),
        ("should I buy or rent", "LLM_BREAKEVEN"), ("what is the cheapest way to serve", "LLM_SERVE_PLAN"),
        ("can I fine-tune on one card", "LLM_FINETUNE_MEMORY"), ("how much carbon", "LLM_CARBON"),
        ("how many users at once", "LLM_MAX_BATCH"), ("is an api cheaper than self hosting", "LLM_OWN_SHARE"),
        ("can my macbook run a 13B", "LLM_MIN_GPUS"), ("tokens per second on a 4090", "LLM_THROUGHPUT"),
        ("co2 emissions", "LLM_CARBON"), ("parallelism layout for a cluster", "LLM_TRAIN_PLAN"),
    ])  # fmt: skip
    def test_plain_words_lead_to_a_formula_first(self, tab, folder, words, function):
        tab.goto((folder / "index.html").as_uri())
        kind, title = self.search(tab, words)[0]
        assert kind == "question"
        (formula,) = [q.formula for q in questions.asked() if q.text == title]
        assert formula.startswith(f"={function}(")

    def test_nothing_found_and_back(self, tab, folder):
        tab.goto((folder / "index.html").as_uri())
        assert self.search(tab, '<img src=x> "zzz') == [] and tab.locator("#found").inner_text() == "0 found"
        assert self.search(tab, "") == [] and not tab.locator("#search-results").is_visible()

    @pytest.mark.parametrize("words", ["LLM_KV_CACHE", "kv-cache", "Kv cache"])
    def test_enter_opens_the_function_that_is_named(self, tab, folder, words):
        tab.goto((folder / "index.html").as_uri())
        assert len(self.search(tab, words)) > 1
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/LLM_KV_CACHE.html")

    def test_enter_stays_where_there_are_more(self, tab, folder):
        tab.goto((folder / "index.html").as_uri())
        self.search(tab, "memory")
        tab.keyboard.press("Enter")
        assert tab.url.endswith("index.html") and tab.locator("#results li").count() > 1

    def test_a_page_s_search_leads_to_the_index(self, tab, folder):
        tab.goto((folder / "LLM_LOSS.html").as_uri())
        tab.get_by_label("Search", exact=True).fill("carbon")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/index.html?q=carbon")
        assert tab.locator("#results a", has_text="LLM_CARBON").count() == 1
        assert tab.get_by_label("Search", exact=True).input_value() == "carbon"

    def test_axe_finds_nothing(self, tab, folder):
        """Deque's rules of WCAG on pages of every sort, on a phone; in the dark those of colour."""
        for name in ("index.html?q=kaplan", "LLM_STEP_TIME.html", "model-qwen3-30b-a3b.html", "machine-h100-sxm.html"):
            tab.emulate_media(color_scheme="light")
            tab.goto(f"{folder.as_uri()}/{name}")
            assert violations(tab) == [], name
            tab.emulate_media(color_scheme="dark")
            assert violations(tab, "color-contrast") == [], name

    def test_no_page_is_wider_than_its_screen(self, tab, folder):
        everything = sorted(path.name for path in folder.glob("*.html"))
        for width, names in ((320, everything), (1280, sorted(LISTS))):
            tab.set_viewport_size({"width": width, "height": 700})
            tab.goto((folder / "index.html").as_uri())
            for name in names:  # in place of the first one's content, which is quicker than to open each
                main = re.search("<main.*</main>", (folder / name).read_text("utf-8"), re.DOTALL)[0]
                wide = "(main) => { document.querySelector('main').outerHTML = main; return document.documentElement.scrollWidth }"
                assert tab.evaluate(wide, main) <= width, name

    def test_the_keyboard_shows_where_it_is(self, tab, folder):
        tab.goto((folder / "LLM_LOSS.html").as_uri())
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == "Skip to content"
        assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    @pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
    def test_light_and_dark(self, tab, folder, scheme, dark):
        tab.emulate_media(color_scheme=scheme)
        tab.goto((folder / "LLM_LOSS.html").as_uri())
        ground = re.findall(r"\d+", tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert (sum(map(int, ground[:3])) < 200) == dark


def test_pages_of_the_catalogs_are_made_of_what_functions_give():
    """Every ninth of the models and accelerators, chosen by their place; a page of any other is made the same way."""
    made = catalog_lists.pages("files")
    for file, make in list(made.items())[3::9]:
        page = read(make())
        for row in (row for table in page.all("table") for row in rows(table) if "Formula" in row):
            arguments = typed(row["Formula"])
            function = next(f for f in FUNCTIONS if row["Formula"].startswith(f"={f.name}("))
            shown = float((row.get("Memory") or row["Number"]).split()[0].replace(",", ""))
            assert shown == pytest.approx(function(*arguments), rel=1e-5), (file, row["Formula"])
        assert "None" not in page.one("main").text and "nan" not in page.one("main").text.lower().split(), file
