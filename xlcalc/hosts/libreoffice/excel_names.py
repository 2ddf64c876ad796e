"""What LibreOffice does after it read an Excel file: enters again each formula with a function of ours.

Calc before the version that knows an add-in's CompatibilityName on import
(FormulaCompiler::fillFromAddInCollectionExcelName) looks in .xlsx files for the add-in's full name only, which Excel
does not write: it keeps LLM_PARAMS(...) as an unknown name, in lower case. It keeps as unknown in all versions what
Excel saved with one of its own add-ins, [1]!LLM_PARAMS(...) and _xldudf_LLM_PARAMS(...). Entered by its bare name it is
the function.
"""

import json
import os
import re

import uno
import unohelper
from com.sun.star.lang import XServiceInfo
from com.sun.star.task import XJob

SERVICE = "org.xlcalc.ExcelNames"
HERE = os.path.dirname(uno.fileUrlToSystemPath(__file__) if "://" in __file__ else os.path.abspath(__file__))
EXTENSION = os.path.abspath(os.path.join(HERE, "..", "..", "..", ".."))
UNKNOWN = re.compile(r"(?:\[\d+\]!)?(?<![\w.])(?:_xldudf_(?:\w+_)?)?(llm_\w+)\(", re.IGNORECASE)
TEXT = re.compile(r'("[^"]*")')


class ExcelNames(unohelper.Base, XJob, XServiceInfo):
    """The job that LibreOffice runs for each document that it has read."""

    def __init__(self, context):
        with open(os.path.join(EXTENSION, "built.json"), encoding="utf-8") as file:
            self.names = set(json.load(file)["results"])

    def execute(self, arguments):
        given = {part.Name: {v.Name: v.Value for v in part.Value} for part in arguments}
        document = given["Environment"].get("Model")
        if document is not None and document.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
            filters = [v.Value for v in document.getArgs() if v.Name == "FilterName"]
            if filters and "Excel" in filters[0]:
                self.read_again(document)

    def read_again(self, document):
        automatic, modified = document.isAutomaticCalculationEnabled(), document.isModified()
        document.lockControllers()
        document.enableAutomaticCalculation(False)
        try:
            for sheet in document.Sheets:
                self.read_sheet_again(sheet)
            for scope in (document, *document.Sheets):
                for name in scope.NamedRanges:
                    again = self.by_bare_names(name.getContent())
                    if again != name.getContent():
                        name.setContent(again)
        finally:
            document.enableAutomaticCalculation(automatic)
            document.unlockControllers()
            document.setModified(modified)

    def read_sheet_again(self, sheet):
        cursor = sheet.createCursor()
        cursor.gotoEndOfUsedArea(False)
        last = cursor.getRangeAddress()
        formulas = sheet.getCellRangeByPosition(0, 0, last.EndColumn, last.EndRow).getFormulaArray()
        done = set()  # the other cells of an array formula
        for row, line in enumerate(formulas):
            for column, formula in enumerate(line):
                again = self.by_bare_names(formula) if formula.startswith(("=", "{=")) else formula
                if (row, column) not in done and again != formula:
                    cell = sheet.getCellByPosition(column, row)
                    if formula.startswith("{"):
                        area = sheet.createCursorByRange(cell)
                        area.collapseToCurrentArray()
                        area.setArrayFormula(again[1:-1])
                        at = area.getRangeAddress()
                        done.update(
                            (r, c)
                            for r in range(at.StartRow, at.EndRow + 1)
                            for c in range(at.StartColumn, at.EndColumn + 1)
                        )
                    else:
                        cell.setFormula(again)

    def by_bare_names(self, formula):
        """A formula with each function of ours that Calc does not know by its bare name, outside texts."""
        if "llm_" not in formula.lower():
            return formula
        pieces = TEXT.split(formula)
        pieces[::2] = [UNKNOWN.sub(self.bare_name, piece) for piece in pieces[::2]]
        return "".join(pieces)

    def bare_name(self, call):
        name = call.group(1).upper()
        return name + "(" if name in self.names else call.group(0)

    def getImplementationName(self):
        return SERVICE

    def supportsService(self, name):
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self):
        return (SERVICE,)


g_ImplementationHelper = unohelper.ImplementationHelper()
g_ImplementationHelper.addImplementation(ExcelNames, SERVICE, (SERVICE, "com.sun.star.task.Job"))
