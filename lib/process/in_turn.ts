import { delay } from "@std/async/delay";
import { CommandError } from "../cli/command.ts";

/** Pause between two attempts, in ms. */
const PAUSE_MS = 100;

/**
 * Something that one process at a time can have, such as a port. A process that shares `--port` opens
 * it once the one before has closed it.
 */
export class InTurn<T extends { close(): Promise<void> }> {
  readonly #open: () => T;
  readonly #closing = new AbortController();
  readonly #opened: Promise<T | undefined>;
  #closed: Promise<void> | undefined;

  /**
   * Opens it, now or later.
   *
   * @param open throws a CommandError caused by AddrInUse while another process has it
   * @param isShared whether to wait for that process to end
   * @param onWait called if it has to wait
   * @param onError receives what `open` throws after that, when it is tried no more
   * @throws as `open`, unless it waits
   */
  constructor(
    open: () => T,
    isShared: boolean,
    onWait: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#open = open;
    try {
      this.#opened = Promise.resolve(open());
    } catch (error) {
      if (!isShared || !isTaken(error)) throw error;
      onWait();
      this.#opened = this.#openLater(onError);
    }
  }

  /** Closes it, or waits for it no longer; all calls settle together. */
  close(): Promise<void> {
    this.#closing.abort();
    return this.#closed ??= this.#opened.then((it) => it?.close());
  }

  async #openLater(onError: (error: unknown) => void): Promise<T | undefined> {
    const { signal } = this.#closing;
    for (;;) {
      await delay(PAUSE_MS, { signal }).catch(() => {});
      if (signal.aborted) return undefined;
      try {
        return this.#open();
      } catch (error) {
        if (isTaken(error)) continue;
        onError(error);
        return undefined;
      }
    }
  }
}

function isTaken(error: unknown): error is CommandError {
  return error instanceof CommandError && error.cause instanceof Deno.errors.AddrInUse;
}
