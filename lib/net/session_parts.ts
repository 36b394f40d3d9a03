import type { Served } from "./served.ts";
import type { HandshakeError } from "./network_error.ts";
import type { Handler, Request } from "./handler.ts";
import type { Deadlines } from "./deadlines.ts";
import type { FieldSection } from "../http/fields.ts";
import type { Reply } from "./reply.ts";
import type { IdleList } from "./idle_list.ts";

/** Whom a session asks and tells. */
export interface SessionParts {
  /** Decides the replies. */
  readonly handler: Handler;
  /**
   * Answers what the method alone decides, and leaves the rest to the handler; by default, that is
   * `replyToMethod`.
   */
  readonly replyToMethod?: ((request: Request) => Reply | undefined) | undefined;
  /** Fields of every answer, whoever gives it. */
  readonly addedFields?: FieldSection | undefined;
  /** How long the client may keep us waiting. */
  readonly deadlines: Deadlines;
  /** Where the connection stands while it is kept and idle. */
  readonly idle: IdleList;
  /** Told of each request once it is answered, where anybody wants to know. */
  readonly onServed: ((served: Served) => void) | undefined;
  /** Told of a client with whom encryption could not be agreed on. */
  readonly onHandshakeFailed?: (client: string, error: HandshakeError) => void;
  /**
   * Told of what must not happen: a handler that throws, content that fails on the way; and what
   * was under way: the client's address and its request line, untrusted.
   */
  readonly onError: (error: unknown, at: { client?: string; request?: string }) => void;
}
