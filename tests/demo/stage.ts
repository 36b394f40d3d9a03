import { say } from "../../lib/log/console.ts";

/** What a play puts on the stage is cleared away when it is over. */
export class Stage {
  readonly #stack = new AsyncDisposableStack();

  /**
   * Makes something that is to be cleared away.
   *
   * @throws {Error} when the play is over, before it is made
   */
  place<T extends AsyncDisposable>(make: () => T): T {
    if (this.#stack.disposed) throw new Error("The play is over");
    return this.#stack.use(make());
  }

  /** Clears away all of it, the last first. */
  async clear(): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/**
 * Plays to the end or to Ctrl-C; afterwards no process and no file of the play is left.
 *
 * @returns the exit status
 */
export async function onStage(play: (stage: Stage) => Promise<void>): Promise<number> {
  const stage = new Stage();
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<number>();
  Deno.addSignalListener("SIGINT", () => interrupt(130));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => interrupt(143));
  try {
    return await Promise.race([play(stage).then(() => 0), interrupted]);
  } catch (error) {
    say(`demo: ${error instanceof Error ? error.message : error}`);
    return 1;
  } finally {
    await stage.clear();
  }
}
