"""Drives LibreOffice for the tests: reads a command as a line of JSON, does it, writes the result as one.

Runs in a Python that has LibreOffice's `uno`, which the tests' own has not; argument: the name of the pipe.
"""

import contextlib
import json
import sys
import time

import uno

TEXT = uno.getConstantByName("com.sun.star.sheet.FormulaResult.STRING")


def prop(name, value):
    given = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    given.Name, given.Value = name, value
    return given


class Office:
    def __init__(self, pipe):
        here = uno.getComponentContext()
        resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
        for _ in range(1800):
            try:
                self.context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except Exception:
                time.sleep(0.1)
        self.desktop = self.create("com.sun.star.frame.Desktop")
        self.document = None

    def create(self, service):
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)

    def open(self, path=None):
        """A file, or a new spreadsheet, with a hard recalculation."""
        self.close()
        url = uno.systemPathToFileUrl(path) if path else "private:factory/scalc"
        self.document = self.desktop.loadComponentFromURL(url, "_blank", 0, ())
        self.document.calculateAll()

    def save(self, path, filter):
        self.document.storeToURL(uno.systemPathToFileUrl(path), (prop("FilterName", filter),))

    def close(self):
        if self.document is not None:
            self.document.close(True)
            self.document = None

    def put(self, cells):
        """Values, formulas and array formulas by address; a formula begins with =, an array formula with {=."""
        sheet = self.document.Sheets.getByIndex(0)
        for address, content in cells.items():
            place = sheet.getCellRangeByName(address)
            if isinstance(content, str) and content.startswith("{="):
                place.setArrayFormula(content[1:-1])
            elif isinstance(content, str) and content.startswith("="):
                place.getCellByPosition(0, 0).setFormula(content)
            elif isinstance(content, str):
                place.getCellByPosition(0, 0).setString(content)
            else:
                place.getCellByPosition(0, 0).setValue(content)

    def read(self, address):
        """The rows of a range: numbers, texts, errors as Calc shows them."""
        area = self.document.Sheets.getByIndex(0).getCellRangeByName(address)
        size = area.getRangeAddress()
        return [
            [self.value(area.getCellByPosition(c, r)) for c in range(size.EndColumn - size.StartColumn + 1)]
            for r in range(size.EndRow - size.StartRow + 1)
        ]

    def recalculate(self):
        self.document.calculateAll()

    def formulas(self):
        """Every formula of the workbook with what it shows: [sheet, row, column, formula, value]."""
        found = []
        for sheet in self.document.Sheets:
            cursor = sheet.createCursor()
            cursor.gotoEndOfUsedArea(False)
            last = cursor.getRangeAddress()
            area = sheet.getCellRangeByPosition(0, 0, last.EndColumn, last.EndRow)
            for row, (formulas, values) in enumerate(zip(area.getFormulaArray(), area.getDataArray(), strict=True)):
                for column, (formula, value) in enumerate(zip(formulas, values, strict=True)):
                    if formula.startswith(("=", "{=")):
                        cell = None if value is not None else sheet.getCellByPosition(column, row)
                        shown = value if cell is None else self.value(cell)
                        found.append([sheet.Name, row + 1, column + 1, formula, shown])
        return found

    def functions(self):
        """What the function wizard says of each of our functions."""
        descriptions = self.create("com.sun.star.sheet.FunctionDescriptions")
        found = {}
        for index in range(descriptions.Count):
            said = {p.Name: p.Value for p in descriptions.getByIndex(index)}
            if said["Name"].startswith("LLM_"):
                arguments = [[a.Name, a.Description] for a in said["Arguments"] or ()]
                found[said["Name"]] = [said["Category"], said["Description"], arguments]
        return found

    def fill(self, address, formulas):
        """Formulas into the cells of a range."""
        area = self.document.Sheets.getByIndex(0).getCellRangeByName(address)
        area.setFormulaArray(tuple(map(tuple, formulas)))

    def infobar(self, identifier, seconds):
        """Whether a message stands above the sheet, or comes to stand there: it is shown when Calc is idle."""
        until = time.monotonic() + seconds
        while not self.document.CurrentController.hasInfobar(identifier):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def quit(self):
        self.close()
        with contextlib.suppress(Exception):  # the connection ends with the office
            self.desktop.terminate()

    @staticmethod
    def value(cell):
        if cell.getError():
            return cell.String
        text = cell.FormulaResultType2 == TEXT if cell.Formula[:1] in ("=", "{") else not is_number(cell)
        return cell.String if text else cell.Value


def is_number(cell):
    return cell.Type.value == "VALUE"


office = Office(sys.argv[1])
for line in sys.stdin:
    command, arguments = json.loads(line)
    try:
        reply = {"result": getattr(office, command)(**arguments)}
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
    if command == "quit":
        break
else:  # the process of the tests has ended
    office.quit()
