/**
 * The page: shows each status that the balancer sends.
 *
 * @module
 */

import { byId, element, rateChart, setAttribute, setText, show, stateShape } from "./page_dom.js";
import { ChangeList } from "./page_changes.js";
import { COLUMNS, readView, writeView } from "./page_order.js";
import { STATE_WORDS } from "./page_row.js";
import { ServerTable } from "./page_table.js";
import {
  clock,
  count,
  expiryWords,
  interval,
  lasting,
  moment,
  tiersWords,
  took,
} from "./page_words.js";

/** The connection is lost after so long without an event; a ping is due every 15 s. */
const LONGEST_SILENCE_MS = 40_000;

/** Time before another attempt if the browser does not reconnect. */
const RETRY_MS = 2000;

/** The most changes that are announced one by one. */
const MOST_ANNOUNCED = 3;

let view = readView(location.hash);
const table = new ServerTable(view);
const changes = new ChangeList();
let source;
let status;
/** How far the balancer's clock is ahead of this one. */
let aheadMs = 0;
/** When the last event arrived, by the clock of this machine. */
let receivedAt = Date.now();
let isLost = false;
/** When what is shown was current, by the clock of this machine. */
let staleSince = Date.now();

function nowMs() {
  return Date.now() + aheadMs;
}

function connect() {
  source?.close();
  receivedAt = Date.now();
  source = new EventSource("events");
  source.onmessage = ({ data }) => received(JSON.parse(data));
  source.addEventListener("ping", () => received());
  source.onerror = () => {
    lost();
    // A browser whose request was refused does not reconnect.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
  };
}

function received(update) {
  receivedAt = staleSince = Date.now();
  isLost = false;
  if (update !== undefined) {
    aheadMs = Date.parse(update.at) - Date.now();
    announce(status?.servers ?? [], update.servers);
    status = update;
    render();
  }
  renderLink();
}

function lost() {
  isLost = true;
  renderLink();
}

/** Shows whether the connection is live. */
function renderLink() {
  const kind = isLost ? "lost" : status === undefined ? "connecting" : "live";
  setAttribute(byId("link"), "data-link", status?.isStopping && !isLost ? "stopping" : kind);
  setAttribute(document.body, "data-link", kind);
  setText(byId("link-text"), linkText(kind));
  // Outside of the live region: it changes every second.
  const isStale = kind === "lost" && status !== undefined;
  setText(byId("link-age"), isStale ? `${lasting(Date.now() - staleSince)} ago` : "");
}

function linkText(kind) {
  if (kind === "connecting") return "connecting";
  if (kind === "live") return status.isStopping ? "stopping" : "live";
  if (status === undefined) return "no connection to the balancer";
  return `connection lost: as of ${clock(staleSince, Date.now())}`;
}

function render() {
  const { servers, rounds, files } = status;
  show(byId("main"), true);
  renderSummary(servers);
  renderRate(status.clientsPerSecond);
  setText(byId("redirects"), count(status.redirects));
  setText(byId("unavailable"), turnedAwayText(status));
  setAttribute(byId("unavailable"), "data-bad", status.unavailable > 0 ? "" : undefined);
  show(byId("missing"), status.missing > 0);
  setText(byId("missing"), `${count(status.missing)} told that all servers lack the file`);
  show(byId("tiers"), status.tiers !== null);
  setText(byId("tiers"), tiersWords(status.tiers ?? {}));
  renderFiles(files);
  setText(byId("rounds"), count(rounds.count));
  setText(
    byId("round-took"),
    rounds.elapsedMs === null ? "" : `last took ${took(rounds.elapsedMs)}`,
  );
  table.update(servers, files?.known ?? 0, nowMs());
  changes.update(status.changes, nowMs());
  tick();
}

function turnedAwayText({ unavailable, redirects, missing }) {
  if (unavailable > 0) return `${count(unavailable)} told that no server is available`;
  if (missing > 0) return "";
  return redirects > 0 ? "all found a server" : "nobody has asked yet";
}

/** Shows what is known of files; nothing if none are checked. */
function renderFiles(files) {
  show(byId("files"), files !== null);
  if (files === null) return;
  const { known, lacking, differing } = files;
  setText(byId("files-known"), count(known));
  setText(byId("files-lacking"), lacking > 0 ? `${count(lacking)} lacking at a server` : "");
  setText(
    byId("files-differing"),
    differing > 0 ? `${count(differing)} in several versions` : "",
  );
}

function renderSummary(servers) {
  const by = Object.groupBy(servers, ({ state }) => state);
  const counts = ["out", "untested", "available"].map((state) => [state, by[state]?.length ?? 0]);
  const [out, untested, available] = counts.map(([, number]) => number);
  setText(byId("summary"), summaryText(servers.length, out, untested, available));
  const some = counts.filter(([, number]) => number > 0);
  const text = some.join();
  const tally = byId("tally");
  const isBad = isUnreachable(status, available);
  setAttribute(byId("summary"), "data-bad", isBad ? "" : undefined);
  const alarm = isBad ? "not listening" : out > 0 ? `${count(out)} out` : "";
  document.title = `${alarm === "" ? "" : `${alarm} · `}Load balancer`;
  if (tally.dataset.text === text) return;
  tally.dataset.text = text;
  tally.replaceChildren(
    ...some.map(([state, number]) =>
      element("li", {}, stateShape(state), `${count(number)} ${STATE_WORDS[state]}`)
    ),
  );
}

