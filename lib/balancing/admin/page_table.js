/**
 * All servers: which of them are shown, and in what order.
 *
 * @module
 */

import { byId, setText, show } from "./page_dom.js";
import { ServerRow, STATE_WORDS } from "./page_row.js";
import { count, several } from "./page_words.js";

/** More rows than that nobody reads, and a browser takes long to lay out. */
const MOST_ROWS = 200;

const ORDER = ["out", "untested", "available"];

/** The table of servers. */
export class ServerTable {
  #body = byId("rows");
  #servers = [];
  #rows = new Map();
  #filter = "";

  /** Shows these servers from now on. */
  update(servers, nowMs) {
    this.#servers = keyed(servers);
    this.#render(nowMs);
  }

  /** Shows only servers that have each of the words in their name, URL, state or reason. */
  filter(text, nowMs) {
    this.#filter = text.toLowerCase();
    this.#render(nowMs);
  }

  /** Time goes on. */
  tick(nowMs) {
    for (const row of this.#rows.values()) row.tick(nowMs);
  }

  #render(nowMs) {
    const words = this.#filter.split(/\s+/).filter((word) => word !== "");
    const matching = this.#servers.filter(({ server }) => matches(server, words));
    const byState = Object.groupBy(matching, ({ server }) => server.state);
    const shown = ORDER.flatMap((state) => byState[state] ?? []).slice(0, MOST_ROWS);
    this.#dropOthers(shown);
    const scale = scaleOf(this.#servers);
    let place = this.#body.firstElementChild;
    for (const { key, server } of shown) {
      const row = this.#rowOf(key);
      row.update(server, scale);
      row.tick(nowMs);
      if (row.node === place) place = place.nextElementSibling;
      else this.#body.insertBefore(row.node, place);
    }
    show(byId("none"), shown.length === 0);
    setText(byId("shown"), this.#shownText(shown.length, matching.length));
  }

  #rowOf(key) {
    const row = this.#rows.get(key) ?? new ServerRow();
    this.#rows.set(key, row);
    return row;
  }

  #dropOthers(shown) {
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, { node }] of this.#rows) {
      if (keys.has(key)) continue;
      node.remove();
      this.#rows.delete(key);
    }
  }

  #shownText(shown, matching) {
    const all = this.#servers.length;
    if (shown < matching) {
      return `The first ${shown} of ${several(matching, "server")}, those that are out first`;
    }
    return matching < all ? `${count(matching)} of ${several(all, "server")}` : "";
  }
}

/** What single servers are compared with. */
function scaleOf(servers) {
  return {
    lowestPriority: Math.min(...servers.map(({ server }) => server.priority)),
    largestShare: Math.max(...servers.map(({ server }) => server.share)),
  };
}

/** Each server with what tells it from the others, also where a list has one twice. */
function keyed(servers) {
  const seen = new Map();
  return servers.map((server) => {
    const name = `${server.name} ${server.publicUrl}`;
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return { key: `${name} ${times}`, server };
  });
}

function matches({ name, publicUrl, foundBy, state, reason }, words) {
  if (words.length === 0) return true;
  const text = [name, publicUrl, foundBy, STATE_WORDS[state], reason].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}
