/** A connection failed. The message is shown to people. */
export class NetworkError extends Error {
  override readonly name: string = "NetworkError";
}

/** A connection failed because of this machine or its network, whatever the state of the peer. */
export class LocalError extends NetworkError {
  override readonly name: string = "LocalError";

  /** @param isLasting whether another attempt is useless until somebody changes something */
  constructor(message: string, options?: ErrorOptions, readonly isLasting = false) {
    super(message, options);
  }
}

/** There is no route to the host. If that is so for all hosts, this network is at fault. */
export class HostUnreachableError extends LocalError {
  override readonly name = "HostUnreachableError";
}

/** The host name does not exist. */
export class UnknownHostError extends NetworkError {
  override readonly name = "UnknownHostError";
}

/**
 * How long a proxy's fault lasts: it may pass, or another attempt is useless for the same server, or
 * for every server.
 */
export type ProxyFault = "passing" | "forServer" | "lasting";

/** A proxy failed, whatever the state of the server behind it. */
export class ProxyError extends NetworkError {
  override readonly name = "ProxyError";

  constructor(message: string, options?: ErrorOptions, readonly fault: ProxyFault = "passing") {
    super(message, options);
  }
}

/** What a wait is for: see `deadlines.ts`. */
export type DeadlineName =
  | "connect"
  | "handshake"
  | "head"
  | "body"
  | "idle"
  | "content"
  | "transfer"
  | "write"
  | "linger";

const DEADLINE_MESSAGES: Readonly<Record<DeadlineName, string>> = {
  connect: "the connection was not accepted in time",
  handshake: "the TLS handshake did not end in time",
  head: "the head did not arrive in time",
  body: "the body did not arrive in time",
  idle: "nothing arrived for too long",
  content: "no content arrived in time",
  transfer: "the transfer did not end in time",
  write: "the other side read nothing for too long",
  linger: "the other side did not close the connection in time",
};

/** The peer missed a deadline. */
export class DeadlineError extends NetworkError {
  override readonly name = "DeadlineError";

  constructor(readonly deadline: DeadlineName) {
    super(DEADLINE_MESSAGES[deadline]);
  }
}

/** The TLS handshake failed. */
export class HandshakeError extends NetworkError {
  override readonly name = "HandshakeError";

  /** The message is that of TLS, if it has one. */
  constructor(cause: NetworkError) {
    const reason = cause.cause instanceof Deno.errors.InvalidData ? cause.cause : cause;
    super(certificateMessage(reason.message) ?? reason.message, { cause });
  }

  /** Whether the peer speaks something else than TLS. */
  get isOtherProtocol(): boolean {
    return this.message === OTHER_PROTOCOL;
  }

  /** Whether the certificate was refused, or the peer does not speak TLS: retrying is useless. */
  get isRefusal(): boolean {
    return this.cause instanceof NetworkError &&
      this.cause.cause instanceof Deno.errors.InvalidData;
  }
}

/** A peer that must begin with a PROXY header did not. */
export class ProxyHeaderError extends NetworkError {
  override readonly name = "ProxyHeaderError";
}

const OTHER_PROTOCOL = "it does not speak TLS";

const CERTIFICATE_MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/CaUsedAsEndEntity/, "its certificate is that of an authority (CA:TRUE), not of a server"],
  [/UnknownIssuer/, "its certificate is signed by nobody who is trusted here"],
  [/not valid for name|NotValidForName/, "its certificate is for another name"],
  [/expired/i, "its certificate has expired"],
  [/not valid yet|NotValidYet/, "its certificate is not valid yet"],
  [/revoked/i, "its certificate has been revoked"],
];

/** A plain message if the reason is the peer's certificate. */
function certificateMessage(reason: string): string | undefined {
  if (reason.includes("InvalidContentType")) return OTHER_PROTOCOL;
  if (!reason.includes("invalid peer certificate")) return undefined;
  return CERTIFICATE_MESSAGES.find(([pattern]) => pattern.test(reason))?.[1];
}

const MESSAGES: readonly (readonly [new (message?: string) => Error, string])[] = [
  [Deno.errors.ConnectionRefused, "the connection was refused"],
  [Deno.errors.ConnectionReset, "the connection was reset"],
  [Deno.errors.ConnectionAborted, "the connection was aborted"],
  [Deno.errors.BrokenPipe, "the connection was closed by the other side"],
  [Deno.errors.TimedOut, "the connection timed out"],
];

/** Causes on this machine, by the system's error code. */
const LOCAL_MESSAGES: Readonly<Record<string, string>> = {
  EACCES: "a firewall or a route of this machine forbids the connection",
  EADDRNOTAVAIL: "no local port or address is free",
  EAFNOSUPPORT: "this machine does not use that kind of address",
  EINVAL: "this machine has no route to that address",
  EMFILE: "too many files are open here",
  ENETDOWN: "the network of this machine is down",
  ENETUNREACH: "the network cannot be reached from here",
  ENFILE: "too many files are open here",
  ENOBUFS: "there is no memory for it here",
  ENOMEM: "there is no memory for it here",
  EPERM: "a firewall or a route of this machine forbids the connection",
};

/** The NetworkError for an error of a socket operation of Deno, which becomes its `cause`. */
export function networkError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (error instanceof Deno.errors.NotCapable) {
    const message = "there is no permission to connect; add --allow-net";
    return new LocalError(message, { cause: error }, true);
  }
  if (isOfLookUp(error)) return lookUpError(error);
  if (code === "EHOSTUNREACH") {
    return new HostUnreachableError("the host cannot be reached", { cause: error });
  }
  const local = LOCAL_MESSAGES[code];
  if (local !== undefined) return new LocalError(local, { cause: error });
  const message = MESSAGES.find(([type]) => error instanceof type)?.[1];
  return new NetworkError(message ?? "the connection was lost", { cause: error });
}

/**
 * Deno gives only the system's text for a failed lookup. That a name does not exist is an answer;
 * anything else, such as EAI_AGAIN, is a problem of the name server.
 */
function lookUpError(error: Error): NetworkError {
  return /not known|No address associated|nodename nor servname/.test(error.message)
    ? new UnknownHostError("the host name was not found", { cause: error })
    : new LocalError("the name server could not look up the host name", { cause: error });
}

function isOfLookUp(error: unknown): error is Error {
  return error instanceof Error && error.message.includes("lookup address information");
}
