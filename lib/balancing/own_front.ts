import type { Desk } from "../run/desk.ts";
import { credentialFiles, type TlsValues } from "../run/tls.ts";
import type { Audience } from "./chooser.ts";
import type { Front } from "./front.ts";

/** This process takes clients itself. */
export class OwnFront implements Front {
  readonly audiences: readonly Audience[] = [];
  readonly #openDesk: () => Desk;
  readonly #options: TlsValues;
  #desk: Desk | undefined;
  #isClosing = false;

  /**
   * Listens nowhere yet.
   *
   * @param openDesk begins to listen
   */
  constructor(openDesk: () => Desk, options: TlsValues) {
    this.#openDesk = openDesk;
    this.#options = options;
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

  /** As `Front` has it. */
  renew(): void {
    if (credentialFiles(this.#options).length > 0) this.#desk?.renewCertificate(this.#options);
  }

  /** As `Front` has it. */
  async close(stop: AbortSignal): Promise<void> {
    this.#isClosing = true;
    await this.#desk?.close(stop);
  }

  /** There is nothing else. */
  kill(): void {}
}
