// The forms: drop-downs from the catalogs, the answer below, what to copy.
"use strict";

var xlcalcForms = (() => {
  function fill(field) {
    const kind = field.dataset.list;
    if (!document.getElementById(`list-${kind}`)) {
      const list = document.createElement("datalist");
      list.id = `list-${kind}`;
      for (const [of, title, about] of xlcalcIndex) {
        if (of === kind) list.append(new Option(about, title));
      }
      document.body.append(list);
    }
    field.setAttribute("list", `list-${kind}`);
  }

  const given = (form) => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));

  // The copy buttons work by script alone, and are hidden without one.
  function copies(place) {
    for (const button of place.querySelectorAll("button.copy")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const text = button.parentElement.querySelector("code").textContent;
        try {
          await navigator.clipboard.writeText(text);
          button.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(button.parentElement.querySelector("code"));
          button.textContent = "Selected";
        }
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      });
    }
  }

  // A field of one line becomes one of several for a column or a block that is copied from a sheet.
  function put(field, text) {
    let place = field;
    if (field.tagName === "INPUT" && /[\n\t]/.test(text)) {
      place = document.createElement("textarea");
      for (const { name, value } of field.attributes) {
        if (!["type", "value", "list", "data-list"].includes(name)) place.setAttribute(name, value);
      }
      place.rows = Math.min(8, text.split("\n").length);
      field.replaceWith(place);
    }
    place.value = text;
    return place;
  }

  function pasted(event) {
    const field = event.target;
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
    if (field.tagName !== "INPUT" || !/[\n\t]/.test(text)) return;
    event.preventDefault();
    put(field, text).focus();
  }

  async function run(form) {
    const result = form.parentElement.querySelector("#result");
    const bar = form.querySelector("progress");
    const doing = form.querySelector(".doing");
    result.setAttribute("aria-busy", "true");
    doing.textContent = "Calculating";
    try {
      const answer = await xlcalcAsk({ name: form.dataset.function, given: given(form) }, (share, said) => {
        bar.hidden = false;
        bar.value = share;
        doing.textContent = said;
      });
      result.innerHTML = answer.html; // escaped where it was made
      copies(result);
      doing.textContent = answer.error ? "Refused, see below" : "Calculated";
      form.dispatchEvent(new CustomEvent("answered", { detail: answer, bubbles: true }));
    } catch (error) {
      doing.textContent = error.message;
    } finally {
      bar.hidden = true;
      result.removeAttribute("aria-busy");
    }
  }

  // Makes the forms below an element work; a page's address may carry what to fill in.
  function enliven(place, query = "", remember = () => {}) {
    copies(place);
    for (const form of place.querySelectorAll("form.calculate")) {
      form.querySelectorAll("[data-list]").forEach(fill);
      form.addEventListener("paste", pasted);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        remember(`?${new URLSearchParams(given(form))}`);
        run(form);
      });
      const asked = new URLSearchParams(query);
      if ([...asked].length) {
        for (const field of [...form.elements]) if (field.name) put(field, asked.get(field.name) ?? "");
        for (const more of form.querySelectorAll("details")) {
          more.open = [...more.querySelectorAll("input, select, textarea")].some((field) => field.value);
        }
        run(form);
      }
    }
  }

  if (!document.getElementById("pane")) {
    enliven(document.getElementById("main"), location.search, (query) => history.replaceState(null, "", query));
  }
  return { enliven, given };
})();
