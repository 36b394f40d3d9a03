import { type ClientOptions, retryRulesOf } from "./client_options.ts";
import type { DownloadSettings } from "./context.ts";
import type { Job } from "./jobs/jobs.ts";
import type { Reach } from "./reach.ts";
import { type Display, headLines, responseLine } from "./display/report.ts";
import type { RunTotals } from "./display/totals.ts";

/** Content codings that are decoded, as the value of Accept-Encoding (RFC 9110 §12.5.3). */
const ACCEPTED_CODINGS = "gzip, br, zstd";

/**
 * How the options say that one file is downloaded, and what is told of it on the way.
 *
 * @param isOneOfMany whether messages begin with its name
 */
export function settingsFor(
  { name, described }: Job,
  isOneOfMany: boolean,
  options: ClientOptions,
  reach: ReturnType<Reach["transportOf"]>,
  display: Display,
  totals: RunTotals,
): DownloadSettings {
  const { verbose, quiet, segments, recursive, progress } = options;
  const note = (line: string) => {
    if (!quiet) display.say(isOneOfMany ? `${name}: ${line}` : line);
  };
  return {
    transport: {
      ...reach,
      timeoutMs: options.timeout,
      maxRedirects: options["max-redirects"],
      allowDowngrade: options["allow-downgrade"],
      segments,
      // A document describes its files as they are, without codings.
      codings: options.compressed && !described ? ACCEPTED_CODINGS : undefined,
    },
    retry: {
      ...retryRulesOf(options),
      random: Math.random,
      monotonicMs: () => performance.now(),
      wait: (ms) => {
        display.end(name);
        return new Promise((resolve) => setTimeout(resolve, ms));
      },
    },
    observer: {
      onHead: verbose ? (head) => headLines(head).forEach(note) : undefined,
      onResponse: (head, redirect) => {
        // Of thousands of files, what is unusual matters.
        if (!recursive || verbose) note(responseLine(head, redirect));
      },
      onNotice: note,
      onProgress: (received, length, server) => {
        totals.update(name, received, length);
        if (!quiet || progress === "json") {
          display.update(name, { received, length, server }, performance.now());
        }
      },
    },
  };
}
