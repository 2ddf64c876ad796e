// Filters the index as one types: an entry stays where it contains every word.
"use strict";

const words = (text) => text.toLowerCase().split(/[\s_-]+/).filter(Boolean);
const box = document.getElementById("search");
const found = document.getElementById("found");
const sections = [...document.querySelectorAll("section.category")];
const entries = [...document.querySelectorAll("section.category li")].map((item) => ({
  item,
  link: item.querySelector("a"),
  name: words(item.querySelector("a").textContent).join(" "),
  text: words(`${item.textContent} ${item.dataset.words}`).join(" "),
}));

function filter() {
  const wanted = words(box.value);
  let count = 0;
  for (const entry of entries) {
    const fits = wanted.every((word) => entry.text.includes(word));
    entry.item.hidden = !fits;
    count += fits;
  }
  for (const section of sections) section.hidden = !section.querySelector("li:not([hidden])");
  found.textContent = wanted.length ? `${count} of ${entries.length} functions` : `${entries.length} functions`;
}

// Enter opens the function that is named, or the only one left.
function open(event) {
  event.preventDefault();
  const left = entries.filter((entry) => !entry.item.hidden);
  const name = words(box.value).join(" ");
  const named = left.find((entry) => entry.name === name || entry.name === `llm ${name}`);
  const target = named ?? (left.length === 1 ? left[0] : null);
  if (target) location.href = target.link.href;
}

box.form.addEventListener("submit", open);
box.addEventListener("input", filter);
box.value = new URLSearchParams(location.search).get("q") ?? box.value;
filter();
if (box.value) box.focus();
