import { isHostAndPort } from "./grammar.ts";
import { ProtocolError } from "./protocol_error.ts";

/** RFC 9112 §3.2.2: `absolute-form = absolute-URI`, of the schemes that a client may ask us for. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)(.*)$/i;

/**
 * Path and query of a request-target, byte for byte as the client sent them: nothing is decoded,
 * nothing resolved. The authority of an absolute-form target is checked and left aside.
 *
 * @param method decides which forms are allowed (RFC 9112 §3.2)
 * @param requestTarget visible ASCII without a fragment, as the head reader gives it
 * @returns what begins with `/`; `*` for OPTIONS of the whole server; the authority for CONNECT
 * @throws {ProtocolError} when the target has no form that the method may have
 */
export function originForm(method: string, requestTarget: string): string {
  if (method === "CONNECT") {
    if (isHostAndPort(requestTarget) && /:[0-9]+$/.test(requestTarget)) return requestTarget;
    throw new ProtocolError("The target of CONNECT is not a host and a port.");
  }
  if (requestTarget.startsWith("/")) return requestTarget;
  if (requestTarget === "*" && method === "OPTIONS") return "*";
  const [, authority, rest = ""] = ABSOLUTE_FORM.exec(requestTarget) ?? [];
  if (authority === undefined) throw new ProtocolError("The request-target has no known form.");
  // User information is no part of a host either: RFC 9110 §4.2.4 warns of it.
  if (!isHostAndPort(authority)) {
    throw new ProtocolError("The request-target names no valid host.");
  }
  if (rest.startsWith("/")) return rest;
  // RFC 9112 §3.2.4: OPTIONS with neither path nor query means the server as a whole.
  return rest === "" && method === "OPTIONS" ? "*" : `/${rest}`;
}
