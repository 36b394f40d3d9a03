/**
 * The table of servers: which are shown, and in what order.
 *
 * @module
 */

import { byId, setAttribute, setText, show } from "./page_dom.js";
import { COLUMNS, inOrder, isDescendingFirst } from "./page_order.js";
import { ServerRow, STATE_WORDS } from "./page_row.js";
import { actionWords, count, several, shortfallWords } from "./page_words.js";

/** The most rows: a browser takes long to lay out more. */
const MOST_ROWS = 200;

/** The table of servers. */
export class ServerTable {
  #body = byId("rows");
  #servers = [];
  #knownFiles = 0;
  #rows = new Map();
  /** As `readView` has it. */
  #view;

  /** @param view what to show at first, as `readView` has it */
  constructor(view) {
    this.#view = view;
    this.#showOrder();
  }

  /**
   * Shows these servers from now on.
   *
   * @param knownFiles files that something is known of
   */
  update(servers, knownFiles, nowMs) {
    this.#servers = keyed(servers);
    this.#knownFiles = knownFiles;
    this.#render(nowMs);
  }

  /**
   * Shows only servers that have each of the words of a filter in their name, URL, state, reason,
   * actions or files, in the order of a column.
   */
  show(view, nowMs) {
    this.#view = view;
    this.#showOrder();
    this.#render(nowMs);
  }

  /** What a click on the heading of a column makes of the view. */
  sortedBy(column) {
    const { column: before, isDescending } = this.#view;
    const isSame = column === before;
    return {
      ...this.#view,
      column,
      isDescending: isSame ? !isDescending : isDescendingFirst(column),
    };
  }

  /** Updates what depends on the time. */
  tick(nowMs) {
    for (const row of this.#rows.values()) row.tick(nowMs);
  }

  #showOrder() {
    const { column, isDescending } = this.#view;
    for (const name of COLUMNS) {
      const direction = isDescending ? "descending" : "ascending";
      setAttribute(byId(`by-${name}`), "aria-sort", name === column ? direction : undefined);
    }
  }

  #render(nowMs) {
    const words = this.#view.filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const matching = this.#servers.filter(({ server }) =>
      matches(server, shortfallWords(server.files, this.#knownFiles), nowMs, words)
    );
    const shown = inOrder(matching, this.#view).slice(0, MOST_ROWS);
    this.#dropOthers(shown);
    const scale = { ...scaleOf(this.#servers), knownFiles: this.#knownFiles };
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
      return `The first ${shown} of ${several(matching, "server")}`;
    }
    return matching < all ? `${count(matching)} of ${several(all, "server")}` : "";
  }
}

/** What each server is compared with. */
function scaleOf(servers) {
  return {
    lowestPriority: Math.min(...servers.map(({ server }) => server.priority)),
    largestShare: Math.max(...servers.map(({ server }) => server.share)),
  };
}

/** Each server with a unique key, even if a list has one twice. */
function keyed(servers) {
  const seen = new Map();
  return servers.map((server) => {
    const name = `${server.name} ${server.publicUrl}`;
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return { key: `${name} ${times}`, server };
  });
}

function matches(server, shortfall, nowMs, words) {
  if (words.length === 0) return true;
  const { name, publicUrl, foundBy, state, reason } = server;
  const actions = server.actions.map((action) => actionWords(action, nowMs));
  const parts = [name, publicUrl, foundBy, STATE_WORDS[state], reason, shortfall, ...actions];
  const text = parts.join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}
