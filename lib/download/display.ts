/** How far the download of one file is. */
export interface Progress {
  /** Octets that are there. */
  readonly received: number;
  /** Of the whole, in octets; undefined when it is not known. */
  readonly length: number | undefined;
  /** Who sends them. */
  readonly server: string;
}

/** Where a person sees how downloads get on. */
export interface Display {
  /** Shows a line that stays. */
  say(line: string): void;
  /**
   * A download has got on.
   *
   * @param name of the file
   * @param now ms on any clock that never goes back
   */
  update(name: string, progress: Progress, now: number): void;
  /** A download has ended, or waits. */
  end(name: string): void;
}
