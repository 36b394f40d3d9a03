import { fieldLine } from "../http/fields.ts";
import type { RequestHead } from "../http/request.ts";
import { htmlReply, type Reply } from "./reply.ts";

/** A request as a handler sees it. */
export interface Request {
  /** Its head; the content, if there was any, is not kept. */
  readonly head: RequestHead;
  /** Path and query, byte for byte as they came, beginning with `/`. */
  readonly target: string;
  /** The client's address, without its port. */
  readonly client: string;
}

/** Decides what a request is answered. It writes nothing, and what it throws is a bug: 500. */
export type Handler = (request: Request) => Reply | Promise<Reply>;

/** What may be asked of resources that can only be read. */
const ALLOW = "GET, HEAD, OPTIONS";

/** The methods of RFC 9110 §9 and RFC 5789. Any other is unknown here: 501. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
]);

/**
 * The reply to a request whose method alone decides it, or undefined for GET and HEAD.
 *
 * 501 for an unknown method (RFC 9110 §9.1), 405 with Allow for one that is not for reading
 * (§15.5.6), and what is allowed for OPTIONS (§9.3.7).
 */
export function replyToMethod({ method }: RequestHead): Reply | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  if (method === "OPTIONS") {
    return { statusCode: 204, headerSection: fieldLine("Allow", ALLOW), content: "" };
  }
  if (!KNOWN_METHODS.has(method)) {
    return htmlReply(501, "This method is not known here.", [["Allow", ALLOW]]);
  }
  return htmlReply(405, "Only GET, HEAD and OPTIONS are answered here.", [["Allow", ALLOW]]);
}
