import type { Server } from "../list/server.ts";
import { hashText } from "./hash.ts";

/** How full a table gets before it is replaced by one of twice the size. */
const FULLEST = 0.8;

/**
 * A table with as many seats as a power of 2, some of them taken. A server's seat follows from its
 * authority, so that several balancers seat a farm alike, and is kept for it while it is out.
 */
export class SlotTable {
  #owners: (Server | undefined)[] = [undefined];
  #seats = new Map<Server, number>();

  /** How many seats there are, free ones included. */
  get size(): number {
    return this.#owners.length;
  }

  /** Who owns the seat. */
  ownerOf(seat: number): Server | undefined {
    return this.#owners[seat];
  }

  /**
   * The seats of these servers, in their order. When there are too few, all those that are not
   * named lose theirs, and others may have to change.
   */
  seatsOf(servers: readonly Server[]): number[] {
    const isNew = (server: Server) => !this.#seats.has(server);
    const added = servers.filter(isNew);
    if (this.#seats.size + added.length <= FULLEST * this.size) {
      added.forEach((it) => this.#seat(it));
    } else this.#reseat(servers);
    return servers.map((server) => this.#seats.get(server)!);
  }

  #reseat(servers: readonly Server[]): void {
    let size = 1;
    while (servers.length > FULLEST * size) size *= 2;
    this.#owners = Array(size).fill(undefined);
    this.#seats.clear();
    for (const server of servers) this.#seat(server);
  }

  #seat(server: Server): void {
    let seat = hashText(server.authority) % this.size;
    while (this.#owners[seat] !== undefined) seat = (seat + 1) % this.size;
    this.#owners[seat] = server;
    this.#seats.set(server, seat);
  }
}
