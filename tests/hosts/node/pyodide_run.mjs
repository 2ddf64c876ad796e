// Pyodide as xlwings Lite has it: wheels unpacked, the functions registered, calls passed from JavaScript.
// Arguments: the script for Pyodide's Python, then the wheels. For each line of calls on stdin prints, as a line of JSON,
// {results, metadata, modules, brought}.
import fs from "node:fs";
import readline from "node:readline";
import { loadPyodide } from "pyodide";

const [python, ...wheels] = process.argv.slice(2);
const pyodide = await loadPyodide({ stdout: console.error, stderr: console.error });
for (const wheel of wheels) pyodide.unpackArchive(new Uint8Array(fs.readFileSync(wheel)), "wheel");
pyodide.runPython("import xlcalc");
const host = pyodide.toPy({});
pyodide.runPython(fs.readFileSync(python, "utf8"), { globals: host });
for await (const line of readline.createInterface({ input: process.stdin })) {
  const results = [];
  for (const call of JSON.parse(line)) results.push(await host.get("call")(call));
  console.log(JSON.stringify({ results, ...JSON.parse(host.get("shown")()) }));
}
