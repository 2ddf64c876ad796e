"""The cell functions by category: short declarations, each calling one formula. Importing them registers them."""

from xlcalc.cell_functions import audit, hosting, model, money, training

__all__ = ["audit", "hosting", "model", "money", "training"]
