"""The page of sources has all that the tests check."""

from __future__ import annotations

from pathlib import Path

import page


def test_every_module_of_figures_is_on_the_page():
    there = {path.stem for path in Path(__file__).parent.glob("test_*.py")} - {"test_page"}
    assert there == {f"test_{name}" for name in page.MODULES}


def test_every_source_has_figures_and_says_what_it_computes():
    for source in page.sources():
        assert source.figures and source.computes and source.address.startswith("https://")
        assert len({(figure.what, figure.place) for figure in source.figures}) == len(source.figures), source.title
