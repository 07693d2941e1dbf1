// SPDX-License-Identifier: Apache-2.0
// Orders: the processes, a form made of a process's schemas, a job followed to its results, one's jobs. The key stays in this tab.
const WORDS = {
  en: { other: "Français", key: "Your API key", use: "Use", forget: "Forget the key", processes: "What can be made", jobs: "Your orders", none: "There are none yet.", order: "Order", estimate: "What would it need?", required: "required", needs: (one) => `${one.products} products, ${one.cpus} CPU, ${one.memoryMB} MB, at most ${one.walltimeMinutes} minutes`, search: "Search", ids: "Product ids, one a line", collection: "Collection", from: "From", to: "To", cloud: "Most cloud (%)", box: "West, south, east, north (degrees)", status: "Status", progress: "Progress", log: "Log", stop: "Stop", remove: "Remove", again: "Order again", results: "Results", layer: "Layer", qgis: "In QGIS, add this WMS address with your name and, as the password, your key:", sign: "To order, say who you are: an API key of this server (hysope key create).", failed: "The server does not answer.", created: "Ordered", each: "One order for each product", campaigns: "Your campaigns", pause: "Pause", resume: "Go on", retry: "Order again what failed", items: "Products that failed", board: "Production", waits: (minutes) => `the oldest waits since ${minutes} minutes`, mean: (minutes) => `${minutes} minutes from order to end`, hours: "Orders that ended in each of the last 24 hours", owners: "Unfinished, by owner", failures: "Failures of the last day", back: "All processes and orders", open: "Open" },
  fr: { other: "English", key: "Votre clé d'API", use: "Utiliser", forget: "Oublier la clé", processes: "Ce qui peut être produit", jobs: "Vos commandes", none: "Il n'y en a pas encore.", order: "Commander", estimate: "Que faudrait-il ?", required: "obligatoire", needs: (one) => `${one.products} produits, ${one.cpus} CPU, ${one.memoryMB} Mo, au plus ${one.walltimeMinutes} minutes`, search: "Recherche", ids: "Identifiants de produits, un par ligne", collection: "Collection", from: "Du", to: "Au", cloud: "Nuages au plus (%)", box: "Ouest, sud, est, nord (degrés)", status: "État", progress: "Avancement", log: "Journal", stop: "Arrêter", remove: "Supprimer", again: "Commander à nouveau", results: "Résultats", layer: "Couche", qgis: "Dans QGIS, ajoutez cette adresse WMS avec votre nom et, comme mot de passe, votre clé :", sign: "Pour commander, dites qui vous êtes : une clé d'API de ce serveur (hysope key create).", failed: "Le serveur ne répond pas.", created: "Commandé", each: "Une commande par produit", campaigns: "Vos campagnes", pause: "Suspendre", resume: "Reprendre", retry: "Recommander ce qui a échoué", items: "Produits en échec", board: "Production", waits: (minutes) => `la plus ancienne attend depuis ${minutes} minutes`, mean: (minutes) => `${minutes} minutes de la commande à la fin`, hours: "Commandes terminées au cours de chacune des 24 dernières heures", owners: "En cours, par propriétaire", failures: "Échecs du dernier jour", back: "Tous les traitements et commandes", open: "Ouvrir" },
};
const FINAL = ["successful", "failed", "dismissed"];
const byId = (id) => document.getElementById(id);
const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
state.lang ??= navigator.language?.startsWith("fr") ? "fr" : "en";
let timer = 0;

function make(tag, properties = {}, ...children) {
  const out = Object.assign(document.createElement(tag), properties);
  out.append(...children);
  return out;
}

const key = () => sessionStorage.getItem("hysope-key") ?? "";

async function ask(path, options = {}) {
  const headers = { "Accept-Language": state.lang, Accept: "application/json", ...(key() ? { "X-API-Key": key() } : {}), ...options.headers };
  const answer = await fetch(`/ogcapi${path}`, { ...options, headers });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Error(told.detail || told.title || WORDS[state.lang].failed);
}

function go(changes) {
  for (const [name, value] of Object.entries(changes)) if (value) state[name] = value; else delete state[name];
  const { lang, process, job, campaign } = state;
  history.pushState(null, "", `#${new URLSearchParams(Object.entries({ lang, process, job, campaign }).filter(([, value]) => value))}`);
  show();
}

function button(text, work) {
  const out = make("button", { type: "button", textContent: text });
  out.addEventListener("click", work);
  return out;
}

