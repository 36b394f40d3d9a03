import { Crew, type CrewOptions } from "../run/crew.ts";
import { fired } from "../run/stop.ts";
import { credentialFiles, type TlsValues } from "../run/tls.ts";
import type { Audience } from "./chooser.ts";
import type { Front } from "./front.ts";
import { Herald } from "./herald.ts";
import type { Tally } from "./tally.ts";

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
