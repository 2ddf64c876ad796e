// The task pane: the pages of the reference beside the sheet, and what only a sheet can take from them.
"use strict";

(() => {
  const here = document.currentScript.src;
  const pane = document.getElementById("pane");
  const place = document.getElementById("place");
  const said = document.getElementById("said");
  const box = document.getElementById("pane-search");
  const prefix = pane.dataset.namespace ? `${pane.dataset.namespace}.` : "";
  const say = (text) => { said.textContent = text; };

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", () => act().catch((error) => say(error.message)));
    return made;
  }

  // A formula into the active cell, under the name that functions have on this server.
  const insertFormula = (formula) => Excel.run(async (context) => {
    const cell = context.workbook.getActiveCell();
    cell.load(["address", "formulas"]);
    await context.sync();
    const earlier = cell.formulas[0][0];
    cell.formulas = [[formula.replace(/^=LLM_/, `=${prefix}LLM_`)]];
    await context.sync();
    say(`${cell.address}: ${formula}${earlier === "" ? "" : `, in place of ${earlier}`}`);
  });

  // A text is never taken for a formula, whatever it begins with.
  const asValue = (value) => (typeof value === "string" && /^[=+@-]/.test(value) ? `'${value}` : value ?? "");

  // Rows from the active cell on, where nothing stands in their way.
  const insertRows = (rows) => Excel.run(async (context) => {
    const width = Math.max(...rows.map((row) => row.length));
    const range = context.workbook.getActiveCell().getResizedRange(rows.length - 1, width - 1);
    range.load(["address", "formulas"]);
    await context.sync();
    if (range.formulas.some((row) => row.some((value) => value !== ""))) {
      throw new Error(`${range.address} is not empty: select a cell with ${rows.length} × ${width} free cells.`);
    }
    range.values = rows.map((row) => [...row, ...Array(width - row.length).fill(null)].map(asValue));
    await context.sync();
    say(`${range.address}: ${rows.length} rows`);
  });

  async function table(name, given) {
    const answer = await xlcalcAsk({ name, given });
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  }

  function addInserts(page) {
    for (const form of page.querySelectorAll("form.calculate")) {
      form.querySelector(".actions").append(button("Insert in the active cell", async () => {
        const answer = await xlcalcAsk({ name: form.dataset.function, given: xlcalcForms.given(form) });
        if (answer.error) throw new Error(answer.error);
        await insertFormula(answer.formula);
      }));
    }
    for (const inserts of page.querySelectorAll(".inserts")) {
      const { name, row, block, argument } = inserts.dataset;
      inserts.hidden = false;
      inserts.append(
        button("Insert the name", () => insertRows([[name]])),
        button("Insert a row", async () => {
          const [headers, ...rows] = await table(row, { search: name });
          await insertRows([headers, rows.find(([id]) => id === name)]);
        }),
        button("Insert a block", async () => insertRows(await table(block, { [argument]: name }))),
      );
    }
    for (const id of page.querySelectorAll("code[data-price]")) {
      const formula = `=${id.dataset.price}("${id.textContent.replaceAll('"', '""')}")`;
      const insert = button("Insert", () => insertFormula(formula));
      insert.setAttribute("aria-label", `Insert the price of ${id.textContent}`);
      id.after(" ", insert);
    }
  }

  async function open(href) {
    const address = new URL(href, here);
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${href} is not there.`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    place.replaceChildren(...page.getElementById("main").childNodes);
    xlcalcForms.enliven(place, address.search);
    addInserts(place);
    say("");
    const target = address.hash && document.getElementById(address.hash.slice(1));
    (target || place).scrollIntoView();
    place.focus();
  }

  const explain = () => Excel.run(async (context) => {
    const cell = context.workbook.getActiveCell();
    cell.load(["address", "formulas"]);
    await context.sync();
    const formula = String(cell.formulas[0][0]);
    let answer = await xlcalcAsk({ formula }, undefined, "explain");
    if (answer.needs) {
      const ranges = answer.needs.map((reference) => {
        const [, sheet, cells] = reference.match(/^(?:(.*)!)?(.*)$/);
        const named = !sheet && !/^\$?[A-Z]{1,3}\$?\d/i.test(cells);
        const range = named
          ? context.workbook.names.getItem(cells).getRange()
          : (sheet ? context.workbook.worksheets.getItem(sheet.replace(/^'|'$/g, "").replace(/''/g, "'")) : cell.worksheet).getRange(cells);
        range.load("values");
        return [reference, range];
      });
      await context.sync();
      const cells = Object.fromEntries(ranges.map(([reference, range]) => [reference, range.values]));
      answer = await xlcalcAsk({ formula, cells }, undefined, "explain");
    }
    const heading = document.createElement("h2");
    heading.textContent = `${cell.address}: ${answer.name ?? formula}`;
    const result = document.createElement("div");
    result.innerHTML = answer.html; // escaped where it was made
    place.replaceChildren(heading, result);
    xlcalcForms.enliven(place);
    say("");
    place.focus();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || !pane.contains(link)) return;
    const href = link.getAttribute("href");
    if (/^https?:/.test(href)) { link.target = "_blank"; return; }
    event.preventDefault();
    open(href).catch((error) => say(error.message));
  });
  document.getElementById("pane-explain").addEventListener("click", () => explain().catch((error) => say(error.message)));
  box.form.addEventListener("submit", (event) => event.preventDefault());
  box.addEventListener("input", () => {
    const list = document.createElement("ul");
    list.className = "results";
    place.replaceChildren(list);
    xlcalcSearch.list(box.value, list, said);
  });
  open("index.html").catch((error) => say(error.message));
})();
