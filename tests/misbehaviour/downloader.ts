import { join } from "@std/path";
import { PROJECT } from "../support/role.ts";

/** A download as a user would type it. */
export interface Wanted {
  readonly url: string;
  /** The last segment of the URL. */
  readonly name: string;
  /** The digest, when the user knows it. */
  readonly sha256: string | undefined;
  /** Whether some server can serve it; it makes no sense to try for long where none can. */
  readonly isServable: boolean;
  /** Whether to go on with what an earlier run left. */
  readonly isContinued: boolean;
  /** How many parts to ask for at once, as many as help by default; others than ours have own ways. */
  readonly segments?: number | undefined;
  /** The path of a Metalink document to take in place of the URL; for ours alone. */
  readonly document?: string | undefined;
  /** The origin of a proxy to ask; for ours alone. */
  readonly proxy?: string | undefined;
}

/** A program that downloads: its command line, made impatient so that a run is quick. */
export interface Downloader {
  readonly label: string;
  readonly command: (wanted: Wanted) => readonly string[];
}

/** Our client. Several times as patient as its servers are slow, on a machine that is busy. */
export const OURS: Downloader = {
  label: "client.ts",
  command: ({ url, sha256, isServable, isContinued, segments, document, proxy }) => [
    ...[Deno.execPath(), "run", "--quiet", "--allow-net", "--allow-write=."],
    `--allow-read=.${document === undefined ? "" : `,${document}`}`,
    join(PROJECT, "client.ts"),
    `--retries=${isServable ? 40 : 3}`,
    "--timeout=1s",
    "--min-speed=2K",
    ...(sha256 === undefined || document !== undefined ? [] : [`--sha256=${sha256}`]),
    ...(isContinued ? ["--continue"] : []),
    ...(segments === undefined ? [] : [`--segments=${segments}`]),
    ...(proxy === undefined ? [] : [`--proxy=${proxy}`]),
    document ?? url,
  ],
};

/** The others: as they are mostly used, and with all that helps them here. */
export const PEERS: readonly Downloader[] = [
  {
    label: "curl -L --retry 5",
    command: ({ url, name }) => ["curl", ...IMPATIENT_CURL, "--retry", "5", "-o", name, url],
  },
  {
    label: "curl -L --retry 40 --retry-all-errors -C -",
    command: ({ url, name }) => [
      ...["curl", ...IMPATIENT_CURL, "--retry", "40", "--retry-all-errors", "--retry-delay", "1"],
      ...["-C", "-", "-o", name, url],
    ],
  },
  {
    label: "wget --tries=5",
    command: ({ url, name }) => ["wget", ...IMPATIENT_WGET, "--tries=5", "-O", name, url],
  },
  {
    label: "wget --tries=40 -c --retry-on-…",
    command: ({ url }) => [
      ...["wget", ...IMPATIENT_WGET, "--tries=40", "--continue", "--retry-connrefused"],
      ...["--retry-on-host-error", "--retry-on-http-error=404,408,429,500,503", url],
    ],
  },
  {
    label: "aria2c --max-tries=5",
    command: ({ url, name }) => ["aria2c", ...IMPATIENT_ARIA2, "--max-tries=5", "-o", name, url],
  },
  {
    label: "aria2c --max-tries=40 --checksum …",
    command: ({ url, name, sha256 }) => [
      ...["aria2c", ...IMPATIENT_ARIA2, "--max-tries=40", "--max-file-not-found=40"],
      ...(sha256 === undefined ? [] : [`--checksum=sha-256=${sha256}`, "--check-integrity=true"]),
      ...["--continue=true", "-o", name, url],
    ],
  },
];

const IMPATIENT_CURL = [
  ...["-q", "--silent", "--fail", "--location", "--connect-timeout", "1"],
  ...["--speed-limit", "2048", "--speed-time", "2"],
];

const IMPATIENT_WGET = ["--no-config", "--no-verbose", "--timeout=1", "--waitretry=1"];

const IMPATIENT_ARIA2 = [
  ...["--no-conf", "--quiet", "--file-allocation=none", "--enable-dht=false"],
  ...["--timeout=1", "--connect-timeout=1", "--retry-wait=1", "--lowest-speed-limit=2K"],
  ...["--allow-overwrite=true", "--auto-file-renaming=false"],
];
