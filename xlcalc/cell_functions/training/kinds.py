"""The kinds of argument that training and fine-tuning share."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from xlcalc.hardware.software import SOFTWARE
from xlcalc.language.cells import Choice, Kind, Number, Refusal, Text
from xlcalc.model.adapters import PARTS, target
from xlcalc.training.compute import RECOMPUTE
from xlcalc.training.finetune import METHODS
from xlcalc.training.memory import OFFLOADS, OPTIMIZERS


class TargetsKind(Kind):
    """The matrices that LoRA adapts: parts of the model or names of matrices, with commas between."""

    about = f"of {', '.join(PARTS)}, or names of matrices such as q,v; with commas between"

    def read(self, value: object) -> frozenset[str]:
        text = Text(self.about).read(value).casefold()
        found: frozenset[str] = frozenset()
        for part in text.replace("+", ",").split(","):
            if not (named := target(part.strip())):
                raise Refusal("#VALUE!", f"must be some {self.about}; got {text!r}")
            found |= named
        return found


Targets = Annotated[frozenset[str], TargetsKind()]
Method = Annotated[str, Choice(*METHODS)]
Recompute = Annotated[str, Choice(*RECOMPUTE)]
OptimizerName = Annotated[str, Choice(*OPTIMIZERS)]
Offload = Annotated[str, Choice(*OFFLOADS)]
Zero = Annotated[int, Number("", 0, 3, whole=True)]


def adapted(method: str, targets: frozenset[str] | None, software: str | None) -> frozenset[str]:
    """What LoRA adapts: the targets, where there are none what the software adapts; nothing in full training."""
    if method != "full":
        return targets or _usual(software or "")
    if targets:
        raise ValueError(
            f"targets are what lora and qlora adapt, and full trains all; got {', '.join(sorted(targets))}"
        )
    return frozenset()


@cache
def _usual(software: str) -> frozenset[str]:
    return TargetsKind().read(SOFTWARE[software].adapts if software else "all")
