"""Data files: ours pass the checks that a user's has to pass, and each fault is said with its file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcalc.catalog
from xlcalc.catalog import table_file, tables
from xlcalc.catalog.table_file import TableError

FOLDER = Path(xlcalc.catalog.__file__).parent
CATALOGS = ("models", "accelerators", "prices", "api_prices", "grid", "storage_prices")
COLUMNS = tuple(tables.shipped("prices")[0])


def read(data: bytes | str) -> list[dict[str, str]]:
    found = table_file.lines(data if isinstance(data, bytes) else data.encode(), "prices.csv")
    return table_file.checked(found, "prices.csv", COLUMNS, {"h100-sxm": {}})


@pytest.mark.parametrize("name", CATALOGS)
def test_ours_pass(name):
    lines = table_file.lines((FOLDER / f"{name}.csv").read_bytes(), name)
    assert len(table_file.checked(lines, name, tuple(lines[0][1]), tables.by_id("accelerators"))) == len(lines)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.csv")), ids=lambda path: path.stem)
def test_ours_are_whole(path):
    assert table_file.lines(path.read_bytes(), path.name)


def test_what_excel_writes_is_read():
    assert read(b"\xef\xbb\xbf id ,as_of\r\na/b/c, 2026-11-24 \r\n,\r\n") == [{"id": "a/b/c", "as_of": "2026-11-24"}]
    assert read('id,instance\na,"x, ""y"""') == [{"id": "a", "instance": 'x, "y"'}]
    assert read("id,accelerators\na,8.0\n\nb,1e1\n")[1] == {"id": "b", "accelerators": "1e1"}


FAULTS = {
    "": "prices.csv: is empty",
    "\n\n": "is empty",
    "id;region\na;b\n": "line 1: has semicolons",
    "id,id\na,b\n": "line 1: has two columns 'id'",
    "id,regoin\na,b\n": "column regoin, which is none of the catalog's; did you mean region",
    "provider\naws\n": "line 2, column id: is needed in every line",
    "id,region\na,b\nc\n": "line 3: has 1 values for 2 columns; the file was cut",
    "id,region\na,b,c\n": "line 2: has 3 values for 2 columns",
    'id,region\na,"b\n': "the file was cut, or a quote is missing",
    "id,region\na,b\na,c\n": "line 3, column id: a stands in line 2 as well",
    "id,on_demand_usd_per_hour\na,-1\n": "line 2, column on_demand_usd_per_hour: must be above 0",
    "id,on_demand_usd_per_hour\na,0\n": "must be above 0 and at most 1e+15, or blank where there is none",
    "id,on_demand_usd_per_hour\na,$31.50\n": "must be a number with a decimal point",
    'id,on_demand_usd_per_hour\na,"31,5"\n': "must be a number with a decimal point",
    "id,on_demand_usd_per_hour\na,nan\n": "must be a number",
    "id,on_demand_usd_per_hour\na,1e999\n": "must be above 0",
    "id,vcpus\na,1_000\n": "must be a number",
    "id,accelerators\na,0\n": "column accelerators: must be above 0",
    "id,accelerators\na,7.5\n": "must be a whole number",
    "id,accelerator\na,h100-sxm\n": "column accelerators: is blank",
    "id,accelerator,accelerators\na,h100-smx,8\n": "column accelerator: no catalog has 'h100-smx'; did you mean h100-sxm?",
    "id,as_of\na,24.11.2026\n": "column as_of: must be a date as 2026-11-24",
    "id,as_of\na,2026-13-01\n": "must be a date",
    "id,region\na,=1+1\n": "must not begin as a formula does",
    'id,region\na,"x\ny"\n': "must be text in one line",
    "id,region\na,\x1b[31m\n": "must be text in one line",
}


@pytest.mark.parametrize(("data", "said"), FAULTS.items(), ids=range(len(FAULTS)))
def test_a_fault_is_said(data, said):
    with pytest.raises(TableError) as caught:
        read(data)
    assert said in str(caught.value) and str(caught.value).startswith("prices.csv") and len(str(caught.value)) < 500


@pytest.mark.parametrize("data", [b"id,region\na,Z\xfcrich\n", "id,region\na,b\n".encode("utf-16"), b"id\na\xe2\x82"])
def test_another_encoding_is_said(data):
    with pytest.raises(TableError, match="is not UTF-8"):
        read(data)


def test_what_is_written_is_read():
    rows = [{"id": "a", "instance": 'x, "y"'}, {"id": "b", "region": "ü"}]
    assert [{k: v for k, v in row.items() if v} for row in read(table_file.text(COLUMNS, rows))] == rows
