"""Cell functions about training: a run, a step and its plan, fine-tuning."""

from xlcalc.cell_functions.training import finetune, run, step

__all__ = ["finetune", "run", "step"]
