"""The command line `xlcalc`, its commands by subject."""

from xlcalc.cli.app import main

__all__ = ["main"]