function who() {
  const words = WORDS[state.lang];
  const box = byId("who");
  if (key()) {
    box.replaceChildren(button(words.forget, () => { sessionStorage.removeItem("hysope-key"); show(); }));
    return;
  }
  const input = make("input", { type: "password", autocomplete: "off", id: "key", size: 40 });
  box.replaceChildren(make("p", { textContent: words.sign }), make("label", { htmlFor: "key", textContent: `${words.key} ` }), input, " ", button(words.use, () => { sessionStorage.setItem("hysope-key", input.value.trim()); show(); }));
}

async function home() {
  const words = WORDS[state.lang];
  const { processes } = await (await ask("/processes")).json();
  const cards = processes.map((one) => make("section", { className: "card" }, make("h3", {}, make("a", { href: `#lang=${state.lang}&process=${one.id}`, textContent: one.title })), make("p", { textContent: one.description })));
  const parts = [make("h1", { textContent: words.processes }), ...cards];
  if (key()) {
    const { jobs } = await (await ask("/jobs?limit=50")).json();
    const rows = jobs.map((one) => make("tr", {}, make("td", {}, make("a", { href: `#lang=${state.lang}&job=${one.jobID}`, textContent: one.processID })), make("td", { textContent: one.created.slice(0, 16).replace("T", " ") }), make("td", { className: `is-${one.status}`, textContent: one.status }), make("td", { textContent: `${one.progress} %` }), make("td", { textContent: one.message })));
    parts.unshift(...(await board()));
    const { campaigns } = await (await ask("/campaigns?limit=50")).json();
    const runs = campaigns.map((one) => make("tr", {}, make("td", {}, make("a", { href: `#lang=${state.lang}&campaign=${one.id}`, textContent: one.title || one.processID })), make("td", { textContent: one.created.slice(0, 16).replace("T", " ") }), make("td", { className: `is-${one.status}`, textContent: one.status }), make("td", { textContent: `${one.counts.successful} / ${one.products}` })));
    if (runs.length) parts.push(make("h2", { textContent: words.campaigns }), make("table", {}, ...runs));
    parts.push(make("h2", { textContent: words.jobs }), rows.length ? make("table", {}, ...rows) : make("p", { textContent: words.none }));
  }
  byId("view").replaceChildren(...parts);
}

// For operators: how production stands. Others have no such thing.
async function board() {
  const words = WORDS[state.lang];
  const answer = await fetch("/ogcapi/board", { headers: { "X-API-Key": key() } });
  if (!answer.ok) return [];
  const one = await answer.json();
  const counts = (all) => Object.entries(all).map(([name, count]) => `${name} ${count}`).join(", ") || "–";
  const most = Math.max(1, ...one.endedByHour);
  const bars = one.endedByHour.map((count, at) => make("span", { className: "bar", title: `${count}`, style: `height: ${(40 * count) / most + 1}px` }, make("i", { textContent: `${23 - at}: ${count}; ` })));
  const chart = make("div", { className: "bars" }, ...bars);
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", words.hours);
  return [
    make("section", { className: "card", id: "board" }, make("h2", { textContent: words.board }), ...one.alerts.map((text) => make("p", { className: "told", role: "alert", textContent: text })),
      make("p", { textContent: `${counts(one.unfinished)}; ${words.waits(Math.round(one.oldestWaitingSeconds / 60))}; ${words.mean(one.meanMinutes)}` }), make("p", { textContent: words.hours }), chart,
      make("p", { textContent: `${words.failures}: ${counts(one.failuresLastDay)}` }), make("p", { textContent: `${words.owners}: ${counts(one.owners)}` })),
  ];
}

// A field of the form: its element, and how its value is read; undefined is "not given".
function field(name, about) {
  const { schema } = about;
  if (name === "products") return selection(schema);
  const start = schema.default;
  if (schema.enum) {
    const select = make("select", {}, ...schema.enum.map((value) => new Option(value, value, false, value === start)));
    return { element: select, read: () => select.value };
  }
  if (schema.type === "boolean") {
    const box = make("input", { type: "checkbox", checked: Boolean(start) });
    return { element: box, read: () => box.checked };
  }
  if (schema.type === "number" || schema.type === "integer") {
    const input = make("input", { type: "number", step: schema.type === "integer" ? 1 : "any", min: schema.minimum ?? "", max: schema.maximum ?? "", value: start ?? "" });
    return { element: input, read: () => (input.value === "" ? undefined : Number(input.value)) };
  }
  if (schema.type === "string") {
    const input = make("input", { type: schema.format === "date" ? "date" : "text", value: start ?? "", size: 40 });
    return { element: input, read: () => input.value || undefined };
  }
  const area = make("textarea", { rows: 4, cols: 60, placeholder: "JSON" });
  return { element: area, read: () => (area.value.trim() ? JSON.parse(area.value) : undefined) };
}

