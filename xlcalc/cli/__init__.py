"""The command line `xlcalc`, its commands by subject."""
