"""The cell functions: declarations of a few lines, each calling one formula. Importing them registers them."""

from xlcalc.cell_functions import audit, capacity, finetune, hosting, model, money, sheet_calibration, step, training

__all__ = ["audit", "capacity", "finetune", "hosting", "model", "money", "sheet_calibration", "step", "training"]