/** Whether no process listens though a server is available. */
function isUnreachable({ isListening, isStopping, rounds }, available) {
  return !isListening && !isStopping && rounds.count > 0 && available > 0;
}

function summaryText(all, out, untested, available) {
  if (all === 0) return "There are no servers";
  if (isUnreachable(status, available)) return "Nobody listens for clients";
  if (all === 1) return `The server is ${STATE_WORDS[status.servers[0].state]}`;
  if (available === all) return `All ${count(all)} servers are available`;
  if (untested === all) return `None of the ${count(all)} servers is tested yet`;
  if (available === 0) return "No server is available";
  const [number, state] = out > 0 ? [out, "out"] : [untested, "untested"];
  const verb = number === 1 ? "is" : "are";
  return `${count(number)} of ${count(all)} servers ${verb} ${STATE_WORDS[state]}`;
}

function renderRate(perSecond) {
  const latest = perSecond.at(-1);
  setText(byId("rate"), latest === undefined ? "–" : count(latest));
  setText(
    byId("rate-peak"),
    perSecond.length > 1 ? `peak ${count(Math.max(...perSecond))}` : "",
  );
  setText(byId("rate-from"), "5 min ago");
  byId("rate-chart").replaceChildren(rateChart(perSecond));
}

/** Updates what depends on the time. */
function tick() {
  if (Date.now() - receivedAt > LONGEST_SILENCE_MS) {
    lost();
    connect();
  }
  if (isLost) renderLink();
  if (status === undefined) return;
  const now = nowMs();
  setText(byId("round-next"), nextText(status.rounds, now));
  table.tick(now);
  changes.tick(now);
  const started = moment(status.startedAt);
  renderFacts([
    ["Policy", status.policy],
    ["Interval", interval(status.intervalMs)],
    ["Workers", count(status.workers)],
    ["Up for", started === undefined ? "–" : lasting(now - started)],
    ["Version", status.version],
    ...certificateFacts(status.certificate, now),
  ]);
}

/** Nothing without TLS. */
function certificateFacts(certificate, now) {
  const expires = moment(certificate?.expiresAt ?? null);
  if (expires === undefined) return [];
  const { text, isSoon } = expiryWords(expires, now);
  return [["Certificate until", text, isSoon]];
}

function nextText({ isUnderWay, nextAt }, now) {
  if (isUnderWay) return "one is under way";
  const next = moment(nextAt);
  if (next === undefined) return "";
  return next <= now ? "next is due" : `next in ${lasting(next - now)}`;
}

/** @param facts each a term, a text, and whether it needs attention */
function renderFacts(facts) {
  const list = byId("facts");
  if (list.children.length !== facts.length) {
    list.replaceChildren(
      ...facts.map(([term]) => element("div", {}, element("dt", {}, term), element("dd"))),
    );
  }
  facts.forEach(([, value, isBad = false], index) => {
    const node = list.children[index].lastElementChild;
    setText(node, value);
    setAttribute(node, "data-bad", isBad ? "" : undefined);
  });
}

/** Announces servers that changed their state, for screen readers. */
function announce(before, after) {
  const states = new Map(before.map(({ name, state }) => [name, state]));
  const changed = after.filter(({ name, state }) => states.has(name) && states.get(name) !== state);
  if (changed.length === 0) return;
  const texts = changed.slice(0, MOST_ANNOUNCED).map(({ name, state, reason }) =>
    `${name} is ${STATE_WORDS[state]}${state === "out" && reason !== null ? `: ${reason}` : ""}`
  );
  if (changed.length > MOST_ANNOUNCED) {
    texts.push(`${changed.length - MOST_ANNOUNCED} more have changed`);
  }
  setText(byId("news"), texts.join(". "));
}

/** Shows servers otherwise, and keeps that in the page's address. */
function look(otherwise) {
  view = otherwise;
  history.replaceState(null, "", `${location.pathname}${location.search}${writeView(view)}`);
  table.show(view, nowMs());
}

byId("filter").value = view.filter;
byId("filter").addEventListener("input", ({ target }) => look({ ...view, filter: target.value }));
for (const column of COLUMNS) {
  byId(`by-${column}`).firstElementChild.addEventListener("click", () => {
    look(table.sortedBy(column));
  });
}
addEventListener("hashchange", () => {
  view = readView(location.hash);
  byId("filter").value = view.filter;
  table.show(view, nowMs());
});
setInterval(tick, 1000);
show(byId("link"), true);
connect();
