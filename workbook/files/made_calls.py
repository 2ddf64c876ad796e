"""Calls of Excel's functions made at random, of the kinds that people write, to compare the engines with each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from .doubt import ONE_CELL, OPERATORS, REDUCED

CELLS: list[list[float | int | str | bool | None]] = [
    [3.7, -2.5, 0, 1e6, 0.1, None, True, "abc", "12", 45292, 7, 2.5],
    [1, 2, 3, 4, 5, 6, 7, 8],
    [7, 3, "b", "a", "abc", 0, "B", None],
    [10, 20, 30, 40, 50, 60, 70, 80],
    [0, 1, 2, 3, 4, 6, 8, 9],
]
"""What the calls refer to: columns A to E of a sheet."""

_POOLS = {
    "n": "A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 2 -1.5 0.3 17 A1*2 A11-A12",
    "i": "0 1 2 3 A11 -1 A3 A6",
    "t": 'A8 "HelloWorld" "b" A9 A1 A7 A6 "" "l"',
    "a": 'A1 A2 A3 A6 A7 A8 A9 A10 A11 2 -1.5 0.3 "b" "HelloWorld" ""',
    "c": 'A1>A2 A3=0 A6=0 A8="ABC" A11<>7 TRUE A7 A3 A6="" A10>=45000',
    "r": "$A$1:$A$5 $A$1:$A$12 $A$10:$A$12 A1:A6 B1:B8 A1:B6",
    "k": 'A1 A11 7 A5 "b" "zz" A3 "B" 3',
    "d": "A10 45657 44561.5 400 45351 73050 36586 A6+45000",
    "e": 'A1 A8 1/0 NA() A11 "b"',
    "p": "1 2 3",
    "z": "FALSE 0",
    "s": "0.05/12 0.1 0",
    "m": "12 360 1 36",
    "w": "A1 A6 A7 A8",
    "x": "A5 B7 $C$9 D12 AA100 E2 $XFD1 Z3 H2 I5 A1:A9 $B$2:C7 A:A A:C 5:6 B5 A1:H9 D2:F30",
    "y": "A5 B7 $C$9 D12 AA100 E2 $XFD1 Z3 H2 I5",
    "g": "$A$1:$A$12 $C$1:$C$8",
    "h": "2024 2023 1901 2030 A11+2020",
    "o": "1 2 12 14 0 -3",
    "j": "1 29 31 0 45",
    "q": '"b" "B" "zz" "abc" "a" "A" "xy" "ab" "c" "d"',
    "u": '">0" "<>0" "=0" "<=2.5" ">1" "<7" ">=7" "=7" "<>7" ">45000"',
    "v": "7 A11 3 0 -1",
    "f": '"0" "0.00" "0.0" "#,##0" "#,##0.0" "$#,##0" "0%" "0.0%" "yyyy-mm-dd" "mmm" "d" "hh:mm" "000"',
    "l": "0 0.1 0.25 0.5 0.9 1",
    "M": 'B1:B8>2 (B1:B8>2)*(D1:D8<70) C1:C8="b" (C1:C8=C3)*(B1:B8>=E2) A1:A8>0 (E1:E8>0)*((A1:A8>0)+(A3=0)>0) B1:B8>9',
    "V": "B1:B8 D1:D8 E1:E8 A1:A8 D1:D8*2 B1:B8+E1:E8",
    "b": "A1:A5 B4:B8 E1:E5 $A$1:$A$5 C1:C5 D1:D5 E2:E6 A6:A10",
}
_CALLS = """
    ABS(n) INT(n) ROUND(n,i) ROUNDUP(n,i) ROUNDDOWN(n,i) TRUNC(n) SIGN(n) SQRT(n) EXP(n) LN(n) LOG10(n) POWER(n,i)
    MOD(n,n) QUOTIENT(n,n) SUM(r,n) MAX(r,n) MIN(r,n) AVERAGE(r) COUNT(r,a) COUNTA(r) COUNTBLANK(r) PRODUCT(r)
    MEDIAN(r,n) SMALL(r,i) LARGE(r,i) STDEV(r) VAR(r) SUMPRODUCT(b,b) AND(c,c) OR(c,c) NOT(c) IF(c,a,a) IFERROR(e,a)
    ISNUMBER(a) ISTEXT(a) ISBLANK(w) ISERROR(e) ISNA(e) ISLOGICAL(a) N(w) INDEX(g,p,1) MATCH(k,g,0)
    VLOOKUP(k,$C$1:$D$8,2,z) HLOOKUP(k,$C$1:$D$3,2,z) CHOOSE(p,a,a,a) ROW(y) COLUMN(y) ROWS(x) COLUMNS(x) DATE(h,o,j)
    YEAR(d) MONTH(d) DAY(d) EDATE(d,o) EOMONTH(d,o) WEEKDAY(d,p) HOUR(d) YEARFRAC(d,d,p) NETWORKDAYS(d,d) LEN(t)
    LEFT(t,p) RIGHT(t,p) MID(t,p,p) UPPER(t) LOWER(t) TRIM(t) FIND(t,t) SEARCH(t,t) SUBSTITUTE(t,t,t) CONCATENATE(t,t)
    REPT(t,p) EXACT(t,t) PMT(s,m,n) PV(s,m,n) FV(s,m,n) SLN(1000,100,p) RANK(n,$B$1:$B$5) CEILING(n,i) FLOOR(n,i)
    MROUND(n,p) PERCENTILE(r,l) FACT(i) TEXT(n,f) TEXT(a,f) RADIANS(n) DEGREES(n) SIN(n) COS(n) TAN(n) ATAN(n)
