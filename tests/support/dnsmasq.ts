/**
 * A name server that others wrote.
 *
 * @module
 */

import type { NameServer } from "../../lib/balancing/list/resolver.ts";
import { Process } from "./process.ts";
import { freePort } from "./role.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** Debian puts it where users have no PATH to. */
const COMMANDS = ["dnsmasq", "/usr/sbin/dnsmasq"];

/** Nothing is forwarded or read from the system. */
const ALONE = [
  ...["--no-daemon", "--no-resolv", "--no-hosts", "--bind-interfaces"],
  ...["--listen-address=127.0.0.1", "--log-facility=-", "--log-queries"],
];

/** dnsmasq on a free port of 127.0.0.1, for UDP and TCP. */
export class Dnsmasq implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  #process: Process;
  /** Where it listens, also after a change. */
  readonly nameServer: NameServer;

  private constructor(directory: TemporaryDirectory, process: Process, nameServer: NameServer) {
    this.#directory = directory;
    this.#process = process;
    this.nameServer = nameServer;
  }

  /**
   * Starts it and waits until it answers.
   *
   * @param records lines of its configuration, such as `srv-host=_http._tcp.test,web.test,80`
   */
  static async start(records: readonly string[]): Promise<Dnsmasq> {
    const directory = await TemporaryDirectory.with();
    try {
      const nameServer = { ipAddr: "127.0.0.1", port: freePort() };
      const process = await startDnsmasq(directory, nameServer, records);
      return new Dnsmasq(directory, process, nameServer);
    } catch (error) {
      await directory[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `127.0.0.1:PORT`. */
  get authority(): string {
    return `${this.nameServer.ipAddr}:${this.nameServer.port}`;
  }

  /** What it wrote since its last start, among it a line for each question. */
  get log(): string {
    return this.#process.stderr.text;
  }

  /** Ends it; who asks then finds the port closed. */
  async stop(): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  /** Starts it anew with other records, since it does not read services again while it runs. */
  async change(records: readonly string[]): Promise<void> {
    await this.stop();
    this.#process = await startDnsmasq(this.#directory, this.nameServer, records);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#directory[Symbol.asyncDispose]();
  }
}

async function startDnsmasq(
  directory: TemporaryDirectory,
  { port }: NameServer,
  records: readonly string[],
): Promise<Process> {
  await directory.write("dnsmasq.conf", `${records.join("\n")}\n`);
  const process = spawn([
    ...[...ALONE, `--port=${port}`, `--conf-file=${directory.join("dnsmasq.conf")}`],
  ]);
  try {
    // Its sockets are open then.
    await process.stderr.next(/started, version/);
    return process;
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

function spawn(args: readonly string[]): Process {
  for (const command of COMMANDS) {
    try {
      return new Process(command, args);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error('dnsmasq is missing: install it with "apt-get install dnsmasq-base"');
}
