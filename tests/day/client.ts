import { type DownloadSettings, SILENCE_LIMITS } from "../../lib/download/context.ts";
import { fetchFile } from "../../lib/download/fetch_file.ts";
import { NameClaims } from "../../lib/download/file_name.ts";
import { parseTypedUri } from "../../lib/download/target_uri.ts";
import { Connections } from "../../lib/download/transport.ts";
import { sha256Of } from "../misbehaviour/digest.ts";
import type { TemporaryDirectory } from "../support/temporary_directory.ts";
import type { Redirected } from "./redirected.ts";

/** A file that clients ask for. */
export interface WantedFile {
  /** Without directories. */
  readonly name: string;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** What became of one download. */
export interface Experience {
  /** Tries that failed. */
  readonly failedTries: number;
  /** Why it was given up in the end; undefined when it was not. */
  readonly reason: string | undefined;
  /** Whether it ended with other content. */
  readonly isWrong: boolean;
}

/** How long a client waits for a server that is silent. */
const TIMEOUT_MS = 5000;

const FILE_RULES = {
  mayContinue: false,
  keepsExisting: false,
  keepsTime: false,
  followsDisposition: false,
  wantsSha256: false,
};

/** A client that downloads into a directory as client.ts does, again and again. */
export class Client {
  readonly #origin: string;
  readonly #directory: TemporaryDirectory;
  readonly #onRedirect: (redirected: Redirected) => void;

  /**
   * Asks for nothing yet.
   *
   * @param origin that of a balancer
   * @param directory one that nobody else writes to
   */
  constructor(
    origin: string,
    directory: TemporaryDirectory,
    onRedirect: (redirected: Redirected) => void,
  ) {
    this.#origin = origin;
    this.#directory = directory;
    this.#onRedirect = onRedirect;
  }

  /** Downloads a file; what is there afterwards is compared octet by octet, and removed. */
  async experience({ name, sha256 }: WantedFile): Promise<Experience> {
    const uri = parseTypedUri(`${this.#origin}/${name}`);
    const connections = new Connections(TIMEOUT_MS);
    const path = this.#directory.join(name);
    try {
      const job = { uri, name: path, sha256: undefined };
      const run = { claims: new NameClaims(), open: new Map() };
      const settings = this.#settings(connections);
      const { failure, failedTries } = await fetchFile(job, settings, FILE_RULES, run);
      if (failure !== undefined) return { failedTries, reason: failure.message, isWrong: false };
      const isWrong = await sha256Of(this.#directory, name) !== sha256;
      if (!isWrong) await Deno.remove(path);
      return { failedTries, reason: undefined, isWrong };
    } finally {
      connections.close();
    }
  }

  #settings(connections: Connections): DownloadSettings {
    // Nothing was asked before that: only what was asked later can be wrong later.
    let askedAt = Date.now();
    return {
      transport: {
        connections,
        timeoutMs: TIMEOUT_MS,
        maxRedirects: 10,
        allowDowngrade: false,
        segments: 1,
      },
      retry: {
        retries: 5,
        minSpeed: 0,
        silence: SILENCE_LIMITS,
        random: Math.random,
        monotonicMs: () => performance.now(),
        wait: async (ms) => {
          await new Promise((resolve) => setTimeout(resolve, ms));
          askedAt = Date.now();
        },
      },
      observer: {
        onResponse: (_, redirect) => {
          const toldAt = Date.now();
          if (redirect !== undefined) {
            this.#onRedirect({ server: redirect.server, askedAt, toldAt });
          }
          askedAt = toldAt;
        },
        onProgress: () => {},
        onNotice: () => {},
      },
    };
  }
}
