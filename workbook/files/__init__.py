"""Workbooks as files: opened and changed safely, recalculated without a spreadsheet program."""
