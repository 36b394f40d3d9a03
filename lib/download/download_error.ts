import type { Fields } from "../http/fields.ts";
import { reasonPhrase, type ResponseHead } from "../http/response.ts";

/**
 * What kept a download from its end:
 *
 * - `url`: the URL is none that can be asked for
 * - `answer`: the server answered with an error
 * - `network`: a connection failed, or did not bring what it should
 * - `protocol`: an answer is none of HTTP, or none that suits the request
 * - `file`: the file cannot be written
 * - `redirect`: redirects have no end, or go round in a loop
 * - `checksum`: the content is not the one that was promised
 */
export type DownloadFailure =
  | "url"
  | "answer"
  | "network"
  | "protocol"
  | "file"
  | "redirect"
  | "checksum";

/** A download that failed; the message is one line for people. */
export class DownloadError extends Error {
  override readonly name: string = "DownloadError";

  /** The message says what failed; `failure` what kind that is. */
  constructor(readonly failure: DownloadFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

const EXIT_STATUSES: Readonly<Record<DownloadFailure, number>> = {
  answer: 1,
  url: 2,
  network: 3,
  protocol: 3,
  file: 4,
  redirect: 5,
  checksum: 6,
};

/** The exit status that tells of a failure; 0 of none. */
export function exitStatusOf(error: DownloadError | undefined): number {
  return error === undefined ? 0 : EXIT_STATUSES[error.failure];
}

/** What is known of a try that failed, beside the kind of failure. */
export interface TryDetails extends ErrorOptions {
  /** What the message begins with; the server by default. */
  readonly subject?: string;
  /** Of an answer. */
  readonly statusCode?: number;
  /** Those of the answer. */
  readonly fields?: Fields;
  /** Whether it came of asking for a part: the whole may come all the same. */
  readonly isOfRange?: boolean;
  /** Whether it was given up for its speed, whatever it brought. */
  readonly isTooSlow?: boolean;
  /** Whether another try would end no better; undefined where the kind of failure decides it. */
  readonly isFinal?: boolean | undefined;
}

/** One try that a server brought to nothing. Another server, or the same one later, may do better. */
export class TryError extends DownloadError {
  override readonly name: string = "TryError";

  /** `server` is the authority of who failed; `reason` says how, as the end of a line. */
  constructor(
    failure: DownloadFailure,
    readonly server: string,
    readonly reason: string,
    readonly details: TryDetails = {},
  ) {
    super(failure, `${details.subject ?? server}: ${reason}`, details);
  }
}

/** Pieces of a content have arrived that are not what they should be. They were discarded. */
export class PieceError extends Error {
  override readonly name: string = "PieceError";

  /**
   * @param message says which they are
   * @param ranges their bytes, up to and without the second
   * @param times how often one of them was bad by now
   */
  constructor(
    message: string,
    readonly ranges: readonly (readonly [number, number])[],
    readonly times: number,
  ) {
    super(message);
  }
}

/** Content cannot be decoded, or is not what it should be when it is. */
export class CodingError extends Error {
  override readonly name: string = "CodingError";

  /** The message says why, as the end of a line about its server. */
  constructor(readonly failure: DownloadFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The failure of a try that an answer without the content stands for. */
export function answerError(
  uri: { readonly href: string; readonly server: string },
  { statusCode, reasonPhrase: received, fields }: ResponseHead,
  wasRangeAsked: boolean,
): TryError {
  const phrase = received || reasonPhrase(statusCode);
  return new TryError("answer", uri.server, `${statusCode} ${phrase}`.trimEnd(), {
    subject: uri.href,
    statusCode,
    fields,
    isOfRange: wasRangeAsked && statusCode === 416,
  });
}
