"""One formula, four readings: a number, a derivation, Excel text, mathematics.

Formulas are plain functions of plain numbers. They take their functions of numbers (`least`, `where`, `ceil` ...) and
the label of a quantity that a reader should see (`term`) from `arithmetic`, and nothing else of this room. Called while
`symbols.recording` is on, they leave a record of what they did, which `derivation`, `excel` and `mathematics` read.
"""
