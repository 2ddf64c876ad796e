// What Excel provides to a task pane, for a page in a browser: one workbook whose cells are a map. Values that code
// writes are kept as they come; `sheet` lets a test look and select.
(() => {
  const cells = new Map();
  const names = new Map();
  let active = { sheet: "Sheet1", row: 0, column: 0 };
  const letters = (n) => (n < 26 ? "" : letters(Math.floor(n / 26) - 1)) + String.fromCharCode(65 + (n % 26));
  const at = (address) => {
    const [, column, row] = address.replaceAll("$", "").toUpperCase().match(/^([A-Z]+)(\d+)$/);
    return { row: row - 1, column: [...column].reduce((n, c) => n * 26 + c.charCodeAt(0) - 64, 0) - 1 };
  };
  const key = (sheet, row, column) => `${sheet}!${letters(column)}${row + 1}`;

  class Range {
    constructor(sheet, row, column, rows = 1, columns = 1) { Object.assign(this, { sheet, row, column, rows, columns }); }
    load() {}
    get address() {
      const last = this.rows * this.columns > 1 ? `:${letters(this.column + this.columns - 1)}${this.row + this.rows}` : "";
      return `${this.sheet}!${letters(this.column)}${this.row + 1}${last}`;
    }
    get worksheet() { return new Worksheet(this.sheet); }
    getResizedRange(down, right) { return new Range(this.sheet, this.row, this.column, this.rows + down, this.columns + right); }
    each(get) {
      return [...Array(this.rows).keys()].map((r) => [...Array(this.columns).keys()].map((c) => get(key(this.sheet, this.row + r, this.column + c), r, c)));
    }
    get formulas() { return this.each((cell) => cells.get(cell) ?? ""); }
    get values() { return this.formulas; }
    set formulas(rows) {
      if (rows.length !== this.rows || rows.some((row) => row.length !== this.columns)) throw new Error("InvalidArgument");
      this.each((cell, r, c) => (rows[r][c] === "" ? cells.delete(cell) : cells.set(cell, rows[r][c])));
    }
    set values(rows) { this.formulas = rows; }
  }
  class Worksheet {
    constructor(name) { this.name = name; }
    getRange(address) {
      const [from, to] = address.split(":").map(at);
      return new Range(this.name, from.row, from.column, (to ?? from).row - from.row + 1, (to ?? from).column - from.column + 1);
    }
  }
  const workbook = {
    name: "Book1.xlsx", load() {},
    getActiveCell: () => new Range(active.sheet, active.row, active.column),
    worksheets: { getItem: (name) => new Worksheet(name) },
    names: { getItem: (name) => ({ getRange: () => new Worksheet("Sheet1").getRange(names.get(name)) }) },
  };
  window.sheet = {
    cells, names,
    select: (address, sheet = "Sheet1") => { active = { sheet, ...at(address) }; },
    put: (address, value, sheet = "Sheet1") => { const { row, column } = at(address); cells.set(key(sheet, row, column), value); },
  };
  window.Excel = { run: async (work) => work({ workbook, sync: async () => {} }), RequestContext: class { workbook = workbook; async sync() {} } };
  window.CustomFunctions = { associate() {}, Error: class extends Error {}, ErrorCode: { invalidValue: "#VALUE!" } };
  window.Office = {
    onReady: async (ready) => { const info = { host: "Excel", platform: "PC" }; ready?.(info); return info; },
    actions: { associate() {} }, addin: {}, context: { requirements: { isSetSupported: () => true }, document: { settings: { get() {}, set() {} } }, ui: {} },
  };
})();
