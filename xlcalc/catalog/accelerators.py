"""The accelerator catalog."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache

from xlcalc.catalog import instances, tables
from xlcalc.catalog.names import LONGEST, Names, NotInCatalog, Reading
from xlcalc.hardware.spec import AcceleratorSpec

_MAC = re.compile(r"\bmac(?:book)?[ -]?(?:pro|air|mini|studio)\b|\bimac\b")
_MEMORY = re.compile(r"(?<![a-z0-9.])(\d+)\s*(?:gib|gb|g)(?![a-z0-9.])")
_COUNTED = re.compile(r"\s*(\d+)\s*[x×]\s*(?=[a-z])|\s*[x×]\s*(\d+)\s*$", re.IGNORECASE)
_SEVERAL = re.compile(r"(\d+)x-")
_ASKED_FOR_SEVERAL = re.compile(r"\d\s*[x×]|\bdual\b|\btwo\b")
_DROPPED = """
    nvidia amd intel apple google aws amazon cloud habana geforce rtx tesla instinct radeon rx tpu gpu gpus card
    chip graphics accelerator tensor core unified memory vram edition generation oam ac hgx dgx podslice slice device
    mega of the one with up to
"""


def _plain(name: str) -> str:
    """A device's name with its memory as one word, without its kind, a socket's generation, the Mac around a chip.

    >>> _plain("Mac Studio M3 Ultra 96 GB").split(), _plain("NVIDIA H100 80GB HBM3 SXM5").split()
    (['m3', 'ultra', '96gb'], ['nvidia', 'h100', '80gb', 'sxm'])
    """
    text = _MEMORY.sub(r" \1gb ", _MAC.sub(" ", name.casefold()))
    return re.sub(r"\b(?:hbm\w*|gddr\w*|(sxm)[24-6]?|(pcie)-?\d*(?:x16)?)\b", r"\1\2", text)


@cache
def names() -> Names:
    """What people call the accelerators of the catalog."""
    reading = Reading(_plain, organisations=False, dropped=(frozenset(_DROPPED.split()),))
    return Names(tables.rows("accelerators"), ("name",), reading)


@cache
def by_id(accelerator_id: str) -> AcceleratorSpec:
    """The accelerator of an id of the catalog."""
    return AcceleratorSpec.from_columns(tables.by_id("accelerators")[accelerator_id])


@lru_cache(maxsize=4096)
def find(name: str) -> AcceleratorSpec:
    """The accelerator that a name means; of a cloud instance's name one of those in it, and its `remark` says so.

    Raises NotInCatalog with the nearest names.
    """
    try:
        return _whole(by_id(names().find(name)), name)
    except NotInCatalog as error:
        if len(name) > LONGEST:
            raise
        machine = _machine(name)
        if machine:
            accelerator, count = machine
            remark = f"{name} has {count} of {accelerator}; counts are of accelerators, not of instances"
            return replace(by_id(accelerator), remark=remark)
        smaller = _with_less_memory(name)
        if smaller:
            return smaller
        counted = _counted(name)
        raise NotInCatalog(counted) if counted else error from None


def _whole(spec: AcceleratorSpec, name: str) -> AcceleratorSpec:
    """A server of several processors that one of them was named for says so."""
    several = _SEVERAL.match(spec.id)
    if several is None or _ASKED_FOR_SEVERAL.search(name.casefold()):
        return spec
    remark = f"{spec.id} is a server of {several[1]} processors, with the memory of all"
    return replace(spec, remark=remark)


def _machine(name: str) -> tuple[str, int] | None:
    """The id of the accelerators of an instance and how many it has; None for what is no instance."""
    if found := instances.machine(name) or instances.tpu(name):
        return found
    if spelt := instances.spelt(name):
        device, count = spelt
        return names().find(device), count
    return None


def _with_less_memory(name: str) -> AcceleratorSpec | None:
    """A chip that is sold with several sizes of unified memory, of which the catalog has the largest."""
    typed = _MEMORY.search(name.casefold())
    if not typed:
        return None
    try:
        ids: tuple[str, ...] = (names().find(_MEMORY.sub(" ", name.casefold())),)
    except NotInCatalog as error:
        ids = error.choices
    size = float(typed[1]) * 1e9
    sold = {i: spec.memory for i in ids if "up to" in (spec := by_id(i)).name and spec.memory and size <= spec.memory}
    sold = {i: most for i, most in sold.items() if most == size} or sold
    if len(sold) != 1:
        return None
    ((accelerator, most),) = sold.items()
    remark = f"{accelerator} with {typed[1]} GB of memory, of at most {most / 1e9:g}"
    return replace(by_id(accelerator), memory=size, remark=remark)


def _counted(name: str) -> str:
    """What to say where a name begins or ends with a number of devices."""
    count = _COUNTED.search(name)
    if not count:
        return ""
    try:
        found = names().find(_COUNTED.sub("", name, count=1))
    except NotInCatalog:
        return ""
    return f"names {count[1] or count[2]} accelerators; write {found} here and give the count as count"
