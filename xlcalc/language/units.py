"""Quantities and the units a result can be asked in: each unit is so many base units.

The first unit of a quantity is its base unit (contract, rule 2).
"""

from __future__ import annotations

from difflib import get_close_matches

_SI = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18, "Z": 10**21, "Y": 10**24}
_IEC = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
_COUNT = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}

UNITS: dict[str, dict[str, float]] = {
    "parameters": {"parameters": 1, **_COUNT},
    "tokens": {"tokens": 1, **_COUNT},
    "FLOP": {"FLOP": 1, **{f"{p}FLOP": f for p, f in _SI.items()}, "PF-days": 864 * 10**17},
    "FLOP/s": {"FLOP/s": 1, **{f"{p}FLOP/s": f for p, f in _SI.items()}},
    "bytes": {"bytes": 1, "B": 1, **{f"{p}B": f for p, f in (_SI | _IEC).items()}},
    "bytes/s": {"bytes/s": 1, "B/s": 1, **{f"{p}B/s": f for p, f in (_SI | _IEC).items()}},
    "seconds": {
        "seconds": 1, "s": 1, "ms": 1e-3, "us": 1e-6, "minutes": 60, "min": 60,
        "hours": 3600, "h": 3600, "days": 86400, "weeks": 604800, "years": 365 * 86400,
    },
    "joules": {
        "joules": 1, "J": 1, "kJ": 10**3, "MJ": 10**6, "GJ": 10**9, "TJ": 10**12,
        "Wh": 3600, "kWh": 36 * 10**5, "MWh": 36 * 10**8, "GWh": 36 * 10**11,
    },
    "watts": {"watts": 1, "W": 1, "kW": 10**3, "MW": 10**6},
    "kg CO2e": {"kg CO2e": 1, "kg": 1, "g": 1e-3, "t": 10**3},
}  # fmt: skip


def factor(quantity: str, unit: str) -> float:
    """How many base units one `unit` of `quantity` is.

    Case is as printed, or all lower or all upper case (`gib`); `Gb` is refused, for it may mean bits.
    Raises ValueError for a unit that is not one of the quantity's.

    >>> factor("bytes", "GiB"), factor("FLOP", "PF-days")
    (1073741824, 86400000000000000000)
    """
    units = UNITS[quantity]
    if unit in units:
        return units[unit]
    if unit in (unit.lower(), unit.upper()):
        same = {u: f for u, f in units.items() if u.lower() == unit.lower()}
        if len(set(same.values())) == 1:
            return next(iter(same.values()))
    near = get_close_matches(unit, units, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"must be a unit of {quantity} ({', '.join(units)}); got {unit!r}{hint}")
