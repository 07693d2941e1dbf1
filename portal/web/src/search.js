// SPDX-License-Identifier: Apache-2.0
// The catalogue: words, dates, clouds, the extent of the map; counts to narrow down; products with their pictures, stations, and what other centres have.
// State lives in the address.
import "ol/ol.css";
import OlMap from "ol/Map.js";
import View from "ol/View.js";
import GeoJSON from "ol/format/GeoJSON.js";
import Graticule from "ol/layer/Graticule.js";
import VectorLayer from "ol/layer/Vector.js";
import { transformExtent } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import { Fill, Stroke, Style } from "ol/style.js";
import { land } from "./land.js";

const WORDS = {
  en: { other: "Français", q: "Words", from: "From", to: "To", cloud: "Cloud at most (%)", here: "Only in the map's extent", search: "Search", matched: (one) => `${one.toLocaleString("en")} results`, more: "More", clear: "all", none: "Nothing was found.", failed: "The server does not answer.", clouds: "cloud", collection: "Collection", platform: "Satellite", grid: "Tile", month: "Month", onMap: "On the map", record: "Record", origin: "Origin" },
  fr: { other: "English", q: "Mots", from: "Du", to: "Au", cloud: "Nuages au plus (%)", here: "Seulement dans l'emprise de la carte", search: "Chercher", matched: (one) => `${one.toLocaleString("fr")} résultats`, more: "Suite", clear: "tout", none: "Rien n'a été trouvé.", failed: "Le serveur ne répond pas.", clouds: "nuages", collection: "Collection", platform: "Satellite", grid: "Tuile", month: "Mois", onMap: "Sur la carte", record: "Fiche", origin: "Origine" },
};
const FACETS = [["collection_frequency", "collection"], ["platform_frequency", "platform"], ["grid_code_frequency", "grid"], ["datetime_frequency", "month"]];
const FIELDS = ["q", "from", "to", "cloud", "here", "collection", "platform", "grid", "month", "bbox"];
const byId = (id) => document.getElementById(id);
const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
state.lang ??= navigator.language?.startsWith("fr") ? "fr" : "en";
let next = null;

const source = new VectorSource();
const outlines = new VectorLayer({ source, style: new Style({ fill: new Fill({ color: "rgba(11,90,138,.10)" }), stroke: new Stroke({ color: "#0b5a8a", width: 1.5 }) }) });
const grid = new Graticule({ strokeStyle: new Stroke({ color: "rgba(40,60,80,.2)", width: 1 }), showLabels: true, wrapX: false });
const map = new OlMap({ target: "map", layers: [land(), grid, outlines], view: new View({ center: [250000, 5500000], zoom: 3 }) });

function make(tag, properties = {}, ...children) {
  const out = Object.assign(document.createElement(tag), properties);
  out.append(...children);
  return out;
}

function remember() {
  history.replaceState(null, "", `#${new URLSearchParams(Object.entries(state).filter(([name, value]) => value && [...FIELDS, "lang"].includes(name)))}`);
}

function body() {
  const out = {};
  const query = {};
  if (state.q) out.q = [state.q];
  const [from, to] = state.month ? [`${state.month}-01`, `${state.month}-${new Date(Date.UTC(...state.month.split("-").map(Number), 0)).getUTCDate()}`] : [state.from, state.to];
  if (from || to) out.datetime = `${from || ".."}/${to || ".."}`;
  if (state.here && state.bbox) out.bbox = state.bbox.split(",").map(Number);
  if (state.collection) out.collections = [state.collection];
  if (state.platform) query.platform = { eq: state.platform };
  if (state.grid) query["grid:code"] = { eq: state.grid };
  if (state.cloud) query["eo:cloud_cover"] = { lte: Number(state.cloud) };
  if (Object.keys(query).length) out.query = query;
  return out;
}

