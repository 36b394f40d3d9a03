/**
 * A server of the table, as a row, or as a card on a narrow screen.
 *
 * @module
 */

import { element, setAttribute, setText, show, stateShape, testsChart } from "./page_dom.js";
import {
  actionWords,
  clock,
  count,
  fraction,
  lasting,
  loadWords,
  moment,
  percent,
  shortfallWords,
  size,
  speed,
  took,
} from "./page_words.js";

/** The words for the states. */
export const STATE_WORDS = { untested: "not yet tested", available: "available", out: "out" };

/** Why a server gets no clients, where its state does not say it. */
const EXCLUDED_WORDS = {
  drained: "no clients: it is drained",
  suspended: "no clients until its second test",
  backup: "no clients: a backup, others are available",
  "lower-priority": "no clients: others are preferred",
};

/** Labels for the options of a server and its slow start. */
function labelsOf(server, { lowestPriority }) {
  const labels = [];
  if (server.isDrained) labels.push("draining");
  if (server.priority > lowestPriority) labels.push("backup");
  if (server.weight !== 1) labels.push(`weight ${fraction(server.weight)}`);
  if (server.state === "available" && server.climb < 1) {
    labels.push(`coming back, ${percent(server.climb)}`);
  }
  return labels;
}

/** What the last test found, such as `last 1.23 s`. */
function lastWords(last) {
  if ("reason" in last) return "last failed";
  if (!last.partial) return `last ${took(last.elapsedMs)}`;
  return `last partial: ${size(last.bytes)} in ${took(last.elapsedMs)}`;
}

function cell(label, ...children) {
  return element("td", { role: "cell", "data-label": label }, ...children);
}

