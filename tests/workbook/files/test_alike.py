"""What is found for the shape of formulas is what the reader of single formulas finds."""

from __future__ import annotations

import html

import pytest

from xlcalc.workbook.files.alike import Alike, reads
from xlcalc.workbook.files.references import Book, Reader, moved
from xlcalc.workbook.files.sensitive import Sensitive


@pytest.mark.parametrize(
    "texts",
    [
        ("A1+$B$2*rate", "C7+$D$9*rate"),
        ("IF(A1&lt;'Other sheet'!B2,SUM(A$1:A9),0)", "IF(B3&lt;'Other sheet'!$C4,SUM(B$1:B8),0)"),
        ('MATCH(A1,B:B,0)&amp;"A1"&amp;LOG10(C3)', 'MATCH(D4,B:B,0)&amp;"A1"&amp;LOG10($E$5)'),
        ("SUM(A1, B2)", "SUM(C1, B2)"),
    ],
)
def test_what_formulas_of_one_shape_read_is_what_each_of_them_reads(texts):
    reader = Reader(Book({"s": "S", "other sheet": "Other sheet"}, {("", "rate"): "S!$C$3"}, {}))
    shape = reads(Alike(texts[0].encode(), sensitive=Sensitive.PLAIN), "S", reader, None)
    for text in texts:
        for rows, columns in ((0, 0), (2, 1)):
            there = moved(html.unescape(text), rows, columns)
            read = shape.areas(text.encode(), rows, columns)
            assert sorted(map(str, read)) == sorted(map(str, reader.references(there, "S", 20, 20).areas))
