/** A connection that could not be made or did not last. The message is for people. */
export class NetworkError extends Error {
  /** For logs. */
  override readonly name: string = "NetworkError";
}

/** A connection that could not be made for a want on our side: it says nothing about the peer. */
export class LocalError extends NetworkError {
  /** For logs. */
  override readonly name = "LocalError";
}

/** What a deadline bounds: see `deadlines.ts`. */
export type DeadlineName = "connect" | "head" | "body" | "idle" | "transfer" | "write" | "linger";

const DEADLINE_MESSAGES: Readonly<Record<DeadlineName, string>> = {
  connect: "the connection was not accepted in time",
  head: "the head did not arrive in time",
  body: "the body did not arrive in time",
  idle: "nothing arrived for too long",
  transfer: "the transfer did not end in time",
  write: "the other side read nothing for too long",
  linger: "the other side did not close the connection in time",
};

/** The peer let a deadline pass. */
export class DeadlineError extends NetworkError {
  /** For logs. */
  override readonly name = "DeadlineError";

  /** Names the deadline that passed. */
  constructor(readonly deadline: DeadlineName) {
    super(DEADLINE_MESSAGES[deadline]);
  }
}

const MESSAGES: readonly (readonly [new (message?: string) => Error, string])[] = [
  [Deno.errors.ConnectionRefused, "the connection was refused"],
  [Deno.errors.ConnectionReset, "the connection was reset"],
  [Deno.errors.ConnectionAborted, "the connection was aborted"],
  [Deno.errors.BrokenPipe, "the connection was closed by the other side"],
  [Deno.errors.TimedOut, "the connection timed out"],
  [Deno.errors.NetworkUnreachable, "the network cannot be reached"],
];

const LOCAL_MESSAGES: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: "no local port or address is free",
  EMFILE: "too many files are open here",
  ENFILE: "too many files are open here",
  ENOBUFS: "there is no memory for it here",
  ENOMEM: "there is no memory for it here",
};

/** The NetworkError for what a socket operation of Deno threw, which stays its `cause`. */
export function networkError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const local = error instanceof Deno.errors.NotCapable
    ? "there is no permission to connect; add --allow-net"
    : LOCAL_MESSAGES[code];
  if (local !== undefined) return new LocalError(local, { cause: error });
  const message = MESSAGES.find(([type]) => error instanceof type)?.[1] ?? lookUpMessage(error);
  return new NetworkError(message ?? "the connection was lost", { cause: error });
}

/** Of a look-up Deno gives no more than the system's text. */
function lookUpMessage(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : "";
  if (!text.includes("lookup address information")) return undefined;
  const isUnknown = /not known|No address associated|nodename nor servname/.test(text);
  return isUnknown ? "the host name was not found" : "the host name could not be looked up";
}
