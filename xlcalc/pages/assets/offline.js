// Keeps every file of the site that was fetched; all of them when a page says "keep". VERSION is the hash of the site.
const CACHE = "xlcalc-VERSION";

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("xlcalc-") && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== location.origin) return;
  event.respondWith((async () => {
    const cache = await caches.open(CACHE);
    const known = await cache.match(event.request, { ignoreSearch: true });
    if (known) return known;
    const response = await fetch(event.request);
    if (response.ok) await cache.put(address.origin + address.pathname, response.clone());
    return response;
  })());
});

self.addEventListener("message", (event) => {
  if (event.data !== "keep") return;
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const { files } = await (await fetch("xlcalc-site.json")).json();
    const names = ["./", ...Object.keys(files)];
    for (let i = 0; i < names.length; i += 20) { // a few at a time
      await Promise.all(names.slice(i, i + 20).map(async (name) => (await cache.match(name)) || cache.add(name)));
    }
    for (const client of await self.clients.matchAll()) client.postMessage("kept");
  })());
});
