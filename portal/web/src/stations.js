// SPDX-License-Identifier: Apache-2.0
// Stations on a map, coloured by how unusual their newest value is; search by name, river or basin. State lives in the address.
import "ol/ol.css";
import Feature from "ol/Feature.js";
import OlMap from "ol/Map.js";
import View from "ol/View.js";
import Point from "ol/geom/Point.js";
import Graticule from "ol/layer/Graticule.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat, toLonLat, transformExtent } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import { Circle, Fill, Stroke, Style } from "ol/style.js";
import { CLASSES, UNKNOWN, classOf } from "./anomaly.js";
import { land } from "./land.js";

const WORDS = {
  en: { search: "Name, river, lake or basin", collection: "Collection", all: "All", legend: "The newest value is", found: "Stations", take: "Take them along", other: "Français", failed: "The server does not answer.", more: "more: zoom in or search", none: "No station here.", csv: "CSV", parquet: "Parquet", feed: "Feed of new observations", shown: "stations on the map" },
  fr: { search: "Nom, rivière, lac ou bassin", collection: "Collection", all: "Toutes", legend: "La dernière valeur est", found: "Stations", take: "Les emporter", other: "English", failed: "Le serveur ne répond pas.", more: "de plus : zoomez ou cherchez", none: "Aucune station ici.", csv: "CSV", parquet: "Parquet", feed: "Flux des nouvelles observations", shown: "stations sur la carte" },
};
const LISTED = 40;
const byId = (id) => document.getElementById(id);
const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
state.lang ??= navigator.language?.startsWith("fr") ? "fr" : "en";

const styles = new Map();
function styleOf(anomaly) {
  const { colour } = classOf(anomaly);
  if (!styles.has(colour)) styles.set(colour, new Style({ image: new Circle({ radius: 6, fill: new Fill({ color: colour }), stroke: new Stroke({ color: "#33414a", width: 1 }) }) }));
  return styles.get(colour);
}

const source = new VectorSource();
const points = new VectorLayer({ source, style: (feature) => styleOf(feature.get("anomaly")) });
const grid = new Graticule({ strokeStyle: new Stroke({ color: "rgba(40,60,80,.15)", width: 1 }), showLabels: true, wrapX: false });
const map = new OlMap({ target: "map", layers: [land(), grid, points], view: new View({ center: [0, 2500000], zoom: 2 }) });

function remember() {
  const [longitude, latitude] = toLonLat(map.getView().getCenter());
  Object.assign(state, { lon: longitude.toFixed(4), lat: latitude.toFixed(4), z: map.getView().getZoom().toFixed(2) });
  history.replaceState(null, "", `#${new URLSearchParams(state)}`);
}

function query() {
  const asked = new URLSearchParams();
  if (state.q) asked.set("q", state.q);
  if (state.collection) asked.set("collection", state.collection);
  return asked;
}

async function load() {
  const answer = await fetch(`/series/stations?${query()}`);
  if (!answer.ok) throw new Error((await answer.text()) || WORDS[state.lang].failed);
  const { columns, rows } = await answer.json();
  const seen = new Map();
  for (const row of rows) {
    const one = Object.fromEntries(columns.map((name, at) => [name, row[at]]));
    const before = seen.get(one.station);
    if (!before || (one.property === "water_surface_height" && before.property !== one.property)) seen.set(one.station, one);
  }
  source.clear();
  source.addFeatures([...seen.values()].map((one) => new Feature({ ...one, geometry: new Point(fromLonLat([one.longitude, one.latitude])) })));
  return [...new Set(rows.map((row) => row[columns.indexOf("collection")]))];
}

function item(feature) {
  const line = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { href: `/stations/${encodeURIComponent(feature.get("station"))}?lang=${state.lang}`, textContent: feature.get("name") });
  const mark = document.createElement("span");
  mark.className = "mark";
  mark.style.backgroundColor = classOf(feature.get("anomaly")).colour;
  const day = new Date(feature.get("time")).toISOString().slice(0, 10);
  line.append(mark, link, ` ${feature.get("value").toLocaleString(state.lang)} ${feature.get("unit")}, ${day}, ${classOf(feature.get("anomaly"))[state.lang]}`);
  return line;
}

function list(features) {
  const words = WORDS[state.lang];
  const box = byId("found");
  box.replaceChildren(...features.slice(0, LISTED).map(item));
  if (!features.length) box.textContent = words.none;
  if (features.length > LISTED) box.append(Object.assign(document.createElement("li"), { textContent: `… ${features.length - LISTED} ${words.more}` }));
}

function listVisible() {
  const extent = map.getView().calculateExtent(map.getSize());
  const inside = source.getFeaturesInExtent(extent);
  byId("found-title").textContent = `${inside.length} ${WORDS[state.lang].shown}`;
  list(inside.sort((a, b) => Math.abs(b.get("anomaly") ?? 0) - Math.abs(a.get("anomaly") ?? 0)));
  remember();
}

function write(collections) {
  const words = WORDS[state.lang];
  document.documentElement.lang = state.lang;
  byId("language").textContent = words.other;
  for (const name of ["search", "collection", "legend", "take"]) byId(`${name}-title`).textContent = words[name];
  byId("search").value = state.q ?? "";
  byId("key").replaceChildren(...[...CLASSES, UNKNOWN].map((one) => {
    const line = document.createElement("li");
    const mark = Object.assign(document.createElement("span"), { className: "mark" });
    mark.style.backgroundColor = one.colour;
    line.append(mark, one[state.lang]);
    return line;
  }));
  if (collections) {
    const chosen = state.collection ?? "";
    byId("collection").replaceChildren(new Option(words.all, ""), ...[...new Set([...collections, chosen].filter(Boolean))].sort().map((name) => new Option(name, name, false, name === chosen)));
  }
  const links = [["csv", `/series?f=csv&${query()}`], ["parquet", `/series?f=parquet&${query()}`], ["feed", `/series/feed?${query()}`]];
  byId("take").replaceChildren(...links.flatMap(([name, href]) => [Object.assign(document.createElement("a"), { href, textContent: words[name] }), " "]));
}

async function start(fit) {
  try {
    const collections = await load();
    write(state.collection ? null : collections);
    if (fit && source.getFeatures().length) map.getView().fit(source.getExtent(), { padding: [40, 40, 40, 40], maxZoom: 9 });
    listVisible();
  } catch (error) {
    write(null);
    byId("found").textContent = error.message;
  }
}

byId("language").addEventListener("click", () => { state.lang = state.lang === "fr" ? "en" : "fr"; write(null); listVisible(); });
byId("search").addEventListener("change", (event) => { state.q = event.target.value.trim(); if (!state.q) delete state.q; start(true); });
byId("collection").addEventListener("change", (event) => { state.collection = event.target.value; if (!state.collection) delete state.collection; start(true); });
map.on("singleclick", (event) => {
  const hit = map.getFeaturesAtPixel(event.pixel, { layerFilter: (layer) => layer === points, hitTolerance: 5 });
  if (hit.length) { byId("found-title").textContent = WORDS[state.lang].found; list(hit); }
});
map.on("moveend", listVisible);
if (state.lon && state.lat && state.z) {
  map.getView().setCenter(fromLonLat([Number(state.lon), Number(state.lat)]));
  map.getView().setZoom(Number(state.z));
}
start(!state.z);
