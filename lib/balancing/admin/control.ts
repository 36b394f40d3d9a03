/**
 * Actions on servers over HTTP, at the socket of `--control`: `POST /servers/NAME/ACTION`.
 *
 * @module
 */

import type { Logger } from "../../log/logger.ts";
import { type Handler, type Reply, replyToMethod, type Request } from "../../net/handler.ts";
import { requestFraming } from "../../net/request_body.ts";
import { adminReply, lineReply } from "../../process/admin_replies.ts";
import { UnixServer, type UnixSocketOptions } from "../../process/unix_socket.ts";
import { quote } from "../list/endpoint.ts";
import type { Server } from "../list/server.ts";
import type { NewAction, Operations, Tested, Waited } from "../operations.ts";
import { transferOf, wordsFor } from "../server_events.ts";
import { actionsText, type StatusCollector } from "../status.ts";
import type { Explain } from "../why.ts";
import { Admin } from "./admin.ts";
import { everySecond } from "./event_streams.ts";
import { ActionError, isActionPath, parseAction } from "./action_request.ts";

/** What the reply says of one server, and the status code of that. */
type Line = readonly [statusCode: number, sentence: string];

const ALLOW = "POST, OPTIONS";

/** Takes actions, and shows those in force; all else is answered as on the admin port. */
export class Control {
  readonly #operations: Operations;
  readonly #pages: Handler;

  /** @param pages answers all other requests, which change nothing */
  constructor(operations: Operations, pages: Handler) {
    this.#operations = operations;
    this.#pages = pages;
  }

