// SPDX-License-Identifier: Apache-2.0
// The map page: layers and dates from the WMS capabilities, one calendar, legend, opacity, values on a click. State lives in the address.
import "ol/ol.css";
import OlMap from "ol/Map.js";
import View from "ol/View.js";
import WMSCapabilities from "ol/format/WMSCapabilities.js";
import ImageLayer from "ol/layer/Image.js";
import Graticule from "ol/layer/Graticule.js";
import ImageWMS from "ol/source/ImageWMS.js";
import Stroke from "ol/style/Stroke.js";
import { transformExtent } from "ol/proj.js";
import { land } from "./land.js";

const WORDS = {
  en: { layers: "Layers", dates: "Dates", opacity: "Opacity", legend: "Legend", values: "Values", click: "Click on the map.", none: "No data here.", other: "Français", qlr: "Layers for QGIS (.qlr)", wms: "WMS address", latest: "Latest", before: "Earlier", after: "Later", failed: "The map service does not answer." },
  fr: { layers: "Couches", dates: "Dates", opacity: "Opacité", legend: "Légende", values: "Valeurs", click: "Cliquez sur la carte.", none: "Pas de donnée ici.", other: "English", qlr: "Couches pour QGIS (.qlr)", wms: "Adresse WMS", latest: "Dernière date", before: "Avant", after: "Après", failed: "Le service de cartes ne répond pas." },
};
const byId = (id) => document.getElementById(id);
const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
state.lang ??= navigator.language?.startsWith("fr") ? "fr" : "en";
let layers = [];
let current = null;
let month = null;

const source = new ImageWMS({ url: "/wms", params: { VERSION: "1.3.0", LAYERS: "", FORMAT: "image/png" }, ratio: 1, serverType: "mapserver" });
const picture = new ImageLayer({ source });
const grid = new Graticule({ strokeStyle: new Stroke({ color: "rgba(40,60,80,.25)", width: 1 }), showLabels: true, wrapX: false });
const map = new OlMap({ target: "map", layers: [land(), picture, grid], view: new View({ center: [250000, 5800000], zoom: 6 }) });

function remember() {
  const view = map.getView();
  const [x, y] = view.getCenter();
  Object.assign(state, { x: Math.round(x), y: Math.round(y), z: view.getZoom().toFixed(2) });
  history.replaceState(null, "", `#${new URLSearchParams(state)}`);
}

function flatten(layer, out = []) {
  if (layer.Name) out.push(layer);
  for (const child of layer.Layer ?? []) flatten(child, out);
  return out;
}

async function load() {
  const words = WORDS[state.lang];
  const answer = await fetch(`/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities&LANGUAGE=${state.lang}`);
  if (!answer.ok) throw new Error(words.failed);
  const parsed = new WMSCapabilities().read(await answer.text());
  layers = flatten(parsed.Capability.Layer).map((layer) => {
    const time = layer.Dimension?.find((dimension) => dimension.name === "time");
    return { name: layer.Name, title: layer.Title, extent: layer.EX_GeographicBoundingBox, styles: layer.Style ?? [], days: time ? time.values.split(",") : [], latest: time?.default };
  });
  current = layers.find((layer) => layer.name === state.layer) ?? layers[0] ?? null;
}

function write() {
  const words = WORDS[state.lang];
  document.documentElement.lang = state.lang;
  for (const name of ["layers", "dates", "opacity", "legend", "values"]) byId(`${name}-title`).textContent = words[name];
  byId("language").textContent = words.other;
  byId("qlr").textContent = words.qlr;
  byId("wms-label").textContent = words.wms;
  byId("wms-address").value = `${location.origin}/wms`;
  byId("values").textContent = words.click;
  writeLayers();
}

function writeLayers() {
  byId("layers").replaceChildren(...layers.flatMap((layer) => {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "layer", checked: layer === current });
    radio.addEventListener("change", () => choose(layer));
    label.append(radio, ` ${layer.title}`);
    if (layer !== current || layer.styles.length < 2) return [label];
    const select = document.createElement("select");
    select.setAttribute("aria-label", layer.title);
    select.append(...layer.styles.map((style) => new Option(style.Title, style.Name, false, style.Name === state.style)));
    select.addEventListener("change", () => { state.style = select.value; draw(); });
    return [label, select];
  }));
}

