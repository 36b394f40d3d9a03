import type { Reply } from "../http/reply.ts";
import type { RequestHead } from "../http/request.ts";

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
