/**
 * The files of the page, which are part of the program.
 *
 * @module
 */

import type { Reply } from "../../net/handler.ts";
import { adminReply } from "./admin_reply.ts";
import page from "./page.html" with { type: "text" };
import style from "./page.css" with { type: "text" };
import totalsStyle from "./page_totals.css" with { type: "text" };
import serversStyle from "./page_servers.css" with { type: "text" };
import cardsStyle from "./page_cards.css" with { type: "text" };
import script from "./page.js" with { type: "text" };
import chart from "./page_chart.js" with { type: "text" };
import dom from "./page_dom.js" with { type: "text" };
import row from "./page_row.js" with { type: "text" };
import table from "./page_table.js" with { type: "text" };
import words from "./page_words.js" with { type: "text" };

const STYLE_TYPE = "text/css; charset=utf-8";
const SCRIPT_TYPE = "text/javascript; charset=utf-8";

/** The replies by their paths. */
export const ASSETS: ReadonlyMap<string, Reply> = new Map([
  ["/", adminReply(200, "text/html; charset=utf-8", page)],
  ["/page.css", adminReply(200, STYLE_TYPE, style)],
  ["/page_totals.css", adminReply(200, STYLE_TYPE, totalsStyle)],
  ["/page_servers.css", adminReply(200, STYLE_TYPE, serversStyle)],
  ["/page_cards.css", adminReply(200, STYLE_TYPE, cardsStyle)],
  ["/page.js", adminReply(200, SCRIPT_TYPE, script)],
  ["/page_chart.js", adminReply(200, SCRIPT_TYPE, chart)],
  ["/page_dom.js", adminReply(200, SCRIPT_TYPE, dom)],
  ["/page_row.js", adminReply(200, SCRIPT_TYPE, row)],
  ["/page_table.js", adminReply(200, SCRIPT_TYPE, table)],
  ["/page_words.js", adminReply(200, SCRIPT_TYPE, words)],
]);
