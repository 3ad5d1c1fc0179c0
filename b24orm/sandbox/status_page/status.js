// Asks for the figures again and again while somebody looks, and writes them into the page, always as text.
"use strict";

const EVERY = 1000; // milliseconds between an answer and the next question
const BOOKS = ["requests", "commands", "rows", "writes", "refusals", "bytes_out", "crashes"];
const ALARMING = new Set(["refusals", "crashes"]);

const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const show = (id, text) => {
  const place = element(id);
  if (place.textContent !== text) place.textContent = text; // what stays the same can still be selected
};

/** Fills the body of a table. A row is a list of cells, each a text or a number; it looks as its column's head does. */
function fill(id, rows) {
  const body = element(id).tBodies[0];
  const heads = [...element(id).tHead.rows[0].cells];
  const text = JSON.stringify(rows);
  if (body.dataset.shown === text) return;
  body.dataset.shown = text;
  body.replaceChildren(...(rows.length ? rows.map((cells) => line(cells, heads)) : [nothing(heads.length)]));
}

function line(cells, heads) {
  const row = document.createElement("tr");
  cells.forEach((cell, place) => {
    const made = document.createElement(place ? "td" : "th");
    if (!place) made.scope = "row";
    made.className = heads[place].className;
    made.textContent = typeof cell === "number" ? number.format(cell) : cell;
    row.append(made);
  });
  return row;
}

function nothing(columns) {
  const row = document.createElement("tr");
  const cell = document.createElement("td");
  cell.colSpan = columns;
  cell.className = "nothing";
  cell.textContent = "none";
  row.append(cell);
  return row;
}

function lasted(seconds) {
  const whole = Math.floor(seconds);
  const parts = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  return parts.filter(([count], place) => count || place === 2).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

function render(figures) {
  const { books, limits } = figures;
  show("seed", String(figures.seed));
  show("time", figures.time);
  element("time").dateTime = figures.time;
  show("uptime", lasted(figures.uptime));
  show("tls", figures.tls ? "https" : "http");
  show("version", figures.version);
  for (const name of BOOKS) {
    show(name, number.format(books[name]));
    element(name).classList.toggle("bad", ALARMING.has(name) && books[name] > 0);
  }
  element("level").max = limits.burst;
  element("level").value = limits.level;
  show("level-text", limits.rate === null
    ? "no limit"
    : `${number.format(limits.level)} of ${number.format(limits.burst)}, leaks ${limits.rate} a second`);
  show("operating-text", limits.operating === null
    ? "not metered"
    : `${number.format(limits.operating)} s a method`);
  fill("faults", figures.faults.map((f) => [f.kind, f.method ?? "any", f.left ?? "for ever"]));
  fill("methods", figures.methods.map((m) => [m.method, m.calls, m.rows, m.operating ?? 0]));
  fill("applied", figures.writes.map((w) => [w.entity, w.verb, w.count]));
  fill("entities", figures.entities.map((e) => [e.entity, e.rows ?? "not made yet"]));
  fill("recent", figures.recent.map((r) => [
    r.method,
    r.commands.map((c) => `${c.count} × ${c.method}`).join(", "),
    r.status || "no answer",
  ]));
}

async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(10 * EVERY) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    render(await answer.json());
    show("state", "live");
    element("state").classList.remove("bad");
  } catch {
    show("state", "The portal does not answer: it has ended, or the way to it is broken. Trying again …");
    element("state").classList.add("bad");
  }
}

async function watch() {
  await ask();
  setTimeout(watch, EVERY);
}

document.addEventListener("visibilitychange", ask);
watch();
