// SPDX-License-Identifier: Apache-2.0
// The chart of a station: values with their uncertainty, gaps left open, missions to choose, other stations beside it. State lives in the address.
import "./copying.js";
import "uplot/dist/uPlot.min.css";
import uPlot from "uplot";

const WORDS = {
  en: { property: "Property", missions: "Missions", beside: "Another station beside it", add: "Add", picture: "Picture (PNG)", anomaly: "Differences from the mean", none: "There is nothing to draw.", drop: "remove", failed: "There is no such station." },
  fr: { property: "Propriété", missions: "Missions", beside: "Une autre station à côté", add: "Ajouter", picture: "Image (PNG)", anomaly: "Écarts à la moyenne", none: "Il n'y a rien à tracer.", drop: "retirer", failed: "Cette station n'existe pas." },
};
const COLOURS = ["#0b5a8a", "#b3541e", "#3d7a2c", "#7a3d86", "#8a6d00", "#b0246a"];
const DAY = 86400;
const box = document.getElementById("chart");
const lang = document.documentElement.lang === "fr" ? "fr" : "en";
const words = WORDS[lang];
const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
let series = [];
let plot = null;

const others = () => (state.with ?? "").split(",").filter(Boolean);

function remember() {
  history.replaceState(null, "", `#${new URLSearchParams(Object.entries(state).filter(([, value]) => value))}`);
}

async function load() {
  const stations = [box.dataset.station, ...others()].map(encodeURIComponent).join(",");
  const answer = await fetch(`/series?f=json&station=${stations}`);
  if (!answer.ok) throw new Error(await answer.text());
  series = (await answer.json()).series;
}

// A gap is an absence of more than three usual steps, and of 45 days at least: a line over it would invent values.
function limitOf(times) {
  const steps = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
  return Math.max(45 * DAY, 3 * (steps[steps.length >> 1] ?? 0));
}

function columns(one) {
  const kept = one.times.map((_, at) => at).filter((at) => !state.mission || one.missions[at] === state.mission);
  const times = kept.map((at) => one.times[at] / 1000);
  const shift = state.anomaly ? one.mean : 0;
  const limit = limitOf(times);
  const out = [[], [], [], []];
  kept.forEach((at, number) => {
    if (number && times[number] - times[number - 1] > limit) {
      out[0].push((times[number] + times[number - 1]) / 2);
      for (const column of out.slice(1)) column.push(null);
    }
    const value = one.values[at] - shift;
    const spread = one.uncertainties[at];
    out[0].push(times[number]);
    out[1].push(value);
    out[2].push(spread === null ? null : value - spread);
    out[3].push(spread === null ? null : value + spread);
  });
  return out;
}

function draw() {
  plot?.destroy();
  const chosen = series.filter((one) => one.property === state.property);
  const holder = box.querySelector(".plot");
  holder.replaceChildren();
  if (!chosen.length) { holder.textContent = words.none; return; }
  const data = uPlot.join(chosen.map(columns), chosen.map(() => [1, 3, 3, 3]));
  const label = (one) => (chosen.length > 1 ? `${one.water || one.name} (${one.name})` : one.title[lang]);
  const lines = [{}];
  const bands = [];
  chosen.forEach((one, at) => {
    const colour = COLOURS[at % COLOURS.length];
    const first = lines.length;
    lines.push({ label: `${label(one)}, ${one.unit}`, stroke: colour, width: 1.2, points: { show: true, size: 5, fill: colour }, value: (_, value) => (value === null ? "–" : value.toLocaleString(lang, { maximumFractionDigits: 3 })) });
    for (const edge of ["−σ", "+σ"]) lines.push({ label: edge, stroke: `${colour}00`, width: 0, points: { show: false } });
    bands.push({ series: [first + 2, first + 1], fill: `${colour}2e` });
  });
  const unit = `${chosen[0].unit}${chosen[0].datum ? ` (EPSG:${chosen[0].datum})` : ""}`;
  plot = new uPlot({ width: Math.max(320, holder.clientWidth), height: 380, scales: { x: { time: true } }, tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1e3), "UTC"), series: lines, bands, axes: [{}, { label: unit, size: 70 }], cursor: { drag: { x: true, y: false } } }, data, holder);
  // The edges of the band are no lines of their own in the legend.
  plot.root.querySelectorAll(".u-legend .u-series").forEach((row, at) => { row.hidden = at % 3 !== 1 && at > 0; });
  remember();
}

function field(text, control) {
  const label = document.createElement("label");
  label.append(`${text} `, control);
  return label;
}

function select(options, chosen, change) {
  const out = document.createElement("select");
  out.append(...options.map(([value, text]) => new Option(text, value, false, value === chosen)));
  out.addEventListener("change", () => change(out.value));
  return out;
}

function controls() {
  const bar = box.querySelector(".controls");
  const properties = [...new Map(series.filter((one) => one.station === box.dataset.station).map((one) => [one.property, one.title[lang]]))];
  if (!properties.some(([name]) => name === state.property)) state.property = properties.find(([name]) => name === "water_surface_height")?.[0] ?? properties[0]?.[0];
  const missions = [...new Set(series.flatMap((one) => one.missions))].filter(Boolean).sort();
  const parts = [];
  if (properties.length > 1) parts.push(field(words.property, select(properties, state.property, (value) => { state.property = value; draw(); })));
  if (missions.length > 1) parts.push(field(words.missions, select([["", "–"], ...missions.map((one) => [one, one])], state.mission ?? "", (value) => { state.mission = value; draw(); })));
  const relative = Object.assign(document.createElement("input"), { type: "checkbox", checked: Boolean(state.anomaly) });
  relative.addEventListener("change", () => { state.anomaly = relative.checked ? "1" : ""; draw(); });
  parts.push(field(words.anomaly, relative));
  const name = Object.assign(document.createElement("input"), { type: "text", size: 24 });
  const add = Object.assign(document.createElement("button"), { type: "button", textContent: words.add });
  add.addEventListener("click", () => { if (name.value.trim()) beside([...others(), name.value.trim()]); });
  parts.push(field(words.beside, name), add);
  for (const other of others()) {
    const drop = Object.assign(document.createElement("button"), { type: "button", textContent: `${other}: ${words.drop}` });
    drop.addEventListener("click", () => beside(others().filter((one) => one !== other)));
    parts.push(drop);
  }
  const picture = Object.assign(document.createElement("button"), { type: "button", textContent: words.picture });
  picture.addEventListener("click", save);
  bar.replaceChildren(...parts, picture);
}

function beside(names) {
  state.with = [...new Set(names)].join(",");
  start();
}

function save() {
  if (!plot) return;
  const from = plot.ctx.canvas;
  const canvas = Object.assign(document.createElement("canvas"), { width: from.width, height: from.height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(from, 0, 0);
  Object.assign(document.createElement("a"), { href: canvas.toDataURL("image/png"), download: `${box.dataset.station}.png` }).click();
}

async function start() {
  try {
    await load();
    controls();
    draw();
  } catch (error) {
    box.querySelector(".plot").textContent = error.message || words.failed;
  }
}
window.addEventListener("resize", () => plot?.setSize({ width: Math.max(320, box.querySelector(".plot").clientWidth), height: 380 }));
start();