function writeCalendar() {
  const words = WORDS[state.lang];
  const days = current?.days ?? [];
  const months = [...new Set(days.map((day) => day.slice(0, 7)))];
  month = months.includes(month) ? month : (state.day ?? current?.latest ?? "").slice(0, 7) || months.at(-1);
  const at = months.indexOf(month);
  const bar = document.createElement("div");
  bar.className = "months";
  const step = (label, target) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label, disabled: !target });
    button.addEventListener("click", () => { month = target; writeCalendar(); });
    return button;
  };
  const title = document.createElement("strong");
  title.textContent = month ? new Date(`${month}-01T00:00:00Z`).toLocaleDateString(state.lang, { month: "long", year: "numeric", timeZone: "UTC" }) : "";
  bar.append(step(`‹ ${words.before}`, months[at - 1]), title, step(`${words.after} ›`, months[at + 1]));
  const table = document.createElement("div");
  table.className = "month";
  if (month) {
    const [year, number] = month.split("-").map(Number);
    const first = (new Date(Date.UTC(year, number - 1, 1)).getUTCDay() + 6) % 7;
    const length = new Date(Date.UTC(year, number, 0)).getUTCDate();
    for (let blank = 0; blank < first; blank += 1) table.append(document.createElement("span"));
    for (let day = 1; day <= length; day += 1) table.append(dayCell(`${month}-${String(day).padStart(2, "0")}`, day, days));
  }
  const latest = Object.assign(document.createElement("button"), { type: "button", textContent: words.latest });
  latest.addEventListener("click", () => { delete state.day; month = null; draw(); });
  byId("calendar").replaceChildren(bar, table, latest);
}

function dayCell(day, number, days) {
  if (!days.includes(day)) return Object.assign(document.createElement("span"), { textContent: number });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: number });
  button.setAttribute("aria-pressed", String(day === state.day));
  button.setAttribute("aria-label", day);
  button.addEventListener("click", () => { state.day = day; draw(); });
  return button;
}

function draw() {
  if (!current) return;
  const styles = current.styles.map((style) => style.Name);
  if (!styles.includes(state.style)) state.style = styles[0];
  if (state.day && !current.days.includes(state.day)) delete state.day;
  source.updateParams({ LAYERS: current.name, STYLES: state.style, TIME: state.day ?? undefined, LANGUAGE: state.lang });
  const legend = byId("legend");
  legend.src = `/wms?SERVICE=WMS&REQUEST=GetLegendGraphic&LAYER=${encodeURIComponent(current.name)}&STYLE=${encodeURIComponent(state.style)}&LANGUAGE=${state.lang}`;
  legend.alt = `${WORDS[state.lang].legend}: ${current.title}`;
  writeCalendar();
  remember();
}

function choose(layer) {
  current = layer;
  state.layer = layer.name;
  month = null;
  writeLayers();
  draw();
}

async function showValues(event) {
  const view = map.getView();
  const url = source.getFeatureInfoUrl(event.coordinate, view.getResolution(), "EPSG:3857", { INFO_FORMAT: "application/json", LANGUAGE: state.lang, FEATURE_COUNT: 5 });
  if (!url) return;
  const found = await (await fetch(url)).json();
  const box = byId("values");
  box.replaceChildren(...found.features.flatMap((feature) => {
    const head = Object.assign(document.createElement("h3"), { textContent: feature.properties.product });
    const table = document.createElement("table");
    for (const [name, value] of Object.entries(feature.properties)) {
      if (value === null || name === "product" || name === "page") continue;
      const row = table.insertRow();
      row.append(Object.assign(document.createElement("th"), { textContent: name }));
      row.insertCell().textContent = value;
    }
    return [head, table];
  }));
  if (!found.features.length) box.textContent = WORDS[state.lang].none;
}

function place() {
  if (state.x && state.y && state.z) {
    map.getView().setCenter([Number(state.x), Number(state.y)]);
    map.getView().setZoom(Number(state.z));
  } else if (current) map.getView().fit(transformExtent(current.extent, "EPSG:4326", "EPSG:3857"), { padding: [20, 20, 20, 20] });
}

async function start(first) {
  try {
    await load();
    write();
    if (first) place();
    draw();
  } catch (error) {
    byId("values").textContent = error.message;
  }
}

byId("language").addEventListener("click", () => { state.lang = state.lang === "fr" ? "en" : "fr"; start(false); });
byId("opacity").addEventListener("input", (event) => picture.setOpacity(Number(event.target.value) / 100));
map.on("singleclick", showValues);
map.on("moveend", () => { if (current) remember(); });
start(true);
