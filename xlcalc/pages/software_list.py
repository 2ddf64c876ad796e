"""Every software by the name that formulas take: what it is, whose constants it shares, and those of its own."""

from __future__ import annotations

from xlcalc.catalog import tables
from xlcalc.hardware.software import SOFTWARE, TRAINING

ABOUT = (
    "What `software` takes, and what each name changes; the figures stand with their sources in catalog/efficiency.csv "
    "and catalog/serving.csv, those of any software too."
)
HEADERS = ("In a formula", "What it is", "For", "Else as", "LoRA adapts", "Figures of its own")


def rows() -> list[list[str]]:
    """A line for each software, under HEADERS.

    >>> [line[:4] for line in rows() if line[0] == "litgpt"]
    [['litgpt', 'Lightning AI LitGPT', 'training', 'fsdp']]
    """
    return [
        [
            name,
            software.about,
            " and ".join(software.does),
            software.like or "any",
            software.adapts.replace(",", ", ") if TRAINING in software.does else "",
            "; ".join(_own(name)),
        ]
        for name, software in SOFTWARE.items()
    ]


def _own(name: str) -> list[str]:
    """What catalog/efficiency.csv and catalog/serving.csv have for this name alone, with where it holds."""
    training = [
        (row["name"], row["value"], row["unit"], " ".join(filter(None, (row["scope"], row["dtype"]))))
        for row in tables.shipped("efficiency")
        if row["stack"] == name
    ]
    serving = [
        (row["name"], row["value"], row["unit"], row["scope"].partition("@")[2])
        for row in tables.shipped("serving")
        if row["scope"].partition("@")[0] == name
    ]
    return [
        f"{figure.replace('_', ' ')}: {_said(float(value), unit)}" + (f" ({where})" if where else "")
        for figure, value, unit, where in training + serving
    ]


def _said(value: float, unit: str) -> str:
    return ("yes" if value else "no") if unit == "1 = yes" else f"{value:.4g} {unit}"
