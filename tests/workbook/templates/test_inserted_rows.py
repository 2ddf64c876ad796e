"""Rows that a user inserts, in the real LibreOffice: an own line more reaches the total of each budget, and so does a row
above the guards of Calculation and Timeline."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid

import pytest
from calc_session import uno_python
from template_files import SHIPPED, loaded, named

from xlcalc.workbook.files.package import Package
from xlcalc.workbook.files.recalc import recalculate
from xlcalc.workbook.listed import cell_functions, listed_names

pytestmark = [
    pytest.mark.xdist_group("hosts"),
    pytest.mark.host,
    pytest.mark.skipif(not shutil.which("soffice") or not uno_python(), reason="LibreOffice with uno is not installed"),
]
BUDGETS = [name for name in SHIPPED if listed_names(SHIPPED[name])]
AMOUNT = 1000


NAMES = ["subtotal", "total_cost", "paid", "contingency_shown", "tax_shown", "checks_failed"]


def test_inserted_rows_are_in_the_total(tmp_path):
    pipe, paths, wanted = f"xlcalc-{uuid.uuid4().hex[:8]}", [], []
    for name in BUDGETS:
        book = loaded(name)
        own = named(book, "own_names")[-1][0].row
        guards = {
            place: named(book, total).row - 1
            for place, total in (("Calculation", "subtotal"), ("Timeline", "paid_subtotal"))
        }
        line = {"A": "Legal", "B": AMOUNT, "C": "USD in all"}
        steps = [
            {"sheet": "Inputs", "row": own, "cells": line, "unprotect": False},
            {"sheet": "Calculation", "row": guards["Calculation"], "cells": {"C": AMOUNT}, "unprotect": True},
            {"sheet": "Timeline", "row": guards["Timeline"], "cells": {"D": AMOUNT}, "unprotect": True},
        ]
        wanted.append({"steps": steps, "names": NAMES})
        paths.append(tmp_path / f"{name}.xlsx")
        package = Package(SHIPPED[name])
        if name == "fine-tuning":  # whose hours need a function that LibreOffice has not, or a utilisation
            package.set_cell(*package.locate("mfu"), 0.3)
            package = recalculate(package, cell_functions()).package
        measured = (
            "own_speed" in book.defined_names
        )  # a replica of one's own needs no function, which LibreOffice has not
        for known, figure in (("own_speed", 1500), ("own_accelerators", 4)) if measured else ():
            package.set_cell(*package.locate(known), figure)
        wanted[-1]["anew"] = measured
        package.save(paths[-1])
    office = subprocess.Popen(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--norestore",
         f"--accept=pipe,name={pipe};urp;"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        inserter = __file__.replace("test_inserted_rows", "row_inserter")
        done = subprocess.run([uno_python(), inserter, pipe, *paths], input=json.dumps(wanted), capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
    finally:
        office.kill()
        office.wait()
    for name, told in zip(BUDGETS, map(json.loads, done.stdout.splitlines()), strict=True):
        before, own, calculation, timeline = told
        marked = (1 + before["contingency_shown"]) * (1 + before["tax_shown"])
        added = own["subtotal"] - before["subtotal"]
        assert added > 0 and (AMOUNT / added) == pytest.approx(round(AMOUNT / added)), name  # of a month its part
        assert own["total_cost"] - before["total_cost"] == pytest.approx(added * marked), name
        assert own["paid"] - before["paid"] == pytest.approx(AMOUNT * marked), name
        assert own["checks_failed"] == before["checks_failed"], name
        assert calculation["total_cost"] - own["total_cost"] == pytest.approx(AMOUNT * marked), name
        assert timeline["paid"] - calculation["paid"] == pytest.approx(AMOUNT * marked), name
