/** Servers that answer, but not with what follows what is here, and which content they have. */
export class UnfitServers {
  readonly #tags = new Map<string, string | undefined>();

  /** How many they are. */
  get size(): number {
    return this.#tags.size;
  }

  /** Their names. */
  get names(): readonly string[] {
    return [...this.#tags.keys()];
  }

  /** Whether a server is one of them. */
  has(server: string): boolean {
    return this.#tags.has(server);
  }

  /** A server has answered so; `entityTag` is a strong one, if it sent any. */
  add(server: string, entityTag: string | undefined): void {
    this.#tags.set(server, entityTag);
  }

  /**
   * The file is to be started over: takes out the servers with the content that most of them share,
   * since several can bring that together; all where each has its own.
   */
  readmit(): void {
    const counts = new Map<string, number>();
    for (const tag of this.#tags.values()) {
      if (tag !== undefined) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
    const shared = most !== undefined && most[1] > 1 ? most[0] : undefined;
    for (const [server, tag] of [...this.#tags]) {
      if (shared === undefined || tag === shared) this.#tags.delete(server);
    }
  }
}