  readonly handle: Handler = (request) => {
    const path = pathOf(request.target);
    if (isActionPath(path)) return this.#act(request);
    if (path !== "/actions") return this.#pages(request);
    return adminReply(200, "application/json", actionsText(this.#operations.acting));
  };

  /** As `ServerConfig`: actions are taken by POST alone, and pages are never changed by it. */
  readonly replyToMethod = (request: Request): Reply | undefined => {
    const { head: { method }, target } = request;
    if (!isActionPath(pathOf(target))) return replyToMethod(request);
    if (method === "POST") return undefined;
    const allow = ["Allow", ALLOW] as const;
    if (method === "OPTIONS") return adminReply(204, "text/plain", "", [allow]);
    const { statusCode = 405 } = replyToMethod(request) ?? {}; // 501 for an unknown one.
    return lineReply(statusCode, "An action is taken by POST.", [allow]);
  };

  async #act({ head, target }: Request): Promise<Reply> {
    const { body } = requestFraming(head);
    if (body.kind !== "none" && !(body.kind === "length" && body.contentLength === 0)) {
      return lineReply(400, "An action has its parameters in the query, and no body.");
    }
    try {
      const { server: name, command } = parseAction(target);
      const servers = this.#operations.find(name);
      if (servers.length === 0) {
        throw new ActionError(404, `There is no server ${quote(name)} in the list.`);
      }
      if (command.name === "test") return replyOf(await this.#test(servers));
      if (command.name === "enable") return replyOf(servers.map((it) => this.#enable(it)));
      const { action, waitMs } = command;
      const lines = servers.map((it) => this.#take(it, action));
      if (waitMs === null) return replyOf(lines);
      return replyOf(await Promise.all(servers.map((it) => this.#wait(it, waitMs))));
    } catch (error) {
      if (error instanceof ActionError) return lineReply(error.statusCode, error.message);
      throw error;
    }
  }

  #take(server: Server, wanted: NewAction): Line {
    const action = this.#operations.act(server, wanted);
    return action === undefined ? goneLine(server) : [
      200,
      `${server.authority} ${wordsFor({ kind: "action", action })}`,
    ];
  }

  #enable(server: Server): Line {
    const actions = this.#operations.enable(server);
    if (actions === undefined) return goneLine(server);
    const what = actions.length === 0
      ? "has no action to take back"
      : wordsFor({ kind: "enabled", actions });
    const rest = this.#operations.hindrance(server);
    return [200, `${server.authority} ${what}${rest === undefined ? "" : `; ${rest}`}`];
  }

  async #test(servers: readonly Server[]): Promise<Line[]> {
    const tested = await this.#operations.test(servers);
    return servers.map((server) => {
      const found = tested.find(({ record }) => record.server.id === server.id);
      return found === undefined ? goneLine(server) : [200, testedText(found)];
    });
  }

  async #wait(server: Server, waitMs: number): Promise<Line> {
    const waited = await this.#operations.transfersDone(server, waitMs);
    if (waited === undefined) return [503, "Too many others wait for transfers."];
    return waited.end === "unlisted" ? goneLine(server) : waitedLine(server, waited);
  }
}

function pathOf(target: string): string {
  return target.split("?", 1)[0]!;
}

/** The reply to all lines: the highest status code counts. */
function replyOf(lines: readonly Line[]): Reply {
  const statusCode = Math.max(...lines.map(([statusCode]) => statusCode));
  return lineReply(statusCode, lines.map(([, sentence]) => sentence).join("\n"));
}

function goneLine({ authority }: Server): Line {
  return [404, `${authority} has just left the list.`];
}

function testedText({ record: { server, state, load, actions }, transfer }: Tested): string {
  const found = transfer === undefined
    ? "could not be tested"
    : "reason" in transfer
    ? `failed: ${transfer.reason}`
    : `passed: ${transferOf({ ...transfer, isPartial: transfer.partial })}`;
  const open = load?.openTransfers ?? null;
  const sending = open === null ? "" : `; ${transfersText(open)}`;
  const isHeld = actions.some(({ kind }) => kind === "out");
  const states = {
    available: "available",
    out: isHeld ? "out by an action" : "out",
    untested: "untested",
  };
  return `${server.authority} ${found}${sending}; it is ${states[state.kind]}`;
}

function transfersText(open: number): string {
  return `${open} ${open === 1 ? "transfer" : "transfers"} open`;
}

function waitedLine({ authority }: Server, { end, load }: Waited): Line {
  switch (end) {
    case "done":
      return [200, `${authority} says that it sends nothing any more`];
    case "silent":
      return [409, `${authority} does not say what it is sending; the action stays in force`];
    case "enabled":
      return [409, `${authority} was enabled meanwhile`];
    default: {
      const open = load?.openTransfers ?? null;
      const what = open === null ? "has not said what it is sending" : `has ${transfersText(open)}`;
      return [504, `${authority} ${what}; the action stays in force`];
    }
  }
}

/** What the socket of `--control` shows and changes. */
export interface ControlSources {
  readonly status: Pick<StatusCollector, "status" | "tick">;
  readonly explain: Explain;
  readonly operations: Operations;
  /** Whether nothing else counts the clients of each second for the status. */
  readonly ticks: boolean;
}

/** Takes actions at a socket. */
export class ControlServer {
  readonly #admin: Admin;
  readonly #server: UnixServer;
  readonly #stopTicking: (() => void) | undefined;

  private constructor(admin: Admin, server: UnixServer, stopTicking: (() => void) | undefined) {
    this.#admin = admin;
    this.#server = server;
    this.#stopTicking = stopTicking;
  }

  /**
   * Listens, logs where, and serves until `close()`. Later errors are logged.
   *
   * @throws {CommandError} status 1, if it cannot listen there
   */
  static async open(
    socket: Omit<UnixSocketOptions, "name">,
    { status, explain, operations, ticks }: ControlSources,
    { info, error: logError }: Pick<Logger, "info" | "error">,
  ): Promise<ControlServer> {
    // Who may connect is decided by the file's mode, so any Host will do.
    const about = { isLoopback: false, explain, onError: logError };
    const admin = new Admin(() => status.status(Date.now()), about);
    const { handle: handler, replyToMethod } = new Control(operations, admin.handle);
    const onListening = () => info(`actions on servers are taken at ${socket.path}`);
    const server = await UnixServer.open(
      { ...socket, name: "--control" },
      { handler, replyToMethod, onListening, info, logError },
    );
    return new ControlServer(admin, server, ticks ? everySecond(() => status.tick()) : undefined);
  }

  async close(): Promise<void> {
    this.#stopTicking?.();
    this.#admin.close();
    await this.#server.close();
  }
}
