/** A connection that could not be made or did not last. The message is for people. */
export class NetworkError extends Error {
  /** For logs. */
  override readonly name: string = "NetworkError";
}

/** What a deadline bounds: see `deadlines.ts`. */
export type DeadlineName = "connect" | "head" | "body" | "idle" | "transfer" | "write" | "linger";

const DEADLINE_MESSAGES: Readonly<Record<DeadlineName, string>> = {
  connect: "the connection was not accepted in time",
  head: "the request head did not arrive in time",
  body: "the request body did not arrive in time",
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
  [Deno.errors.AddrNotAvailable, "the address is not available"],
  [Deno.errors.NotCapable, "there is no permission to connect; add --allow-net"],
];

/** The NetworkError for what a socket operation of Deno threw, which stays its `cause`. */
export function networkError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error;
  const message = MESSAGES.find(([type]) => error instanceof type)?.[1];
  if (message !== undefined) return new NetworkError(message, { cause: error });
  if (error instanceof Error && error.message.includes("lookup address information")) {
    return new NetworkError("the host name was not found", { cause: error });
  }
  return new NetworkError("the connection was lost", { cause: error });
}
