"""What xlcalc depends on, with versions and licences, as this environment has it: python tests/sbom.py [--json]

Every extra is followed, but for what the tests need alone. As JSON it is a bill of materials in CycloneDX 1.5.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


class Part(NamedTuple):
    """A distribution: `by` needs it, directly or through others."""

    name: str
    version: str
    licence: str
    by: str


def parts() -> list[Part]:
    """All of them by name; one that is not installed here has no version."""
    extras = {*(metadata.metadata("xlcalc").get_all("Provides-Extra") or ())} - {"test"}
    found: dict[str, Part] = {}
    waiting = [("xlcalc", frozenset(extras), "")]
    seen = set()
    while waiting:
        name, wanted, by = waiting.pop(0)
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            about = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            found.setdefault(name, Part(name, "", "", by))
            continue
        found.setdefault(name, Part(name, about.version, _licence(about), by))
        for text in about.requires or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in (*wanted, "")):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras), name))
    return sorted(part for name, part in found.items() if name != "xlcalc")


def _licence(about: metadata.Distribution) -> str:
    """As the package says it: an expression, its classifiers, or the first line of its licence."""
    said = about.metadata.get("License-Expression")
    classifiers = [
        c.rpartition(" :: ")[2] for c in about.metadata.get_all("Classifier") or () if c.startswith("License")
    ]
    text = (about.metadata.get("License") or "").strip().splitlines()
    return said or "; ".join(classifiers) or (text[0][:80] if text else "")


def bill(found: list[Part]) -> dict[str, object]:
    components = [
        {"type": "library", "name": p.name, "version": p.version, "purl": f"pkg:pypi/{p.name}@{p.version}",
         "licenses": [{"license": {"name": p.licence}}] if p.licence else []}
        for p in found if p.version
    ]  # fmt: skip
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


if __name__ == "__main__":
    if sys.argv[1:] == ["--json"]:
        print(json.dumps(bill(parts()), indent=1))
    else:
        print("\n".join("\t".join(part) for part in parts()))
