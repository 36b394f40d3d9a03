import type { Desk } from "../run/desk.ts";
import { credentialFiles, type TlsValues } from "../run/tls.ts";
import type { Audience } from "./chooser.ts";
import type { Front } from "./front.ts";

/** This process takes clients itself. */
export class OwnFront implements Front {
  readonly audiences: readonly Audience[] = [];
  readonly #openDesk: () => Desk;
  readonly #hasCertificate: boolean;
  readonly #tell: (message: string) => void;
  #desk: Desk | undefined;
  #isClosing = false;

  /**
   * Listens nowhere yet.
   *
   * @param openDesk begins to listen
   * @param tell told what the user should know
   */
  constructor(openDesk: () => Desk, options: TlsValues, tell: (message: string) => void) {
    this.#openDesk = openDesk;
    this.#hasCertificate = credentialFiles(options).length > 0;
    this.#tell = tell;
  }

  /** As `Front` has it. */
  get isListening(): boolean {
    return this.#desk !== undefined && !this.#isClosing;
  }

  /** As `Front` has it. */
  open(): Promise<undefined> {
    this.#desk = this.#openDesk();
    this.#desk.announce();
    return Promise.resolve(undefined);
  }

  /** As `Front` has it. */
  async serveUntil(due: AbortSignal): Promise<void> {
    await this.#desk?.serveUntil(due);
  }

  /** A certificate cannot be exchanged while a socket listens. */
  renew(): void {
    if (!this.#hasCertificate) return;
    this.#tell("the certificate stays as it is: only with --workers is it read again");
  }

  /** As `Front` has it. */
  async close(stop: AbortSignal): Promise<void> {
    this.#isClosing = true;
    await this.#desk?.close(stop);
  }

  /** There is nothing else. */
  kill(): void {}
}
