/**
 * The list of what has become of servers lately.
 *
 * @module
 */

import { byId, element, setText, show, stateShape } from "./page_dom.js";
import { clock, moment } from "./page_words.js";

/** The state that an event leads to; others have no icon. */
const STATES = { out: "out", available: "available", returned: "available", listed: "untested" };

/** Shows changes, the latest first. */
export class ChangeList {
  #list = byId("changes");
  #shown = "";

  /** Shows these changes, of which the latest is the last. */
  update(changes, nowMs) {
    show(byId("no-changes"), changes.length === 0);
    show(this.#list, changes.length > 0);
    const text = JSON.stringify(changes);
    if (text !== this.#shown) this.#list.replaceChildren(...changes.toReversed().map(itemFor));
    this.#shown = text;
    this.tick(nowMs);
  }

  /** Shows the times, with the date of those of another day. */
  tick(nowMs) {
    for (const time of this.#list.querySelectorAll("time")) {
      setText(time, clock(moment(time.dateTime), nowMs));
    }
  }
}

function itemFor({ at, server, event, text }) {
  const state = STATES[event];
  const icon = state === undefined ? element("span", { class: "bullet" }) : stateShape(state);
  return element(
    "li",
    {},
    element("time", { datetime: at }),
    icon,
    element("span", { class: "change" }, element("strong", {}, server), ` ${text}`),
  );
}
