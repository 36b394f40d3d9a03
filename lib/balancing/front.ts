import { Crew, type CrewOptions } from "../run/crew.ts";
import type { Desk } from "../run/desk.ts";
import { fired } from "../run/stop.ts";
import { credentialFiles, type TlsValues } from "../run/tls.ts";
import type { Audience } from "./chooser.ts";
import { Herald } from "./herald.ts";
import type { Tally } from "./tally.ts";

/** Where clients come to: this process, or workers of it. */
export interface Front {
  /** Who has to be told, beside the chooser of this process, who may be picked. */
  readonly audiences: readonly Audience[];
  /**
   * Begins to take clients, and says where.
   *
   * @returns the exit status when that is not possible
   * @throws {CommandError} the same, with a reason
   */
  open(): Promise<number | undefined>;
  /** Takes clients until the signal fires, and serves on beside those who are there. */
  serveUntil(due: AbortSignal): Promise<void>;
  /** Takes up what is read at a start only, such as a certificate, if that is possible. */
  renew(): void;
  /** Takes nobody any more, and lets answers be finished; the signal is the one that has fired. */
  close(stop: AbortSignal): Promise<void>;
  /** Ends at once what would outlive this process. */
  kill(): void;
}

/** This process takes clients itself. */
export class OwnFront implements Front {
  readonly audiences: readonly Audience[] = [];
  readonly #openDesk: () => Desk;
  #desk: Desk | undefined;

  /** Listens nowhere yet. @param openDesk begins to listen */
  constructor(openDesk: () => Desk) {
    this.#openDesk = openDesk;
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
  renew(): void {}

  /** As `Front` has it. */
  async close(stop: AbortSignal): Promise<void> {
    await this.#desk?.close(stop);
  }

  /** There is nothing else. */
  kill(): void {}
}

/** Workers take clients. */
export class CrewFront implements Front {
  readonly audiences: readonly Audience[];
  readonly #crew: Crew;
  readonly #isRenewable: boolean;

  private constructor(crew: Crew, herald: Herald, isRenewable: boolean) {
    this.audiences = [herald];
    this.#crew = crew;
    this.#isRenewable = isRenewable;
  }

  /**
   * Prepares workers, and starts none.
   *
   * @param tally is given what they report
   * @param tell told what happens to them, for people
   * @throws as `Crew.of`
   */
  static async of(
    options: CrewOptions & TlsValues,
    tally: Tally,
    tell: (message: string) => void,
  ): Promise<CrewFront> {
    const files = credentialFiles(options);
    const herald = new Herald(tally);
    const { greeting, hear: onReport } = herald;
    const crew = await Crew.of(options, files, { tell, greeting, onReport });
    herald.speakTo((news) => crew.inform(news));
    return new CrewFront(crew, herald, files.length > 0);
  }

  /** As `Front` has it. */
  async open(): Promise<number | undefined> {
    return (await this.#crew.start())?.code;
  }

  /** They do so all the time. */
  async serveUntil(due: AbortSignal): Promise<void> {
    await fired(due);
  }

  /** As `Front` has it. */
  renew(): void {
    if (this.#isRenewable) void this.#crew.renew();
  }

  /** As `Front` has it. */
  async close(): Promise<void> {
    await this.#crew.stop();
  }

  /** As `Front` has it. */
  kill(): void {
    this.#crew.kill();
  }
}