/** What a server lacks or has in another version, with examples to open. */
class Shortfall {
  #words = element("summary");
  #examples = element("ul", { role: "list", "aria-label": "Examples" });
  node = element("details", { class: "shortfall", hidden: "" }, this.#words, this.#examples);

  /** Shows what there is to say of a server; stays open or closed as it is. */
  update(server, knownFiles) {
    const words = shortfallWords(server.files, knownFiles);
    show(this.node, words !== "");
    setText(this.#words, words);
    const targets = server.files?.examples ?? [];
    // Targets have no spaces.
    const text = targets.join(" ");
    if (text === this.#examples.dataset.targets) return;
    this.#examples.dataset.targets = text;
    const lines = targets.length > 0 ? targets : ["No example at hand."];
    this.#examples.replaceChildren(...lines.map((line) => element("li", {}, line)));
  }
}

/** A row that shows a server and changes with it. */
export class ServerRow {
  node = element("tr", { role: "row" });
  #name = element("span", { class: "name" });
  #url = element("span", { class: "sub" });
  #foundBy = element("span", { class: "sub" });
  #labels = element("span", { class: "labels" });
  #state = element("span", { class: "state" });
  #since = element("span", { class: "sub" });
  #reason = element("span", { class: "reason" });
  #excluded = element("span", { class: "sub excluded" });
  #actions = element("ul", { class: "actions", role: "list", "aria-label": "Actions" });
  #load = element("span", { class: "sub load" });
  #shortfall = new Shortfall();
  #chart = element("div", { class: "tests" });
  #last = element("span", { class: "sub" });
  #speed = element("span");
  #share = element("span", { class: "share-text" });
  #fill = element("span", { class: "fill" });
  #redirects = element("span");
  #shown = {};

  constructor() {
    const bar = element("span", { class: "bar-space", "aria-hidden": "true" }, this.#fill);
    const speedCell = cell("Speed", this.#speed);
    const redirectsCell = cell("Redirects", this.#redirects);
    for (const number of [speedCell, redirectsCell]) number.classList.add("number");
    this.node.append(
      element(
        "th",
        { role: "rowheader", scope: "row" },
        this.#name,
        this.#url,
        this.#foundBy,
        this.#labels,
      ),
      cell(
        "State",
        this.#state,
        this.#since,
        this.#reason,
        this.#excluded,
        this.#actions,
        this.#load,
        this.#shortfall.node,
      ),
      cell("Tests", this.#chart, this.#last),
      speedCell,
      cell("Share", element("span", { class: "share" }, this.#share, bar)),
      redirectsCell,
    );
  }

  /**
   * Shows the status of the server; changes only elements whose content differs.
   *
   * @param scale what it is compared with: `lowestPriority` and `largestShare` of all servers, and
   * `knownFiles`
   */
  update(server, scale) {
    this.#showName(server, scale);
    this.#showState(server);
    this.#showTests(server.transfers);
    const { throughputBytesPerSecond: throughput } = server;
    const partial = server.partial ? " (partial)" : "";
    setText(this.#speed, throughput === null ? "–" : speed(throughput) + partial);
    setText(this.#share, percent(server.share));
    const width = `${(server.share / (scale.largestShare || 1) * 100).toFixed(1)}%`;
    if (this.#fill.style.width !== width) this.#fill.style.width = width;
    setText(this.#redirects, count(server.redirects));
    this.#shortfall.update(server, scale.knownFiles);
    this.#shown = server;
  }

  /** Shows how long it has been in its state, until when actions hold, and when it said its load. */
  tick(nowMs) {
    const since = moment(this.#shown.since);
    const isKnown = since !== undefined && this.#shown.state !== "untested";
    const text = `since ${clock(since, nowMs)} (${lasting(nowMs - since)})`;
    show(this.#since, isKnown);
    setText(this.#since, isKnown ? text : "");
    this.#showActions(this.#shown.actions, nowMs);
    this.#showLoad(this.#shown.load, nowMs);
  }

  #showName(server, scale) {
    setText(this.#name, server.name);
    const { publicUrl, foundBy } = server;
    const isElsewhere = publicUrl !== `http://${server.name}`;
    setText(this.#url, isElsewhere ? `→ ${publicUrl}` : "");
    show(this.#url, isElsewhere);
    setText(this.#foundBy, foundBy === null ? "" : `found by ${foundBy}`);
    show(this.#foundBy, foundBy !== null);
    const labels = labelsOf(server, scale);
    if (labels.join() === this.#labels.dataset.labels) return;
    this.#labels.dataset.labels = labels.join();
    this.#labels.replaceChildren(
      ...labels.map((label) => element("span", { class: "label" }, label)),
    );
    show(this.#labels, labels.length > 0);
  }

  #showState({ state, reason: whyOut, excludedReason, actions }) {
    // What an action does is said once, with its reason.
    const isBy = (kind) => actions.some(({ action }) => action === kind);
    const reason = isBy("out") ? null : whyOut;
    if (state !== this.#shown.state) {
      setAttribute(this.node, "data-state", state);
      this.#state.replaceChildren(stateShape(state), STATE_WORDS[state]);
    }
    const prefix = state === "out" ? "" : "last test failed: ";
    setText(this.#reason, reason === null ? "" : `${prefix}${reason}`);
    show(this.#reason, reason !== null);
    const isSaid = excludedReason === "drained" && isBy("drain");
    const excluded = isSaid ? "" : EXCLUDED_WORDS[excludedReason] ?? "";
    setText(this.#excluded, excluded);
    show(this.#excluded, excluded !== "");
  }

  #showActions(actions, nowMs) {
    const lines = actions.map((action) => actionWords(action, nowMs));
    show(this.#actions, lines.length > 0);
    if (this.#actions.children.length !== lines.length) {
      this.#actions.replaceChildren(...lines.map(() => element("li")));
    }
    lines.forEach((line, index) => setText(this.#actions.children[index], line));
  }

  #showLoad(load, nowMs) {
    const words = loadWords(load);
    setText(this.#load, words && `${words} at ${clock(moment(load.at), nowMs)}`);
    show(this.#load, words !== "");
  }

  #showTests(transfers) {
    const last = transfers.at(-1);
    const before = this.#shown.transfers;
    if (before?.length === transfers.length && before.at(-1)?.at === last?.at) return;
    const hasSome = last !== undefined;
    this.#chart.replaceChildren(...hasSome ? [testsChart(transfers)] : []);
    if (!hasSome) setText(this.#last, "no test yet");
    else setText(this.#last, lastWords(last));
  }
}
