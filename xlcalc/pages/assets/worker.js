// Python in a worker: fetches the files of runtime.json with a share of their bytes, then answers questions.
const { pyodide: files, wheels, sizes } = await (await fetch("runtime.json")).json();
const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
let fetched = 0;

async function get(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} is not there (${response.status})`);
  const reader = response.body.getReader();
  const parts = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    fetched += value.length;
    postMessage({ share: Math.min(fetched / total, 1) * 0.8, doing: `Loading Python, ${Math.round(fetched / 1e6)} of ${Math.round(total / 1e6)} MB` });
  }
  return new Blob(parts).arrayBuffer();
}

let answer;
try {
  await Promise.all(files.map(get)); // now in the cache, from where Pyodide takes them
  const packed = await Promise.all(wheels.map(get));
  postMessage({ share: 0.85, doing: "Starting Python" });
  const { loadPyodide } = await import("./pyodide.mjs");
  const python = await loadPyodide({ indexURL: new URL(".", import.meta.url).href });
  for (const wheel of packed) python.unpackArchive(wheel, "wheel");
  postMessage({ share: 0.95, doing: "Reading the catalogs" });
  answer = python.runPython(`
import json
from xlcalc.pages.answers import answer
lambda question: json.dumps(answer(**json.loads(question)))
`);
  postMessage({ ready: true });
} catch (error) {
  postMessage({ failed: String(error.message ?? error) });
}

onmessage = ({ data: { id, question } }) => postMessage({ id, answer: JSON.parse(answer(JSON.stringify(question))) });
