import type { TemporaryDirectory } from "../support/temporary_directory.ts";

const NAME = "servers.txt";

/** Lines that no list may have. */
const MISTAKES = ["127.0.0.1:99999", "files.example", "127.0.0.1:80 weight=none", "::1:80"];

/** The list that a balancer reads. */
export class ServerFile {
  readonly #directory: TemporaryDirectory;
  /** Who is in it, in its order. */
  #servers: readonly string[];

  private constructor(directory: TemporaryDirectory, servers: readonly string[]) {
    this.#directory = directory;
    this.#servers = servers;
  }

  /** Writes one. */
  static async of(directory: TemporaryDirectory, servers: readonly string[]): Promise<ServerFile> {
    const file = new ServerFile(directory, servers);
    await file.write();
    return file;
  }

  /** Where it is. */
  get path(): string {
    return this.#directory.join(NAME);
  }

  /** Writes it with one server less. */
  async remove(server: string): Promise<void> {
    this.#servers = this.#servers.filter((it) => it !== server);
    await this.write();
  }

  /** Writes it with one more. */
  async add(server: string): Promise<void> {
    this.#servers = [...this.#servers, server];
    await this.write();
  }

  /** Writes it with one of the mistakes, chosen by a number. */
  async spoil(number: number): Promise<void> {
    await this.#replace([...this.#servers, MISTAKES[number % MISTAKES.length]!]);
  }

  /** Writes it as it should be. */
  async write(): Promise<void> {
    await this.#replace(this.#servers);
  }

  /** Who reads it finds the old or the new one, never a half. */
  async #replace(lines: readonly string[]): Promise<void> {
    await this.#directory.write(`${NAME}.new`, `# a day\n${lines.join("\n")}\n`);
    await Deno.rename(this.#directory.join(`${NAME}.new`), this.path);
  }
}
