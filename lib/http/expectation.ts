import type { RequestHead } from "./message.ts";
import { ProtocolError } from "./protocol_error.ts";

/**
 * Whether the client waits for a 100 (Continue) before it sends its content (RFC 9110 §10.1.1).
 *
 * @throws {ProtocolError} 417 for an expectation that no one here can meet
 */
export function expectsContinue({ httpVersion, fields }: RequestHead): boolean {
  if (httpVersion === "1.0" || !fields.has("expect")) return false;
  const expectations = fields.tokens("expect");
  if (expectations.every((it) => it === "100-continue")) return expectations.length > 0;
  throw new ProtocolError("The expectation cannot be met.", 417);
}
