import type { Audience } from "./chooser.ts";

/** Where clients come to: this process, or workers of it. */
export interface Front {
  /** Who has to be told, beside the chooser of this process, who may be picked. */
  readonly audiences: readonly Audience[];
  /** Whether clients can connect at the moment. */
  readonly isListening: boolean;
  /**
   * Begins to take clients, and says where.
   *
   * @returns the exit status when that is not possible
   * @throws {CommandError} the same, with a reason
   */
  open(): Promise<number | undefined>;
  /** Takes clients until the signal fires, and serves on beside those who are there. */
  serveUntil(due: AbortSignal): Promise<void>;
  /** Takes up a certificate that was exchanged, or says why that is not possible. */
  renew(): void;
  /** Takes nobody any more, and lets answers be finished; the signal is the one that has fired. */
  close(stop: AbortSignal): Promise<void>;
  /** Ends at once what would outlive this process. */
  kill(): void;
}
