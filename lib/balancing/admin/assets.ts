/**
 * The files of the status page.
 *
 * @module
 */

import page from "./page.html" with { type: "text" };
import style from "./page.css" with { type: "text" };
import totalsStyle from "./page_totals.css" with { type: "text" };
import serversStyle from "./page_servers.css" with { type: "text" };
import changesStyle from "./page_changes.css" with { type: "text" };
import cardsStyle from "./page_cards.css" with { type: "text" };
import script from "./page.js" with { type: "text" };
import changes from "./page_changes.js" with { type: "text" };
import dom from "./page_dom.js" with { type: "text" };
import order from "./page_order.js" with { type: "text" };
import row from "./page_row.js" with { type: "text" };
import table from "./page_table.js" with { type: "text" };
import words from "./page_words.js" with { type: "text" };
import type { Reply } from "../../net/handler.ts";
import { adminReply } from "../../process/admin_replies.ts";

const STYLE_TYPE = "text/css; charset=utf-8";
const SCRIPT_TYPE = "text/javascript; charset=utf-8";

/** The files of the page by path. */
export const ASSETS: ReadonlyMap<string, Reply> = new Map([
  ["/", adminReply(200, "text/html; charset=utf-8", page)],
  ["/page.css", adminReply(200, STYLE_TYPE, style)],
  ["/page_totals.css", adminReply(200, STYLE_TYPE, totalsStyle)],
  ["/page_servers.css", adminReply(200, STYLE_TYPE, serversStyle)],
  ["/page_changes.css", adminReply(200, STYLE_TYPE, changesStyle)],
  ["/page_cards.css", adminReply(200, STYLE_TYPE, cardsStyle)],
  ["/page.js", adminReply(200, SCRIPT_TYPE, script)],
  ["/page_changes.js", adminReply(200, SCRIPT_TYPE, changes)],
  ["/page_dom.js", adminReply(200, SCRIPT_TYPE, dom)],
  ["/page_order.js", adminReply(200, SCRIPT_TYPE, order)],
  ["/page_row.js", adminReply(200, SCRIPT_TYPE, row)],
  ["/page_table.js", adminReply(200, SCRIPT_TYPE, table)],
  ["/page_words.js", adminReply(200, SCRIPT_TYPE, words)],
]);
