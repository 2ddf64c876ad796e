"""Cell functions that say where numbers come from and how far they hold."""

from xlcalc.cell_functions.audit import calibration, sources

__all__ = ["calibration", "sources"]
