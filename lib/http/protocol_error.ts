/**
 * What a reader throws when the octets are not HTTP/1.1 as the RFCs have it.
 *
 * @module
 */

/**
 * A message that breaks the protocol or a limit. The parser never answers: who reads requests
 * answers with `statusHint`, who reads responses reports the message.
 */
export class ProtocolError extends Error {
  /** For logs. */
  override readonly name = "ProtocolError";

  /** The status code that suits it when it was found in a request. */
  readonly statusHint: number;

  /**
   * For a reader to throw.
   *
   * @param message what is wrong, as a sentence that may be shown to the peer; quotes no input
   * @param statusHint 400 to 599
   */
  constructor(message: string, statusHint = 400) {
    super(message);
    this.statusHint = statusHint;
  }
}
