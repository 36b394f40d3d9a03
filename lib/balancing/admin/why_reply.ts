/**
 * Why a client would be sent to a server, as a page and as JSON.
 *
 * @module
 */

import { REQUEST_TARGET } from "../../http/grammar.ts";
import { chooseMediaType } from "../../http/negotiation.ts";
import { escapeHtml, type Reply } from "../../net/handler.ts";
import { adminReply, lineReply } from "../../process/admin_replies.ts";
import type { Explain, NotChosenReason, ServerVerdict, WhyDocument } from "../why.ts";

const HTML_TYPE = "text/html; charset=utf-8";

/** Reasons in words. */
const REASONS: Readonly<Record<NotChosenReason, string>> = {
  untested: "not tested yet",
  out: "out",
  drained: "drained",
  suspended: "failed a test, and is tested again",
  backup: "backup: other servers are available",
  "lower-priority": "servers of a better priority are available",
  "lacks-file": "lacks the file",
  "other-version": "has another version of the file",
  "file-unknown": "not known to have the file, as others are",
  "other-tier": "a nearer server is available",
  "not-chosen": "the policy chooses another one",
};

/**
 * Answers `/why?client=IP&target=/path`; a page with an empty form without both.
 *
 * @param query without the question mark
 * @param accept the value of Accept: JSON is given if it is preferred
 */
export function whyReply(query: string, accept: string | undefined, explain: Explain): Reply {
  const parameters = new URLSearchParams(query);
  const address = parameters.get("client");
  const target = parameters.get("target") ?? "/";
  if (address === null) return adminReply(200, HTML_TYPE, page("", target, ""));
  const client = addressOf(address);
  if (client === undefined) {
    return lineReply(400, "client must be an IP address: /why?client=192.0.2.1&target=/path");
  }
  if (!target.startsWith("/") || !REQUEST_TARGET.test(target)) {
    return lineReply(400, "target must be a path as in a URL: /why?client=192.0.2.1&target=/path");
  }
  const document = explain(client, target);
  const type = chooseMediaType(accept, ["text/html", "application/json"]);
  return type === "application/json"
    ? adminReply(200, type, JSON.stringify(document))
    : adminReply(200, HTML_TYPE, page(client, target, documentText(document)));
}

/** An IP address as the system writes it; undefined if the text is none. */
function addressOf(text: string): string | undefined {
  const isV6 = text.includes(":");
  if (!isV6 && !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined;
  const hostname = URL.parse(`http://${isV6 ? `[${text}]` : text}/`)?.hostname;
  return isV6 ? hostname?.slice(1, -1) : hostname;
}

function page(client: string, target: string, result: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Why this server?</title>
<link rel="stylesheet" href="page.css">
<link rel="stylesheet" href="page_servers.css">
<main>
<h1>Why this server?</h1>
<form action="why">
<p><label>Client <input name="client" value="${escapeHtml(client)}" required></label>
<label>Target <input name="target" value="${escapeHtml(target)}" required></label>
<button>Explain</button></p>
</form>
${result}
</main>
</html>
`;
}

function documentText({ place, tiers, tier, answer, servers }: WhyDocument): string {
  const answers = {
    redirect: `A redirect to one of the servers${tier === "all" ? "" : ` of its ${tier}`}.`,
    missing: "404: all servers lack the file.",
    unavailable: "503: no server is available.",
  };
  const where = place === null
    ? "not known"
    : [place.zone, place.country, place.continent].filter(Boolean).join(", ") || "not known";
  const near = tiers.map(({ name, servers }) => `${name} (${servers.length})`).join(", ");
  const rows = servers.toSorted((a, b) => b.probability - a.probability).map(rowText);
  return `<p>${answers[answer]}</p>
<p>Place of the client: ${escapeHtml(where)}. Tiers and their servers: ${near}.</p>
<table>
<thead><tr><th>Server</th><th>Chosen</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
}

function rowText({ name, probability, reason, failure, since }: ServerVerdict): string {
  const details = failure === null ? "" : `: ${failure}, since ${since}`;
  const text = reason === null
    ? `with probability ${probability.toFixed(3)}`
    : `no: ${REASONS[reason]}${details}`;
  return `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(text)}</td></tr>`;
}
