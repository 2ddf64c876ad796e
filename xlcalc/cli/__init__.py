"""The command line `xlcalc`, its commands by subject."""

from .app import main as main
