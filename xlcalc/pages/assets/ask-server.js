// Asks the server that these pages come from: `xlcalc serve`.
"use strict";

var xlcalcAsk = (() => {
  const here = document.currentScript.src;
  return async (question, progress, what = "answer") => {
    const headers = { "Content-Type": "application/json" };
    const who = await globalThis.getAuth?.(); // in the task pane, as for the functions in cells
    if (who?.token) Object.assign(headers, { Authorization: who.token, "Auth-Provider": who.provider });
    let response;
    try {
      response = await fetch(new URL(what, here), { method: "POST", headers, body: JSON.stringify(question) });
    } catch {
      throw new Error("The server does not answer. Is xlcalc serve still running?");
    }
    if (response.status === 401 || response.status === 403) {
      throw new Error("This server answers those who are signed in: use the pane in Excel.");
    }
    if (!response.ok) throw new Error(`The server answers with status ${response.status}.`);
    return response.json();
  };
})();
