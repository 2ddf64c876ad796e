"""Cell functions about training: a run, a step and its layouts, fine-tuning."""

from xlcalc.cell_functions.training import finetune, run, step, step_plan

__all__ = ["finetune", "run", "step", "step_plan"]
