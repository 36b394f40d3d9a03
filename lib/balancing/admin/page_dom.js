/**
 * Makes and changes elements, and draws small charts. Data becomes text and nothing else.
 *
 * @module
 */

import { several, took } from "./page_words.js";

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element with attributes and children: elements, or text. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same in SVG. */
function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Sets the text of an element if it differs. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute if it differs; undefined removes it. */
export function setAttribute(node, name, value) {
  if (value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Shows an element or hides it. */
export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** The element of the page with that id. */
export function byId(id) {
  return document.getElementById(id);
}

const BARS = 45;
const STEP = 4;
const HEIGHT = 28;

/**
 * How long the tests of a server took, the latest at the right: full bars for whole transfers, hollow
 * ones for partial measurements, crosses for failed tests.
 */
export function testsChart(transfers) {
  const shown = transfers.slice(-BARS);
  const label = testsLabel(shown);
  const width = BARS * STEP;
  const attributes = { viewBox: `0 0 ${width} ${HEIGHT}`, class: "tests-chart", role: "img" };
  const chart = drawing("svg", attributes, drawing("title", {}, label));
  const longest = Math.max(1, ...shown.map(({ elapsedMs = 0 }) => elapsedMs));
  chart.append(drawing("path", { class: "base", d: `M0 ${HEIGHT - 0.5}H${width}` }));
  let passed = "";
  let partial = "";
  let failed = "";
  let columns = "";
  shown.forEach(({ elapsedMs, partial: isPartial }, index) => {
    const x = (BARS - shown.length + index) * STEP;
    if (elapsedMs === undefined) {
      columns += `M${x} 0h${STEP}v${HEIGHT}h${-STEP}z`;
      failed += `M${x + 0.6} 3l2.8 4m0 -4l-2.8 4`;
    } else {
      const height = Math.max(1.5, elapsedMs / longest * (HEIGHT - 2));
      const bar = `M${x + 0.5} ${HEIGHT}v${-height.toFixed(1)}h3v${height.toFixed(1)}z`;
      if (isPartial) partial += bar;
      else passed += bar;
    }
  });
  chart.append(
    drawing("path", { class: "column", d: columns }),
    drawing("path", { class: "passed", d: passed }),
    drawing("path", { class: "partial", d: partial }),
    drawing("path", { class: "failed", d: failed }),
  );
  return chart;
}

function testsLabel(transfers) {
  if (transfers.length === 0) return "No test yet";
  const times = transfers.flatMap(({ elapsedMs }) => elapsedMs === undefined ? [] : [elapsedMs]);
  const failures = transfers.length - times.length;
  const range = times.length > 0
    ? `${took(Math.min(...times))} to ${took(Math.max(...times))}`
    : "none passed";
  const partial = transfers.filter((it) => it.partial).length;
  const counts = `${partial > 0 ? `${partial} partial, ` : ""}${failures} failed`;
  return `The last ${several(transfers.length, "test")}: ${range}, ${counts}`;
}

const RATE_SECONDS = 300;
const RATE_HEIGHT = 60;

/** Clients in each of the last seconds, the latest at the right. */
export function rateChart(perSecond) {
  const most = Math.max(1, ...perSecond);
  const start = RATE_SECONDS - perSecond.length;
  const points = perSecond.map((clients, index) =>
    `${start + index} ${(RATE_HEIGHT - clients / most * (RATE_HEIGHT - 3)).toFixed(1)}`
  );
  const label = `Clients a second over the last ${several(perSecond.length, "second")}, at most ${
    Math.max(0, ...perSecond)
  }`;
  const chart = drawing(
    "svg",
    {
      viewBox: `0 0 ${RATE_SECONDS - 1} ${RATE_HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    drawing("path", {
      class: "grid",
      d: `M0 3H${RATE_SECONDS}M0 ${RATE_HEIGHT / 2}H${RATE_SECONDS}`,
    }),
    drawing("path", { class: "base", d: `M0 ${RATE_HEIGHT}H${RATE_SECONDS}` }),
  );
  if (points.length === 0) return chart;
  const line = points.join("L");
  const area = `M${start} ${RATE_HEIGHT}L${line}L${RATE_SECONDS - 1} ${RATE_HEIGHT}z`;
  chart.append(
    drawing("path", { class: "area", d: area }),
    drawing("path", { class: "line", d: `M${line}` }),
  );
  return chart;
}

const SHAPES = {
  available: ["M8 1a7 7 0 1 0 0 14a7 7 0 0 0 0-14z", "M4.8 8.2l2.3 2.3l4.2-4.8"],
  out: ["M8 .6L15.4 8L8 15.4L.6 8z", "M5.8 5.8l4.4 4.4m0-4.4l-4.4 4.4"],
  untested: ["M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 0 0 0-12.4z", ""],
};

/** The icon of a state. */
export function stateShape(state) {
  const [outline, sign] = SHAPES[state];
  return drawing(
    "svg",
    { viewBox: "0 0 16 16", class: "shape", "data-state": state, "aria-hidden": "true" },
    drawing("path", { class: "outline", d: outline }),
    drawing("path", { class: "sign", d: sign }),
  );
}
