import { CommandError } from "../../lib/cli/command.ts";
import type { Child } from "./child.ts";
import type { Name } from "./results.ts";
import { cpuSeconds, residentKib } from "./usage.ts";

/** How a contestant is started. */
export interface Recipe {
  readonly name: Name;
  /** Looked for in PATH. */
  readonly program: "deno" | "node" | "nginx" | "haproxy" | "lighttpd" | "caddy";
  /** Its arguments, for a port of 127.0.0.1 and a directory of its own to write files into. */
  readonly args: (port: number, directory: string) => string[];
  /** Variables that it needs, for that directory. */
  readonly env?: (directory: string) => Readonly<Record<string, string>>;
  /** By default `http`. */
  readonly scheme?: "http" | "https";
}

const START_DEADLINE_MS = 10_000;
const START_POLL_MS = 10;

/** A server that takes part: one of ours, or a peer. */
export class Contestant implements AsyncDisposable {
  readonly name: Name;
  readonly port: number;
  /** `http://127.0.0.1:PORT`, or `https://`. */
  readonly origin: string;
  /** Whether its code is compiled only once it has run for a while. */
  readonly isCompiledLate: boolean;
  readonly #child: Child;

  /** It need not listen yet. */
  constructor({ name, program, scheme = "http" }: Recipe, port: number, child: Child) {
    this.name = name;
    this.isCompiledLate = program === "deno" || program === "node";
    this.port = port;
    this.origin = `${scheme}://127.0.0.1:${port}`;
    this.#child = child;
  }

  /** CPU seconds that it has used until now. */
  get cpuSeconds(): number {
    return cpuSeconds(this.#child.pid);
  }

  /** Memory that it holds now. */
  get residentKib(): number {
    return residentKib(this.#child.pid);
  }

  /** Waits until connections are accepted. */
  async listens(): Promise<void> {
    const until = performance.now() + START_DEADLINE_MS;
    while (!this.#child.hasEnded && performance.now() < until) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, START_POLL_MS));
      }
    }
    await this[Symbol.asyncDispose]();
    const { stderr } = await this.#child.ended;
    throw new CommandError(`${this.name} does not listen: ${stderr}`, 1);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
