import type { Notices } from "../notices.ts";
import { Crew, type CrewOptions } from "../run/crew.ts";
import { fired } from "../run/stop.ts";
import { credentialFiles, type TlsValues } from "../run/tls.ts";
import type { Audience } from "./chooser.ts";
import type { Front } from "./front.ts";
import { readCounts } from "./news.ts";
import { PoolPublisher } from "./pool_publisher.ts";
import type { Tally } from "./tally.ts";

/** Workers take clients. */
export class CrewFront implements Front {
  readonly audiences: readonly Audience[];
  readonly #crew: Crew;
  readonly #isRenewable: boolean;

  private constructor(crew: Crew, publisher: PoolPublisher, isRenewable: boolean) {
    this.audiences = [publisher];
    this.#crew = crew;
    this.#isRenewable = isRenewable;
  }

  /**
   * Prepares workers, and starts none.
   *
   * @param tally is given what they report
   * @param notices told what happens to them, and what they say
   * @throws as `Crew.of`
   */
  static async of(
    options: CrewOptions & TlsValues,
    tally: Tally,
    { tell, relay }: Pick<Notices, "tell" | "relay">,
  ): Promise<CrewFront> {
    const files = credentialFiles(options);
    const publisher = new PoolPublisher();
    // What is no report is passed over.
    const onReport = (report: string) => {
      const counts = readCounts(report);
      if (counts !== undefined) tally.add(counts);
    };
    const { subscribe } = publisher;
    const crew = await Crew.of(options, files, { tell, relay, subscribe, onReport });
    return new CrewFront(crew, publisher, files.length > 0);
  }

  /** As `Front` has it: one that has ended does not count before its successor listens. */
  get isListening(): boolean {
    return this.#crew.isListening;
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
