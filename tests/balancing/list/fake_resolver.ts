import type { Answer, Resolver } from "../../../lib/balancing/list/resolver.ts";

/** No such record. */
export const NONE: Answer<never> = { kind: "none" };

/** A lookup that came to nothing. */
export const FAILED: Answer<never> = { kind: "failed", reason: "the name server sleeps" };

/** These records. */
export function records<R>(...records: readonly R[]): Answer<R> {
  return { kind: "records", records };
}

/** An SRV record. */
export function srv(target: string, port = 80, priority = 0, weight = 0): Deno.SrvRecord {
  return { target, port, priority, weight };
}

/** Answers what a test says, and remembers what it was asked. */
export class FakeResolver implements Resolver {
  /** By kind and name, such as `A web`; what is not there does not exist. */
  readonly answers: Record<string, Answer<string> | Answer<Deno.SrvRecord>> = {};
  /** ValueParser and name of each question. */
  readonly asked: string[] = [];
  /** How many questions were open at once, at the most. */
  mostAtOnce = 0;
  /** What an answer waits for. */
  gate: Promise<void> = Promise.resolve();
  #open = 0;

  a(name: string): Promise<Answer<string>> {
    return this.#answer(`A ${name}`);
  }

  aaaa(name: string): Promise<Answer<string>> {
    return this.#answer(`AAAA ${name}`);
  }

  srv(name: string): Promise<Answer<Deno.SrvRecord>> {
    return this.#answer(`SRV ${name}`);
  }

  async #answer<R>(question: string): Promise<Answer<R>> {
    this.asked.push(question);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#open);
    await this.gate;
    this.#open--;
    return (this.answers[question] ?? NONE) as Answer<R>;
  }
}
