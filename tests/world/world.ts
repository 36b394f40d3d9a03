/**
 * A farm of servers in several countries, and a balancer that knows where clients are.
 *
 * @module
 */

import { continentOf } from "../../lib/balancing/list/place.ts";
import type { WhyDocument } from "../../lib/balancing/why.ts";
import { adminPortOf, statusAt } from "../support/balancer.ts";
import { eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { type ListeningRole, listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import type { AddressSpace } from "./addresses.ts";

/** Where servers are: on four continents. */
export const SERVER_COUNTRIES = ["de", "fr", "gb", "pl", "us", "ca", "mx", "jp", "in", "br"];

/** Where further clients are: with servers on their continent, and without. */
export const OTHER_COUNTRIES = ["es", "se", "kr", "za"];

const SERVERS_A_COUNTRY = 3;

/** How near a server is to a client, the nearest first. */
export const NEARNESSES = ["country", "continent", "elsewhere"] as const;

type Nearness = (typeof NEARNESSES)[number];

/** How many clients were sent to servers how near, and not to the nearest that live. */
export type Placement = Record<Nearness | "misplaced", number>;

/** So many requests are sent on one connection before their replies are read. */
const BATCH = 100;

/** A farm with three servers in each of ten countries, and its balancer as a process. */
export class World implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #servers: ReadonlyMap<string, readonly FakeServer[]>;
  readonly #countryOf: ReadonlyMap<string, string>;
  readonly #balancer: ListeningRole;
  readonly #adminPort: number;
  readonly #alive = new Set(SERVER_COUNTRIES);

  private constructor(
    stack: AsyncDisposableStack,
    servers: ReadonlyMap<string, readonly FakeServer[]>,
    balancer: ListeningRole,
    adminPort: number,
  ) {
    this.#stack = stack;
    this.#servers = servers;
    this.#countryOf = new Map(
      [...servers].flatMap(([country, group]) =>
        group.map(({ authority }) => [authority, country])
      ),
    );
    this.#balancer = balancer;
    this.#adminPort = adminPort;
  }

  /** Starts all servers, and a balancer with these further options. */
  static async start({ database }: AddressSpace, args: readonly string[]): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await TemporaryDirectory.with({ "countries.mmdb": database }));
    const fit = answering("200 OK", "test");
    const servers = new Map(SERVER_COUNTRIES.map((country) => {
      const group = Array.from({ length: SERVERS_A_COUNTRY }, () => stack.use(new FakeServer(fit)));
      return [country, group];
    }));
    const entries = [...servers].flatMap(([country, group]) =>
      group.map(({ authority }) => `${authority},country=${country}`)
    );
    const balancer = stack.use(
      await listeningRole("balancer", [
        ...[`--geoip=${directory.join("countries.mmdb")}`, "--trusted-proxies=127.0.0.1"],
        ...["--admin=127.0.0.1:0", "--log=none", ...args, ...entries],
      ], { permissions: ["--allow-net", "--allow-read"], longestLifeMs: 600_000 }),
    );
    return new World(stack.move(), servers, balancer, await adminPortOf(balancer));
  }

  /** Asks for each of these clients, and gives the servers of their redirects. */
  async redirect(clients: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (let first = 0; first < clients.length; first += BATCH) {
      const batch = clients.slice(first, first + BATCH);
      using connection = await RawClient.connect(this.#balancer.port);
      const requests = batch.map((client) =>
        `GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${client}\r\n\r\n`
      );
      await connection.send(requests.join(""));
      for (const _ of batch) {
        const { fields } = await connection.response();
        const [, server] = /^http:\/\/(.+)\/x$/.exec(fields.get("location") ?? "") ?? [];
        if (server === undefined) throw new Error("a client was not redirected");
        found.push(server);
      }
    }
    return found;
  }

  /** Asks for all clients of each country, and counts where they are sent. */
  async place(
    clients: ReadonlyMap<string, readonly string[]>,
  ): Promise<Map<string, Placement>> {
    const found = new Map<string, Placement>();
    for (const [country, addresses] of clients) {
      const nearest = NEARNESSES.find((it) =>
        [...this.#alive].some((other) => nearness(other, country) === it)
      );
      const placement = { country: 0, continent: 0, elsewhere: 0, misplaced: 0 };
      for (const server of await this.redirect(addresses)) {
        const near = nearness(this.#countryOf.get(server)!, country);
        placement[near]++;
        if (near !== nearest) placement.misplaced++;
      }
      found.set(country, placement);
    }
    return found;
  }

  /** What the balancer says of a client. */
  async why(client: string): Promise<WhyDocument> {
    using connection = await RawClient.connect(this.#adminPort);
    await connection.send(
      `GET /why?client=${client}&target=/x HTTP/1.0\r\nHost: localhost\r\n` +
        "Accept: application/json\r\n\r\n",
    );
    await connection.responseHead();
    return JSON.parse(new TextDecoder().decode(await connection.rest()));
  }

  /** Ends all servers of a country, so that connecting is refused, and tells their names. */
  async kill(country: string): Promise<readonly string[]> {
    this.#alive.delete(country);
    const group = this.#servers.get(country)!;
    await Promise.all(group.map((server) => server[Symbol.asyncDispose]()));
    return group.map(({ authority }) => authority);
  }

  /** Waits until the balancer sends no more clients to these. */
  async untilLeft(servers: readonly string[]): Promise<void> {
    await eventually(async () => {
      const status = await statusAt(this.#adminPort);
      return status.servers.every(({ name, excludedReason }) =>
        !servers.includes(name) || excludedReason !== null
      );
    });
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function nearness(serverCountry: string, clientCountry: string): Nearness {
  if (serverCountry === clientCountry) return "country";
  return continentOf(serverCountry) === continentOf(clientCountry) ? "continent" : "elsewhere";
}
