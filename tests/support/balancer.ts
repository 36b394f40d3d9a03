/**
 * What tests ask of a balancer that runs as a process, beside redirects.
 *
 * @module
 */

import type { StatusDocument } from "../../lib/balancing/status.ts";
import { eventually } from "./children.ts";
import type { Process } from "./process.ts";
import { RawClient, type RawResponse } from "./raw_client.ts";
import { type ListeningRole, listeningRole, type RoleOptions } from "./role.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** Waits until a role says something on standard error: a line with these words, a pattern. */
export function said({ process }: { process: Process }, words: string): Promise<string> {
  return process.stderr.next(new RegExp(words));
}

/** How often a role has said so until now. */
export function countSaid({ process }: { process: Process }, words: string): number {
  return process.stderr.lines.filter((line) => line.includes(words)).length;
}

/** The port at which a balancer says that it shows its farm, or a server itself. */
export async function adminPortOf(role: { process: Process }): Promise<number> {
  const line = await said(role, "the (?:farm|server) is shown at ");
  return Number(/:([0-9]+)\/"?}?$/.exec(line)?.[1]);
}

/** What the admin side answers, on a connection of its own. */
export async function askAdmin(port: number, target: string): Promise<RawResponse> {
  using client = await RawClient.connect(port);
  await client.send(`GET ${target} HTTP/1.0\r\nHost: localhost\r\n\r\n`); // It has no chunks.
  return { ...await client.responseHead(), body: await client.rest() };
}

/** How the farm stands. */
export async function statusAt(port: number): Promise<StatusDocument> {
  const { body } = await askAdmin(port, "/status.json");
  return JSON.parse(new TextDecoder().decode(body));
}

/**
 * Where clients of 20 connections are sent, of which each asks 4 times: servers, or the status code
 * where to none. That all workers take part in it is as good as sure.
 */
export async function serversOfConnections(port: number): Promise<Set<string>> {
  const found = new Set<string>();
  for (let connection = 0; connection < 20; connection++) {
    using client = await RawClient.connect(port);
    for (let request = 0; request < 4; request++) {
      const { statusCode, fields } = await client.get("/file");
      const [, authority] = /^http:\/\/(.+)\/file$/.exec(fields.get("location") ?? "") ?? [];
      found.add(authority ?? `${statusCode}`);
    }
  }
  return found;
}

/** Waits until one answers at its port again. @throws {Error} when its process ends instead */
export async function untilAnswering(
  { process, port }: { process: Process; port: number },
): Promise<void> {
  let isOver = false;
  process.ended.then(() => isOver = true);
  await eventually(async () => {
    if (isOver) throw new Error(`It has ended: ${process.stderr.text}`);
    try {
      using client = await RawClient.connect(port);
      return (await client.get("/file")).statusCode > 0;
    } catch {
      return false; // Nobody listens yet.
    }
  });
}

/** A balancer whose list is a file, which it may read and nothing else. */
export class ListedBalancer implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #role: ListeningRole;

  private constructor(directory: TemporaryDirectory, role: ListeningRole) {
    this.#directory = directory;
    this.#role = role;
  }

  /** Starts it with these lines in the list. */
  static async start(
    lines: readonly string[],
    args: readonly string[] = [],
    permissions: readonly string[] = ["--allow-net=127.0.0.1"],
    options: Omit<RoleOptions, "permissions"> = {},
  ): Promise<ListedBalancer> {
    const directory = await TemporaryDirectory.with({ "list.txt": `${lines.join("\n")}\n` });
    try {
      const path = directory.join("list.txt");
      const allowed = [...permissions, `--allow-read=${path}`];
      const role = await listeningRole("balancer", [...args, path], {
        ...options,
        permissions: allowed,
      });
      return new ListedBalancer(directory, role);
    } catch (error) {
      await directory[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Its process. */
  get process(): Process {
    return this.#role.process;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#role.port;
  }

  /** Where its list is. */
  get list(): string {
    return this.#directory.join("list.txt");
  }

  /** Puts other lines into its list, all at once, which it does not read yet. */
  async write(...lines: readonly string[]): Promise<void> {
    await this.#directory.write("new.txt", `${lines.join("\n")}\n`);
    await Deno.rename(this.#directory.join("new.txt"), this.list);
  }

  /** Lets it read its list again; it answers with a line that has these words. */
  async hangUp(words: string): Promise<string> {
    this.process.signal("SIGHUP");
    return await said(this, words);
  }

  /** Puts other lines into its list, and waits until these count. */
  async relist(...lines: readonly string[]): Promise<string> {
    await this.write(...lines);
    return await this.hangUp("the list was read again");
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#role[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }
}
