"""Tests of the templates; one file runs in LibreOffice's own Python."""

collect_ignore = ["row_inserter.py"]
