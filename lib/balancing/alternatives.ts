/**
 * Where else a file is to be had: Link fields with the relation `duplicate` (RFC 6249), for clients
 * that download from several servers at once.
 *
 * @module
 */

import { fieldLine, type FieldSection, NO_FIELDS } from "../http/fields.ts";
import type { Server } from "./list/server.ts";

/** RFC 3986: what a URI may consist of. Above all no `>`, which would end it and let others begin. */
const URI_REST = /^(?:[\w.~:/?@!$&'()*+,;=-]|%[\dA-Fa-f]{2})*$/;

/** What clients may be given in one head, in octets. What is beyond is left out. */
const MOST_OCTETS = 8 * 1024;

/**
 * The fields for one request; none when its target could be taken for more than a target.
 *
 * @param target path and query as received; what is no URI can be redirected, but not linked
 * @param chosen stands first
 * @param others those that may be picked, the best first; the chosen may be among them
 * @param count how many of the others there may be
 */
export function alternativeLinks(
  target: string,
  chosen: Server,
  others: Iterable<Server>,
  count: number,
): FieldSection {
  if (!URI_REST.test(target)) return NO_FIELDS;
  let section: string = link(chosen, target, 1);
  let priority = 1;
  for (const server of others) {
    if (priority > count) break;
    if (server === chosen) continue;
    const more = link(server, target, ++priority);
    if (section.length + more.length > MOST_OCTETS) break;
    section += more;
  }
  return section as FieldSection;
}

/** RFC 6249: a smaller number is a better choice. One field line each: aria2 reads no list. */
function link({ publicUrl }: Server, target: string, priority: number): FieldSection {
  return fieldLine("Link", `<${publicUrl}${target}>; rel=duplicate; pri=${priority}`);
}
