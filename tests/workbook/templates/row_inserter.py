"""Inserts rows into a workbook in LibreOffice, without taking off a protection where the sheet allows it. Runs in a
Python that has LibreOffice's `uno`: arguments are the name of the pipe and files. The input is JSON: for each file its
steps (sheet, row, cells by column, whether to unprotect), the names whose values are printed after each, and whether
all is calculated anew first."""

import json
import sys
import time

import uno

LETTERS = "ABCDEFGH"


def desktop(pipe):
    here = uno.getComponentContext()
    resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
    for _ in range(1800):
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        except Exception:
            time.sleep(0.1)
    raise SystemExit("no LibreOffice answers")


def value(document, name):
    return document.NamedRanges.getByName(name).ReferredCells.getCellByPosition(0, 0).Value


def main():
    pipe, *paths = sys.argv[1:]
    office = desktop(pipe)
    for path, wanted in zip(paths, json.load(sys.stdin), strict=True):
        hidden = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
        hidden.Name, hidden.Value = "Hidden", True
        document = office.loadComponentFromURL(uno.systemPathToFileUrl(path), "_blank", 0, (hidden,))
        if wanted["anew"]:
            document.calculateAll()
        told = [{name: value(document, name) for name in wanted["names"]}]
        for step in wanted["steps"]:
            sheet = document.Sheets.getByName(step["sheet"])
            if step["unprotect"]:
                sheet.unprotect("")
            sheet.Rows.insertByIndex(step["row"] - 1, 1)
            for letter, content in step["cells"].items():
                cell = sheet.getCellByPosition(LETTERS.index(letter), step["row"] - 1)
                if isinstance(content, str):
                    cell.String = content
                else:
                    cell.Value = content
            told.append({name: value(document, name) for name in wanted["names"]})
        document.close(True)
        print(json.dumps(told), flush=True)
    office.terminate()


main()