"""
_BY_FEATURE = {
    "comparison": ("a=a", "a<a", "a>a", "a<>a", "a<=a", "a>=a"),
    "&": ("a&t",),
    "%": ("n*5%",),
    "^ by a number": ("n^1", "n^2", "n^3"),
    "^ of values": ("n^n", "n^i", "-n^n", "(1+n)^-n", "n^(1/i)", "n^n^i"),
    "COUNTIF by number": ("COUNTIF(r,v)",),
    "COUNTIF by text": ("COUNTIF($C$1:$C$8,q)",),
    "COUNTIF by comparison": ("COUNTIF($A$1:$A$12,u)",),
    "SUMIF by number": ("SUMIF($C$1:$C$8,v,$D$1:$D$8)",),
    "SUMIFS by text": ("SUMIFS($D$1:$D$8,$C$1:$C$8,q)",),
    "SUMIFS by comparison": ("SUMIFS($D$1:$D$8,$E$1:$E$8,u)",),
}
_OVER_RANGES = """
    SUMPRODUCT(A1:A5*B1:B5) SUMPRODUCT((B1:B5>1)*(A1:A5)) SUMPRODUCT((C1:C8="b")*D1:D8) SUMPRODUCT(B1:B5/2)
    SUMPRODUCT((B1:B5>1)*(B1:B5<4)*E1:E5) SUMPRODUCT(--(D$1:D$8>D1)) SUMPRODUCT(--(D$1:D2=D1)) SUMPRODUCT(1/B1:B8)
    SUMPRODUCT((E1:E6>=2)*(D1:D6<60)*B1:B6) SUMPRODUCT(B1:B8*D1:D8)/SUM(B1:B8) SUMPRODUCT((C1:C8<>"b")*1)
    SUMPRODUCT(-A1:A5) SUMPRODUCT(B1:B8^2) SUMPRODUCT((A1:A5>0)*A1:A5) SUMPRODUCT((B1:B8=3)+(B1:B8=5))
"""
_ARRAYS = """
    SUM(IF(M,V)) MAX(IF(M,V)) MIN(IF(M,V)) AVERAGE(IF(M,V)) COUNT(IF(M,V)) MEDIAN(IF(M,V)) PRODUCT(IF(M,V))
    PERCENTILE(IF(M,V),l) SMALL(IF(M,V),p) LARGE(IF(M,V),p) IFERROR(MEDIAN(IF(M,V)),0) IF(A1>0,SUM(IF(M,V,0)),0)
    SUM((M)*V) MAX((M)*V) SUM(V*V) AVERAGE(V-V) SUM(IF(M,1,0))
"""
"""Array formulas in one cell."""
_ALONE = re.compile(r"(?<![\w$:.])[a-zMV](?![\w$:.(])")
_EACH = 80


def made_calls(chance: Random) -> Iterator[tuple[str, str]]:
    """Feature and formula of each call; some come twice."""
    for pattern in _CALLS.split():
        for _ in range(_EACH):
            yield pattern.partition("(")[0], _filled(pattern, chance)
    for feature, patterns in _BY_FEATURE.items():
        for _ in range(_EACH):
            yield feature, _filled(chance.choice(patterns), chance)
    for pattern in _ARRAYS.split():
        for _ in range(_EACH // 4):
            formula = f"{{{_filled(pattern, chance)}}}"
            for feature in (
                ONE_CELL,
                f"{OPERATORS} {REDUCED}",
                *([f"IF over a range {REDUCED}"] * ("IF(M" in pattern)),
            ):
                yield feature, formula
    for text in _OVER_RANGES.split():
        yield f"{OPERATORS} in SUMPRODUCT", text
        yield "SUMPRODUCT of one array", text


def _filled(pattern: str, chance: Random) -> str:
    """A pattern with one of its pool in place of each small letter that stands alone."""
    return _ALONE.sub(lambda found: chance.choice(_POOLS[found[0]].split()), pattern)