async function post(path, document) {
  const answer = await fetch(`/stac${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(document) });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.description || WORDS[state.lang].failed);
  return found;
}

function form() {
  const words = WORDS[state.lang];
  const input = (name, type) => make("label", {}, `${words[name]} `, make("input", { type, name, value: state[name] ?? "", ...(type === "number" ? { min: 0, max: 100 } : {}) }));
  const here = make("input", { type: "checkbox", name: "here", checked: Boolean(state.here) });
  byId("form").replaceChildren(input("q", "search"), input("from", "date"), input("to", "date"), input("cloud", "number"), make("label", {}, here, ` ${words.here}`), make("button", { textContent: words.search }));
}

function facets(found) {
  const words = WORDS[state.lang];
  byId("facets").replaceChildren(...FACETS.flatMap(([name, field]) => {
    const { buckets } = found.find((one) => one.name === name);
    if (!buckets.length && !state[field]) return [];
    const choose = (value) => { state[field] = value; search(); };
    const rows = state[field]
      ? [make("li", {}, make("strong", { textContent: `${state[field]} ` }), press(words.clear, () => choose("")))]
      : buckets.slice(0, 12).map((one) => make("li", {}, press(one.key, () => choose(one.key)), ` ${one.frequency.toLocaleString(state.lang)}`));
    return [make("h2", { textContent: words[field] }), make("ul", {}, ...rows)];
  }));
}

function press(text, work) {
  const out = make("button", { type: "button", className: "plain", textContent: text });
  out.addEventListener("click", work);
  return out;
}

const here = (href) => href.replace(/^https?:\/\/[^/]+/, "");
const linked = (item, rel, type) => item.links.find((one) => one.rel === rel && (!type || one.type === type))?.href;

function period(item) {
  const { datetime, start_datetime: first, end_datetime: last } = item.properties;
  const end = (text, open) => (text.startsWith(open) ? "" : text.slice(0, 10));
  const [from, to] = [end(first ?? datetime, "0001"), end(last ?? datetime, "9999")];
  return datetime?.slice(0, 10) ?? (from === to ? from : `${from} … ${to}`);
}

function card(item) {
  const words = WORDS[state.lang];
  const foreign = linked(item, "via");
  const home = new URL(linked(item, "self")).origin;
  const ours = (href) => Boolean(href?.startsWith(`${home}/`));
  const picture = Object.values(item.assets).find((one) => one.roles?.includes("thumbnail") && ours(one.href));
  const clouds = item.properties["eo:cloud_cover"];
  const facts = [period(item), item.properties.platform?.toUpperCase(), item.properties["grid:code"]?.replace("MGRS-", ""), typeof clouds === "number" ? `${Math.round(clouds)} % ${words.clouds}` : null];
  const day = (item.properties.start_datetime ?? item.properties.datetime)?.slice(0, 10);
  const onMap = make("a", { href: `/#lang=${state.lang}&layer=${encodeURIComponent(item.collection)}&day=${day}`, textContent: words.onMap });
  const links = [
    ...(ours(linked(item, "wms")) ? [onMap, " "] : []),
    make("a", { href: `/ogcapi/collections/metadata/items/${encodeURIComponent(item.id)}?f=html`, textContent: words.record }), " ", make("a", { href: here(linked(item, "self")), textContent: "STAC" }),
    ...(foreign?.startsWith("http") ? [" ", make("a", { href: foreign, rel: "noreferrer", textContent: words.origin })] : []),
  ];
  const title = picture ? item.id : item.properties.title ?? item.id;
  const out = make("article", { className: "card item" }, ...(picture ? [make("img", { src: here(picture.href), alt: "", loading: "lazy", width: 96, height: 96 })] : []), make("div", {}, make("h3", {}, make("a", { href: here(linked(item, "alternate", "text/html")), textContent: title })), make("p", { textContent: facts.filter(Boolean).join(" · ") }), make("p", {}, `${item.collection} · `, ...links)));
  out.addEventListener("mouseenter", () => show([item]));
  return out;
}

let shown = [];
function show(items) {
  source.clear();
  source.addFeatures(new GeoJSON().readFeatures({ type: "FeatureCollection", features: items }, { dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" }));
}

async function page(document, fresh) {
  const found = await post("/search", document);
  next = found.links.find((one) => one.rel === "next")?.body ?? null;
  byId("matched").textContent = found.numberMatched ? WORDS[state.lang].matched(found.numberMatched) : WORDS[state.lang].none;
  byId("more").hidden = !next;
  byId("more").textContent = WORDS[state.lang].more;
  shown = fresh ? found.features : [...shown, ...found.features];
  const cards = found.features.map(card);
  if (fresh) byId("items").replaceChildren(...cards); else byId("items").append(...cards);
  show(shown);
}

async function search(fit = true) {
  document.documentElement.lang = state.lang;
  byId("language").textContent = WORDS[state.lang].other;
  form();
  remember();
  try {
    const asked = body();
    const counted = await post("/aggregate", { ...asked, aggregations: FACETS.map(([name]) => name) });
    facets(counted.aggregations);
    await page({ ...asked, limit: 20, sortby: [{ field: "properties.datetime", direction: "desc" }] }, true);
    if (fit && !state.here && source.getFeatures().some((one) => one.getGeometry())) map.getView().fit(source.getExtent(), { padding: [30, 30, 30, 30], maxZoom: 9 });
  } catch (error) {
    byId("matched").textContent = error.message;
    byId("items").replaceChildren();
  }
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(event.target);
  for (const name of ["q", "from", "to", "cloud"]) state[name] = given.get(name)?.trim();
  state.here = given.get("here") ? "1" : "";
  search();
});
byId("language").addEventListener("click", () => { state.lang = state.lang === "fr" ? "en" : "fr"; search(false); });
byId("more").addEventListener("click", () => page(next, false));
byId("items").addEventListener("mouseleave", () => show(shown));
map.on("moveend", () => {
  const extent = transformExtent(map.getView().calculateExtent(map.getSize()), "EPSG:3857", "EPSG:4326");
  state.bbox = [Math.max(-180, extent[0]), Math.max(-90, extent[1]), Math.min(180, extent[2]), Math.min(90, extent[3])].map((side) => side.toFixed(4)).join(",");
  if (state.here) search(false);
});
search();