function selection(schema) {
  const words = WORDS[state.lang];
  const search = schema.oneOf.find((one) => one.type === "object").properties;
  const part = (title, element) => make("label", { className: "part" }, `${title} `, element);
  const collection = make("select", {}, ...search.collection.enum.map((name) => new Option(name, name)));
  const [from, to] = [0, 1].map(() => make("input", { type: "date" }));
  const cloud = make("input", { type: "number", min: 0, max: 100 });
  const box = make("input", { type: "text", size: 30 });
  const ids = make("textarea", { rows: 3, cols: 60 });
  const element = make("div", { className: "selection" }, part(words.ids, ids), make("p", { textContent: words.search }), part(words.collection, collection), part(words.from, from), part(words.to, to), part(words.cloud, cloud), part(words.box, box));
  const read = () => {
    const named = ids.value.split(/\s+/).filter(Boolean);
    if (named.length) return named;
    const out = { collection: collection.value };
    if (from.value || to.value) out.datetime = `${from.value || to.value}/${to.value || from.value}`;
    if (cloud.value !== "") out.max_cloud = Number(cloud.value);
    if (box.value.trim()) out.bbox = box.value.split(",").map(Number);
    return out;
  };
  return { element, read };
}

async function processPage() {
  const words = WORDS[state.lang];
  const about = await (await ask(`/processes/${encodeURIComponent(state.process)}`)).json();
  const fields = Object.entries(about.inputs).map(([name, one]) => ({ name, about: one, ...field(name, one) }));
  const told = make("p", { className: "told" });
  const inputs = () => Object.fromEntries(fields.map((one) => [one.name, one.read()]).filter(([, value]) => value !== undefined));
  const send = async (path, headers) => {
    told.textContent = "";
    told.className = "told";
    try {
      return await (await ask(`/processes/${about.id}/${path}`, { method: "POST", body: JSON.stringify({ inputs: inputs() }), headers: { "Content-Type": "application/json", ...headers } })).json();
    } catch (error) {
      told.textContent = error.message;
      return null;
    }
  };
  const form = fields.map((one) => {
    const id = `input-${one.name}`;
    one.element.id = id;
    const mark = one.about.minOccurs ? ` (${words.required})` : "";
    return make("div", { className: "field" }, make("label", { htmlFor: id, textContent: `${one.about.title}${mark}` }), one.element);
  });
  byId("view").replaceChildren(
    make("p", {}, make("a", { href: `#lang=${state.lang}`, textContent: words.back })), make("h1", { textContent: about.title }), make("p", { textContent: about.description }), ...form,
    make("p", {}, button(words.order, async () => { const job = await send("execution", { Prefer: "respond-async" }); if (job) go({ process: "", job: job.jobID }); }), " ", button(words.estimate, async () => { const one = await send("estimate", {}); if (one) { told.className = ""; told.textContent = words.needs(one); } }), ...(about.inputs.products ? [" ", button(words.each, async () => { const one = await send("campaign", {}); if (one) go({ process: "", campaign: one.id }); })] : [])),
    told,
  );
}

async function campaignPage() {
  const words = WORDS[state.lang];
  const id = encodeURIComponent(state.campaign);
  const one = await (await ask(`/campaigns/${id}`)).json();
  const { counts } = one;
  const bar = make("progress", { max: one.products, value: counts.successful + counts.failed + counts.dismissed });
  bar.setAttribute("aria-label", words.progress);
  const act = (text, path, method = "POST") => button(text, async () => { await ask(`/campaigns/${id}${path}`, { method }); if (method === "DELETE" && ["done", "stopped"].includes(one.status)) go({ campaign: "" }); else show(); });
  const acts = one.status === "running" ? [act(words.pause, "/pause"), " ", act(words.stop, "", "DELETE")] : [...(one.status === "done" ? [] : [act(words.resume, "/resume"), " "]), act(words.remove, "", "DELETE")];
  if (counts.failed + counts.dismissed) acts.push(" ", act(words.retry, "/retry"));
  const parts = [
    make("p", {}, make("a", { href: `#lang=${state.lang}`, textContent: words.back })), make("h1", { textContent: one.title || one.processID }),
    make("p", {}, make("strong", { className: `is-${one.status}`, textContent: one.status }), " ", bar, ` ${Object.entries(counts).filter(([, count]) => count).map(([name, count]) => `${name} ${count}`).join(", ")}`),
    make("p", {}, ...acts),
  ];
  if (counts.failed) {
    const { items } = await (await ask(`/campaigns/${id}/items?status=failed&limit=100`)).json();
    parts.push(make("h2", { textContent: words.items }), make("ul", {}, ...items.map((item) => make("li", {}, item.jobID ? make("a", { href: `#lang=${state.lang}&job=${item.jobID}`, textContent: item.product }) : item.product, `: ${item.message}`))));
  }
  byId("view").replaceChildren(...parts);
  if (one.status === "running") timer = setTimeout(show, 1500);
}

