"""Cell functions that say where numbers come from and how far they hold."""

from xlcalc.cell_functions.audit import accuracy, calibration, sources

__all__ = ["accuracy", "calibration", "sources"]
