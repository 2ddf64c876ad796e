// The search: on the start page it lists what fits as one types; elsewhere its form leads there.
"use strict";

var xlcalcSearch = (() => {
  const words = (text) => text.toLowerCase().replace(/[?,()"=]/g, " ").split(/[\s_/-]+/).filter(Boolean);
  const SMALL = new Set(xlcalcSmall.split(" "));
  const MOST = 60;
  let read;
  const entries = () => (read ??= xlcalcIndex.map(([kind, title, about, href, more]) => ({
    kind, title, about, href, name: words(title).join(" "), all: words(`${title} ${about} ${more}`).join(" "),
  })));

  // How much a word tells: much where few entries have it.
  const told = (word) => 1 / Math.log2(2 + entries().filter((entry) => entry.all.includes(word)).length);

  // What fits a text; where that is no row, what fits a name that is typed another way: llama3.1:70b, rtx4090.
  function find(text) {
    const found = having(words(text));
    if (found.some((entry) => entry.kind !== "question")) return found;
    const parted = having(words(text.replace(/:/g, " ").replace(/(?<=[a-z]{2})(?=\d)/gi, " ")));
    return parted.length ? parted : found;
  }

  // Entries with every word, those first that have them in their names; questions with half of the words that any has.
  function having(typed) {
    const wanted = typed.filter((word) => !SMALL.has(word));
    const sought = (wanted.length ? wanted : typed).map((word) => word.replace(/(?<=\w{4})(ing|ed|er|est|s)$/, ""));
    if (!sought.length) return [];
    const whole = typed.join(" ");
    const weights = sought.map((word) => [word, told(word)]);
    const asked = entries().filter((entry) => entry.kind === "question");
    const known = sought.filter((word) => asked.some((entry) => entry.all.includes(word)));
    const half = Math.max(1, Math.ceil(known.length / 2));
    const found = [];
    for (const entry of entries()) {
      let hits = 0;
      let score = 0;
      for (const [word, weight] of weights) {
        if (!entry.all.includes(word)) continue;
        hits += 1;
        score += weight * (` ${entry.name}`.includes(` ${word}`) ? 3 : 1);
      }
      const enough = entry.kind === "question" ? half : sought.length;
      if (hits < enough) continue;
      if (entry.name === whole || entry.name === `llm ${whole}`) score += 100;
      found.push([score, entry]);
    }
    return found.sort((a, b) => b[0] - a[0]).map(([, entry]) => entry);
  }

  function item(entry) {
    const line = document.createElement("li");
    const link = document.createElement("a");
    link.href = entry.href;
    link.textContent = entry.title;
    const kind = document.createElement("span");
    kind.className = "kind";
    kind.textContent = entry.kind;
    const about = document.createElement("span");
    about.className = "about";
    about.textContent = entry.about;
    line.append(kind, link, about);
    return line;
  }

  // Lists what fits a box's text; gives what was found.
  function list(text, place, said) {
    const found = find(text);
    place.replaceChildren(...found.slice(0, MOST).map(item));
    const cut = found.length > MOST ? `, the first ${MOST} below` : "";
    said.textContent = `${found.length} found${cut}`;
    return found;
  }

  const box = document.getElementById("search");
  const part = document.getElementById("search-results");
  if (box && part) {
    const results = document.getElementById("results");
    const status = document.getElementById("found");
    let found = [];
    const show = () => {
      part.hidden = !box.value.trim();
      part.nextElementSibling.hidden = !part.hidden;
      found = part.hidden ? [] : list(box.value, results, status);
    };
    box.form.addEventListener("submit", (event) => {
      event.preventDefault(); // Enter opens what is named, or the only thing left
      const whole = words(box.value).join(" ");
      const named = found.find((entry) => entry.name === whole || entry.name === `llm ${whole}`);
      const target = named ?? (found.length === 1 ? found[0] : null);
      if (target) location.href = target.href;
    });
    box.addEventListener("input", show);
    box.value = new URLSearchParams(location.search).get("q") ?? box.value;
    show();
    if (box.value) box.focus();
  }
  return { list };
})();
