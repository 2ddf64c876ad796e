"""Workbooks: `files` opens, changes and recalculates them, `templates` builds the ones that ship."""
