/**
 * What kept a download from its end:
 *
 * - `url`: the URL is none that can be asked for
 * - `answer`: the server answered with an error
 * - `network`: a connection failed, an answer broke the protocol, or redirects have no end
 * - `file`: the file cannot be written
 */
export type DownloadFailure = "url" | "answer" | "network" | "file";

/** A download that failed; the message is one line for people. */
export class DownloadError extends Error {
  /** For logs. */
  override readonly name = "DownloadError";

  /** The message says what failed; `failure` what kind that is. */
  constructor(readonly failure: DownloadFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
