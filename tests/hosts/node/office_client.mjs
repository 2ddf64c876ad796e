// xlwings Server's own browser code, run in Node with stand-ins for what Excel and the task pane provide.
// Usage: office_client.mjs URL; reads calls {name, args} from stdin, prints the result of each as JSON.
import fs from "node:fs";
import vm from "node:vm";

const [url] = process.argv.slice(2);
const calls = JSON.parse(fs.readFileSync(0, "utf8"));
const functions = new Map();

class RequestContext {
  workbook = { name: "Book1.xlsx", load() {} };
  async sync() {}
}

// A browser opens six connections to a server and lets the other requests wait; fetch in Node opens one for each, and
// gives those up that are not accepted within 10 s.
const waiting = [];
let open = 0;

async function post(address, body, { headers }) {
  if (open === 6) await new Promise((go) => waiting.push(go));
  else open += 1;
  try {
    const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
    const data = await response.json().catch(() => "");
    if (response.ok) return { data, status: response.status };
    throw Object.assign(new Error(`status ${response.status}`), { response: { data, status: response.status } });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else open -= 1;
  }
}

Object.assign(globalThis, {
  window: { location: { origin: url } },
  config: { customFunctionsMaxRetries: 1, customFunctionsRetryCodes: [], requestTimeout: 60, onWasm: false },
  Office: {
    context: { requirements: { isSetSupported: () => true } },
    onReady: async (ready) => ready?.({ host: "Excel", platform: "PC" }),
  },
  Excel: { RequestContext },
  CustomFunctions: {
    associate: (id, run) => functions.set(id, run),
    Error: class extends Error {},
    ErrorCode: { invalidValue: "#VALUE!" },
  },
  xlwings: { getCultureInfoName: async () => "en-US", getDateFormat: async () => "m/d/yyyy" },
  xwRequest: { post },
});

vm.runInThisContext(await (await fetch(`${url}/xlwings/custom-functions-code.js`)).text());
const invocation = { address: "Sheet1!J9", parameterAddresses: [] };
const results = await Promise.all(calls.map(({ name, args }) => functions.get(name)(...args, invocation)));
console.log(JSON.stringify({ functions: [...functions.keys()], results }));
