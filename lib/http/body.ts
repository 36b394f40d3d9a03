import type { Fields } from "./fields.ts";
import { DIGITS, TOKEN } from "./grammar.ts";
import type { RequestHead, ResponseHead } from "./message.ts";
import { trimOws } from "./octets.ts";
import { ProtocolError } from "./protocol_error.ts";

/** How the end of a message's body is known (RFC 9112 §6). */
export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly contentLength: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "untilClose" };

const NO_BODY: BodyFraming = { kind: "none" };

/**
 * RFC 9112 §6.3 for a request, in its order.
 *
 * @throws {ProtocolError} when the framing is faulty or ambiguous (400) or its coding unknown (501)
 */
export function requestBodyFraming(head: RequestHead): BodyFraming {
  const { fields } = head;
  if (fields.has("transfer-encoding")) return transferCodingFraming(head); // 3, 4
  if (fields.has("content-length")) return lengthFraming(fields); // 5, 6
  return NO_BODY; // 7
}

/**
 * RFC 9112 §6.3 for a response, in its order.
 *
 * @param requestMethod the method of the request that it answers
 * @throws {ProtocolError} when the framing is faulty, ambiguous or unknown
 */
export function responseBodyFraming(requestMethod: string, head: ResponseHead): BodyFraming {
  const { statusCode, fields } = head;
  if (requestMethod === "HEAD" || statusCode < 200 || statusCode === 204 || statusCode === 304) {
    return NO_BODY; // 1
  }
  if (fields.has("transfer-encoding") && !isIdentity(fields)) {
    return transferCodingFraming(head); // 3, 4
  }
  if (fields.has("content-length")) return { kind: "length", contentLength: equalLength(fields) }; // 5, 6
  return { kind: "untilClose" }; // 8
}

/** `identity`, which HTTP/1.1 had until RFC 7230, changes nothing; alone it is as good as no field. */
function isIdentity(fields: Fields): boolean {
  const codings = fields.tokens("transfer-encoding");
  return codings.length > 0 && codings.every((coding) => coding === "identity");
}

/**
 * The Content-Length of a response. Repeated, on lines or in a list, it counts as one if all are
 * equal (RFC 9110 §8.6).
 *
 * @throws {ProtocolError} when there is none, or they differ
 */
export function equalLength(fields: Fields): number {
  const lengths = (fields.get("content-length") ?? "").split(",").map(trimOws);
  const [length, ...others] = lengths.map(parsedLength);
  if (others.some((other) => other !== length)) {
    throw new ProtocolError("There are Content-Lengths that differ.");
  }
  return length!;
}

/**
 * RFC 9112 §6.1: `chunked`, once and alone. Other codings could stand before it; we understand none.
 * With a Content-Length beside it the message may be an attack (§6.3, 3): it is refused.
 */
function transferCodingFraming(head: RequestHead | ResponseHead): BodyFraming {
  const { httpVersion, fields } = head;
  if (httpVersion === "1.0") throw new ProtocolError("HTTP/1.0 has no Transfer-Encoding.");
  if (fields.has("content-length")) {
    throw new ProtocolError("Both Content-Length and Transfer-Encoding are given.");
  }
  const all = fields.tokens("transfer-encoding");
  const codings = "statusCode" in head ? all.filter((coding) => coding !== "identity") : all;
  if (codings.length === 1 && codings[0] === "chunked") return { kind: "chunked" };
  if (codings.length === 0 || codings.slice(0, -1).includes("chunked")) {
    throw new ProtocolError("Transfer-Encoding does not end with its only chunked.");
  }
  if (!codings.every((coding) => TOKEN.test(trimOws(coding.split(";", 1)[0]!)))) {
    throw new ProtocolError("Transfer-Encoding is malformed.");
  }
  throw new ProtocolError("The transfer coding is not known here.", 501);
}

/**
 * RFC 9110 §8.6: one number, of digits only. Equal ones could be taken for one; in a request we
 * refuse them too, since a sender that cannot count its lengths is not to be trusted with one.
 */
function lengthFraming(fields: Fields): BodyFraming {
  const [length = "", ...more] = fields.values("content-length");
  if (more.length > 0) throw new ProtocolError("Content-Length is given more than once.");
  return { kind: "length", contentLength: parsedLength(length) };
}

function parsedLength(length: string): number {
  if (!DIGITS.test(length)) throw new ProtocolError("Content-Length is not a number.");
  const contentLength = Number(length);
  if (!Number.isSafeInteger(contentLength)) throw new ProtocolError("Content-Length is too large.");
  return contentLength;
}
