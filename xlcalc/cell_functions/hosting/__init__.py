"""Cell functions about serving: what fits, and how fast and dear it is."""

from xlcalc.cell_functions.hosting import capacity, fleets, planning, serving

__all__ = ["capacity", "fleets", "planning", "serving"]