async function jobPage() {
  const words = WORDS[state.lang];
  const id = encodeURIComponent(state.job);
  const job = await (await ask(`/jobs/${id}`)).json();
  const log = await (await ask(`/jobs/${id}/log`, { headers: { Accept: "text/plain" } })).text();
  const over = FINAL.includes(job.status);
  const bar = make("progress", { max: 100, value: job.progress });
  bar.setAttribute("aria-label", words.progress);
  const end = button(over ? words.remove : words.stop, async () => { await ask(`/jobs/${id}`, { method: "DELETE" }); if (over) go({ job: "" }); else show(); });
  const again = button(words.again, async () => { const next = await (await ask(`/jobs/${id}/resubmit`, { method: "POST" })).json(); go({ job: next.jobID }); });
  const parts = [
    make("p", {}, make("a", { href: `#lang=${state.lang}`, textContent: words.back })), make("h1", { textContent: job.processID }),
    make("p", {}, make("strong", { className: `is-${job.status}`, textContent: job.status }), ` ${job.message} `, bar), make("p", { textContent: `${words.created}: ${job.created.slice(0, 19).replace("T", " ")} UTC` }),
  ];
  if (job.exception) parts.push(make("p", { className: "told", textContent: job.exception.detail }));
  if (job.status === "successful") parts.push(...(await results(id)));
  parts.push(make("p", {}, end, " ", ...(over ? [again] : [])), make("h2", { textContent: words.log }), make("pre", { className: "long", textContent: log }));
  byId("view").replaceChildren(...parts);
  if (!over) timer = setTimeout(show, 1000);
}

async function results(id) {
  const words = WORDS[state.lang];
  const found = await (await ask(`/jobs/${id}/results`)).json();
  const heading = make("h2", { textContent: words.results });
  if (!found.products) return [heading, ...Object.entries(found).map(([name, value]) => outputOf(name, value))];
  const rows = found.products.map((one) => make("li", {}, `${one.id} (${one.date}), ${words.layer} ${one.collection}`));
  return [heading, ...(await picture(found.products[0])), make("ul", {}, ...rows), make("p", { textContent: `${words.qgis} ` }, make("code", { textContent: `${location.origin}/wms` }))];
}

// The newest-made product as the map service draws it for its owner.
async function picture(product) {
  if (!product) return [];
  const [west, south, east, north] = product.bbox;
  const height = Math.min(600, Math.max(100, Math.round((400 * (north - south)) / ((east - west) * Math.cos((north * Math.PI) / 180)))));
  const query = new URLSearchParams({ SERVICE: "WMS", VERSION: "1.3.0", REQUEST: "GetMap", LAYERS: product.collection, STYLES: "", CRS: "CRS:84", BBOX: product.bbox.join(","), WIDTH: 400, HEIGHT: height, FORMAT: "image/png", TIME: product.date });
  const answer = await fetch(`/wms?${query}`, { headers: { "X-API-Key": key() } });
  if (!answer.ok || !answer.headers.get("content-type").startsWith("image/")) return [];
  return [make("figure", {}, make("img", { src: URL.createObjectURL(await answer.blob()), alt: `${product.title}, ${product.date}` }), make("figcaption", { textContent: product.id }))];
}

function outputOf(name, value) {
  if (value?.value && value.mediaType) return outputOf(name, value.value);
  if (!value?.href) return make("details", {}, make("summary", { textContent: name }), make("pre", { className: "long", textContent: typeof value === "string" ? value : JSON.stringify(value, null, 1) }));
  const link = button(`${name}: ${WORDS[state.lang].open}`, async () => {
    const answer = await fetch(value.href.replace(/^https?:\/\/[^/]+/, ""), { headers: { "X-API-Key": key() } });
    const address = URL.createObjectURL(await answer.blob());
    make("a", { href: address, download: name }).click();
    URL.revokeObjectURL(address);
  });
  return make("p", {}, link);
}

async function show() {
  clearTimeout(timer);
  document.documentElement.lang = state.lang;
  byId("language").textContent = WORDS[state.lang].other;
  who();
  try {
    await (state.job ? jobPage() : state.campaign ? campaignPage() : state.process ? processPage() : home());
  } catch (error) {
    byId("view").replaceChildren(make("p", { className: "told", textContent: error.message }));
  }
}

window.addEventListener("hashchange", () => {
  for (const name of ["process", "job", "campaign"]) delete state[name];
  Object.assign(state, Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
  show();
});
byId("language").addEventListener("click", () => go({ lang: state.lang === "fr" ? "en" : "fr" }));
show();
