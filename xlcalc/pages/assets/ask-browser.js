// Calculates in this browser: a worker runs Python (Pyodide), and a service worker keeps the site for use offline.
"use strict";

var xlcalcAsk = (() => {
  let worker = null;
  let last = 0;
  const waiting = new Map();
  let tell = () => {};

  // The first visit fetches through the service worker, so that it keeps what it fetches.
  async function kept() {
    if (!("serviceWorker" in navigator) || !window.isSecureContext) return null;
    try {
      await navigator.serviceWorker.register("offline.js");
      const ready = await navigator.serviceWorker.ready;
      if (!navigator.serviceWorker.controller) {
        await new Promise((done) => {
          navigator.serviceWorker.addEventListener("controllerchange", done, { once: true });
          setTimeout(done, 3000);
        });
      }
      return ready;
    } catch {
      return null; // then it works online only
    }
  }

  async function start() {
    const keeper = await kept();
    const started = new Worker("worker.js", { type: "module" });
    await new Promise((done, failed) => {
      started.onmessage = ({ data }) => {
        if (data.ready) done();
        else if (data.failed) failed(new Error(`Python cannot be loaded: ${data.failed}`));
        else tell(data.share, data.doing);
      };
      started.onerror = (event) => failed(new Error(`Python cannot be loaded: ${event.message ?? "the worker fails"}`));
    });
    started.onmessage = ({ data }) => {
      waiting.get(data.id)?.(data.answer);
      waiting.delete(data.id);
    };
    keeper?.active?.postMessage("keep");
    return started;
  }

  return async (question, progress = () => {}) => {
    tell = progress;
    worker ??= start();
    let ready;
    try {
      ready = await worker;
    } catch (error) {
      worker = null;
      throw error;
    }
    const id = ++last;
    return new Promise((done) => {
      waiting.set(id, done);
      ready.postMessage({ id, question });
    });
  };
})();
