"""The packages, found by listing their folders; everything else about the distribution stands in pyproject.toml."""

from setuptools import find_packages, setup

# `workbook/` and `templates/` are installed inside the package
OUTSIDE = find_packages(include=["workbook", "workbook.*", "templates"])
setup(packages=[*find_packages(include=["xlcalc", "xlcalc.*"]), *(f"xlcalc.{name}" for name in OUTSIDE)])
