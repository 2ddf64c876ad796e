"""The reference as a site: what is on it, and writing it to a folder.

pages("files")      each page by its file, as a function that makes it; for a server, page by page
write(Path("site")) the whole site as plain files
write(Path("site"), runtime(...))   the same with forms that calculate in the browser (browser.py)
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from pathlib import Path

import xlcalc
from xlcalc.files import remove_leftovers, write_atomically
from xlcalc.language.declare import Declaration, functions
from xlcalc.language.errors import CalcError
from xlcalc.pages import catalog_lists, index_data, questions, software_list
from xlcalc.pages.frame import BROWSER, FILES, SCRIPTS, SERVER, file_of, page
from xlcalc.pages.function_pages import function_page
from xlcalc.pages.html import Html, grid, joined, paragraphs, prose, section, tag

MANIFEST = "xlcalc-site.json"  # names every file of a site with its hash; a folder without it is not a site of ours
_FURTHER = {SERVER: ("pane.js",), BROWSER: ("worker.js", "offline.js")}  # what is started from elsewhere


def pages(edition: str) -> dict[str, Callable[[], str]]:
    """Every page and what it loads by its file, to be made when it is asked for."""
    known = functions()
    assets = files("xlcalc.pages") / "assets"
    made: dict[str, Callable[[], str]] = {
        name: partial((assets / name).read_text, "utf-8")
        for name in ("style.css", *SCRIPTS[edition], *_FURTHER.get(edition, ()))
        if name != index_data.FILE
    }
    made[index_data.FILE] = partial(index_data.script, edition)
    made["index.html"] = partial(_start, edition)
    made["functions.html"] = partial(_functions, known, edition)
    for before, function, after in zip([None, *known], known, [*known[1:], None], strict=False):
        made[file_of("function", function.name)] = partial(function_page, function, before, after, edition)
    return made | catalog_lists.pages(edition)


def _start(edition: str) -> str:
    """The search, and the questions that people come with."""
    about = (inspect.getdoc(xlcalc) or "").partition("\n\n")[0]
    main = joined(
        tag("h1", "What it takes to train and host large language models"),
        tag("p", "Search above for a function, a model, an accelerator or a price, or ask in plain words. "
                 "Or begin with one of these questions."),
        tag("section", tag("h2", "Found", id="found-heading"), tag("p", "", id="found", role="status"),
            tag("ul", id="results", class_="results"), id="search-results", hidden="", aria_labelledby="found-heading"),
        section("Which function for which question",
                tag("ul", *(questions.entry(question, edition) for question in questions.asked()), class_="questions")),
    )  # fmt: skip
    return page("xlcalc", about, main, edition, "index.html")


def _functions(known: list[Declaration], edition: str) -> str:
    sections = [
        section(category, tag("ul", *map(_entry, members)), class_="category")
        for category, members in groupby(known, key=lambda f: f.category)
    ]
    errors = (inspect.getdoc(CalcError) or "").partition(">>>")[0]
    software = [[tag("code", name), *rest] for name, *rest in software_list.rows()]
    main = joined(
        tag("h1", "Functions"), tag("p", f"{len(known)} functions"), *sections,
        section("Software", tag("p", prose(software_list.ABOUT)), grid(software_list.HEADERS, software)),
        section("Errors", paragraphs(errors)),
    )  # fmt: skip
    return page("Functions · xlcalc", "Every LLM_* function by category", main, edition, "functions.html")


def _entry(declaration: Declaration) -> Html:
    link = tag("a", tag("code", declaration.name), href=file_of("function", declaration.name))
    return tag("li", link, tag("span", prose(declaration.summary)))


def write(folder: Path, runtime: Mapping[str, bytes] | None = None) -> int:
    """Write the site into `folder`, made where there is none; the number of its pages. With a `runtime` it calculates
    in the browser.

    Raises ValueError, before anything is written, where the folder holds what an earlier site did not put there under
    the name of a page, a page that was changed since, or files but no site.
    """
    earlier = _earlier(folder)
    made = {name: make().encode("utf-8") for name, make in pages(BROWSER if runtime else FILES).items()}
    made |= runtime or {}
    if runtime:
        made["offline.js"] = made["offline.js"].replace(b"VERSION", _version(made))
    ours = {name: [_hash(data)] for name, data in made.items()}
    for name in {*made, *earlier}:
        path = folder / name
        if path.is_dir() or (
            path.exists() and _hash(path.read_bytes()) not in (*earlier.get(name, ()), *ours.get(name, ()))
        ):
            raise ValueError(f"{path} is not as an earlier site left it: move it away, or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    # a run that is killed before it ends leaves pages of both
    _record(folder, {name: [*earlier.get(name, ()), *ours.get(name, ())] for name in {**earlier, **ours}})
    for name, data in made.items():
        write_atomically(folder / name, data)
    for name in earlier.keys() - made.keys():
        (folder / name).unlink(missing_ok=True)
        remove_leftovers(folder / name)
    _record(folder, ours)
    return sum(name.endswith(".html") for name in made)


def _record(folder: Path, files: Mapping[str, Sequence[str]]) -> None:
    record = {"written by": f"xlcalc {xlcalc.__version__}", "files": files}
    write_atomically(folder / MANIFEST, json.dumps(record, indent=1).encode("utf-8"))


def _earlier(folder: Path) -> dict[str, list[str]]:
    """The files of the site in a folder with the hashes they may have; none where the folder is empty or not there."""
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a folder")
    remove_leftovers(folder / MANIFEST)
    if not any(folder.iterdir()):
        return {}
    try:
        known = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
        return {
            name: [known[name]] if isinstance(known[name], str) else list(map(str, known[name]))
            for name in known
            if Path(name).name == name
        }
    except (OSError, ValueError, LookupError, TypeError):
        raise ValueError(
            f"{folder} is not empty and holds no earlier site of xlcalc: name a new or an empty folder"
        ) from None


def _version(made: Mapping[str, bytes]) -> bytes:
    """A name for what a site says, under which a browser keeps it."""
    return sha256(b"".join(made[name] for name in sorted(made))).hexdigest()[:16].encode()


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
