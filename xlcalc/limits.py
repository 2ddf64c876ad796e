"""What is taken at most: each number once, with what it bounds. docs/reliability.md has them as a table."""

MESSAGE = 500  # characters of an error's sentence
DIGITS = 400  # characters of a number that is written as a text
CELL_TEXT = 32_767  # characters of a text in a cell, which are Excel's
FILE = 512 * 2**20  # bytes of a file that is read whole
PARTS = 20_000  # parts of a workbook
PART = 256 * 2**20  # bytes of a part of a workbook, expanded; XLCALC_MAX_PART_MIB sets another number of MiB
PARTS_TOGETHER = 2**30  # bytes of all parts of a workbook, expanded; XLCALC_MAX_TOTAL_MIB sets another number of MiB
EXPANSION = 400  # times that a workbook may grow where it is expanded; sheets grow 10 to 100 times
ARRAY_CELLS = 1_000_000  # cells that an array formula fills
RANGE_CELLS = 4_000_000  # cells of a range with which the exact engine calculates one by one
LAYOUTS = 500_000  # layouts of training that one search goes through
COMPARED = 500  # scenarios of a report
SCENARIOS = 10**10  # scenarios of a sweep's grid
GROUPS = 100_000  # groups of a sweep's summary
BODY = 16 * 2**20  # bytes of a body that is sent to the server
CALL_CELLS = 100_000  # cells of one call to the server, blank or not
CALL_SECONDS = 30  # seconds of one call to the server
