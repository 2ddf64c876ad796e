"""What instances that providers let hold: by the prices, by a table, or because their names say it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from xlcalc.catalog import tables
from xlcalc.catalog.names import key

# Google's names of slices count chips, or TensorCores where a chip has two: cloud.google.com/tpu/docs
_SLICE = re.compile(r"(?:google |cloud )*(?:tpu[ -]?)?v(2|3|4|5p|5litepod|5e|6e)-(\d+)")
_CORES_OF_A_CHIP = {"2": 2, "3": 2, "4": 2, "5p": 2}
# and those of virtual machines end in their chips: cloud.google.com/kubernetes-engine/docs/concepts/plan-tpus
_TPU_MACHINE = re.compile(r"(?:ct)?(3p?|4p|5lp?|5p|6e|tpu7x)-(?:hightpu|standard)-(\d+)t(?:-tpu)?")
_TPU_OF = {"3": "v3", "3p": "v3", "4p": "v4", "5l": "v5e", "5lp": "v5e", "5p": "v5p", "6e": "v6e", "tpu7x": "v7"}
_DEVICE_AND_COUNT = (
    re.compile(r"(?:bm|vm)\.gpu\.(?P<device>[a-z0-9]+)\.(?P<count>\d+)"),  # Oracle: BM.GPU.H200.8
    re.compile(r"gd-(?P<count>\d+)x(?P<device>[a-z0-9]+?)(?:ib)?(?:-i\d+)?"),  # CoreWeave: gd-8xh100ib-i128
    re.compile(r"(?P<device>[a-z]+\d+[a-z]*)-(?P<count>\d+)x"),  # CoreWeave: b200-8x
)


def place_of(row: Mapping[str, str]) -> str:
    """The instance and the region of a row; its id has the date of a later list too."""
    return row["id"].partition("@")[0]


@cache
def _machines() -> dict[str, tuple[str, int] | None]:
    """What each instance has: an accelerator's id and how many; None where providers give one name to several."""
    found: dict[str, tuple[str, int] | None] = {_short(key(name)): what for name, what in _without_price().items()}
    for row in tables.rows("prices"):
        if row["accelerator"] and row["accelerators"]:
            what = (row["accelerator"], int(row["accelerators"]))
            for text in (row["instance"], f"{row['provider']}/{row['instance']}", place_of(row)):
                name = _short(key(text))
                if found.setdefault(name, what) != what:
                    found[name] = None
    return found


def _short(name: str) -> str:
    """An instance's name without what some write before it: ml. on Amazon SageMaker, Standard_ on Azure."""
    return name.removeprefix("ml.").removeprefix("standard")


def machine(instance: str) -> tuple[str, int] | None:
    """The id of an instance's accelerators and how many it has; None for what is no instance of the catalog."""
    return _machines().get(_short(key(instance)))


def _without_price() -> dict[str, tuple[str, int]]:
    """What instances without a list price have, by their names: an accelerator's id and how many."""
    return {r["instance"]: (r["accelerator"], int(r["accelerators"])) for r in tables.shipped("instances")}


def tpu(name: str) -> tuple[str, int] | None:
    """The chips of a slice of TPUs, or of a virtual machine with some.

    >>> tpu("v5litepod-16"), tpu("v5p-32"), tpu("ct6e-standard-8t"), tpu("v6e")
    (('tpu-v5e', 16), ('tpu-v5p', 16), ('tpu-v6e', 8), None)
    """
    text = name.strip().casefold()
    if asked := _SLICE.fullmatch(text):
        generation, count = f"v{asked[1].replace('litepod', 'e')}", int(asked[2]) // _CORES_OF_A_CHIP.get(asked[1], 1)
    elif asked := _TPU_MACHINE.fullmatch(text):
        generation, count = _TPU_OF[asked[1]], int(asked[2])
    else:
        return None
    chip = f"tpu-{generation}"
    return (chip, count) if count and chip in tables.by_id("accelerators") else None


def spelt(name: str) -> tuple[str, int] | None:
    """The device that an instance's name spells and how many of it.

    >>> spelt("BM.GPU.H200.8"), spelt("gd-8xh100ib-i128"), spelt("h100-sxm")
    (('h200', 8), ('h100', 8), None)
    """
    text = name.strip().casefold()
    for pattern in _DEVICE_AND_COUNT:
        if (found := pattern.fullmatch(text)) and int(found["count"]):
            return key(found["device"]), int(found["count"])
    return None
