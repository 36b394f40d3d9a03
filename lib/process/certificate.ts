import type { Logger } from "../log/logger.ts";
import { SingleRun } from "./single_run.ts";
import {
  credentialFiles,
  type Credentials,
  readCredentials,
  type TlsValues,
  validity,
} from "./tls.ts";
import { workerPort } from "./worker_protocol.ts";

/** Time between two looks at the files, in ms. */
const LOOK_MS = 60_000;

const DAY_MS = 24 * 3_600_000;

/** How long before its end a certificate is warned of. */
const WARNING_MS = 14 * DAY_MS;

/** When a certificate is valid, in ms since 1970. */
export type Validity = Pick<Credentials, "validFrom" | "expiresAt">;

/** Uses credentials for new connections. @throws {CommandError} if that is not possible */
export type TakeUp = (credentials: Credentials) => Promise<void>;

/** Time for tests. */
export interface CertificateClock {
  readonly epochMs: () => number;
  /** Calls back again and again; what it calls never rejects. @returns ends that */
  readonly every: (call: () => Promise<void>, ms: number) => () => void;
}

const CLOCK: CertificateClock = {
  epochMs: Date.now,
  every: (call, ms) => {
    const timer = setInterval(call, ms);
    return () => clearInterval(timer);
  },
};

/**
 * The certificate of a role with its key. While it is watched, a pair of files that has changed is
 * taken up as soon as both fit, and its expiry is warned of. Workers watch the same files, and leave
 * it to their parent to log what is found there.
 */
export class Certificate {
  readonly #options: TlsValues;
  readonly #info: Logger["info"];
  readonly #clock: CertificateClock;
  #credentials: Credentials;
  /** What the files looked like before they were read. */
  #stamp: string;
  /** Why the files cannot be used now; undefined if they can. */
  #problem: string | undefined;
  #warned: { readonly atMs: number; readonly isInvalid: boolean } | undefined;
  #takeUp: TakeUp | undefined;
  #isAsked = false;
  #stopLooking = () => {};
  #isClosed = false;
  readonly #looking = new SingleRun(() => this.#look());

  private constructor(
    options: TlsValues,
    info: Logger["info"],
    clock: CertificateClock,
    credentials: Credentials,
    stamp: string,
  ) {
    this.#options = options;
    this.#info = info;
    this.#clock = clock;
    this.#credentials = credentials;
    this.#stamp = stamp;
  }

  /**
   * Reads the files that the options name.
   *
   * @returns undefined if they name none
   * @throws as `readCredentials`
   */
  static async open(
    options: TlsValues,
    info: Logger["info"],
    clock: CertificateClock = CLOCK,
  ): Promise<Certificate | undefined> {
    const stamp = await stampOf(options);
    const credentials = await readCredentials(options, clock.epochMs());
    return credentials && new Certificate(options, info, clock, credentials, stamp);
  }

  /** Those in use. */
  get credentials(): Credentials {
    return this.#credentials;
  }

  /** When the certificate in use is valid. */
  get validity(): Validity {
    const { validFrom, expiresAt } = this.#credentials;
    return { validFrom, expiresAt };
  }

  /**
   * Looks at the files once a minute, and warns now if the certificate expires soon.
   *
   * @param takeUp undefined in a process that does not listen, since its workers do
   */
  watch(takeUp?: TakeUp): void {
    this.#takeUp = takeUp;
    this.#warn();
    this.#stopLooking = this.#clock.every(() => this.#looking.again(), LOOK_MS);
  }

  /** Takes the files up, changed or not; logs why if they cannot be used. Never rejects. */
  renew(): Promise<void> {
    this.#isAsked = true;
    return this.#looking.again();
  }

  /** Looks no more. */
  close(): void {
    this.#isClosed = true;
    this.#stopLooking();
  }

  async #look(): Promise<void> {
    const isAsked = this.#isAsked;
    this.#isAsked = false;
    const stamp = await stampOf(this.#options);
    // A certificate that was not yet valid becomes so without a change.
    if (isAsked || stamp !== this.#stamp || this.#problem !== undefined) {
      this.#stamp = stamp;
      await this.#read(isAsked);
    }
    this.#warn();
  }

  async #read(isAsked: boolean): Promise<void> {
    try {
      const credentials = await readCredentials(this.#options, this.#clock.epochMs());
      if (credentials !== undefined && (isAsked || !isSame(credentials, this.#credentials))) {
        if (this.#isClosed) return;
        await this.#takeUp?.(credentials);
        this.#credentials = credentials;
        this.#warned = undefined;
        this.#logTaken(isAsked);
      }
      this.#problem = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (isAsked || reason !== this.#problem) this.#log(`${reason}; the certificate in use stays`);
      this.#problem = reason;
    }
  }

  #logTaken(isAsked: boolean): void {
    if (this.#takeUp !== undefined) {
      this.#log("the certificate was read again: new connections use it");
    } else if (!isAsked) {
      this.#log("the certificate has changed: workers take it up within a minute");
    }
  }

  /** Warns once a day, and when the certificate becomes invalid. */
  #warn(): void {
    const now = this.#clock.epochMs();
    const { validFrom, expiresAt } = this.#credentials;
    const problem = validity(validFrom, expiresAt, now) ?? expiry(expiresAt, now);
    if (problem === undefined) return;
    const isInvalid = now < validFrom || now > expiresAt;
    const { atMs, isInvalid: wasInvalid } = this.#warned ?? { atMs: -Infinity, isInvalid };
    if (Math.abs(now - atMs) < DAY_MS && isInvalid === wasInvalid) return;
    this.#warned = { atMs: now, isInvalid };
    this.#log(`the certificate in use, --tls-cert=${this.#options["tls-cert"]}, ${problem}`);
  }

  #log(message: string): void {
    if (workerPort() === undefined) this.#info(message);
  }
}

/** What tells that a certificate expires soon; undefined if it does not. */
function expiry(expiresAt: number, epochMs: number): string | undefined {
  if (expiresAt - epochMs > WARNING_MS) return undefined;
  const days = Math.floor((expiresAt - epochMs) / DAY_MS);
  const when = days === 0 ? "within a day" : days === 1 ? "in a day" : `in ${days} days`;
  return `expires ${when}, on ${new Date(expiresAt).toISOString()}`;
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.cert === other.cert && one.key === other.key;
}

/** Differs when a file was written or replaced. */
async function stampOf(options: TlsValues): Promise<string> {
  const looks = credentialFiles(options).map(async (file) => {
    try {
      const { ino, size, mtime, ctime } = await Deno.stat(file);
      return [ino, size, mtime?.getTime(), ctime?.getTime()].join(" ");
    } catch {
      return "";
    }
  });
  return (await Promise.all(looks)).join(", ");
}
