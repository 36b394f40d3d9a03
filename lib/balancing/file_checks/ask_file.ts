/**
 * Asks a server about a file, and judges the answer.
 *
 * @module
 */

import { responseBodyFraming } from "../../http/body.ts";
import { digestOf } from "../../http/digest_fields.ts";
import type { FieldLine } from "../../http/fields.ts";
import { ProtocolError } from "../../http/grammar.ts";
import { parseHttpDate } from "../../http/http_date.ts";
import type { ResponseHead } from "../../http/response.ts";
import { parseEntityTag } from "../../http/validators.ts";
import { monotonicMs } from "../../net/deadlines.ts";
import { exchange, failureReason } from "../../net/exchange.ts";
import { HEAD_INPUT_BYTES, HeadRequests } from "../head_requests.ts";
import type { Server } from "../list/server.ts";
import { CLOSE, connectTo, loadIn, type LoadListener, requestTo } from "../probe.ts";
import type { Unanswered } from "./file_checker.ts";
import { type FileAnswer, type FileVersion, hashOf } from "./file_version.ts";

/** For one question, its connection included, in ms. */
const TIMEOUT_MS = 5000;

/** For the servers' logs. */
const USER_AGENT = "balancer-files";

const WANT_DIGEST: FieldLine = ["Want-Repr-Digest", "sha-256=10"];

/** A question is whether the file is there, not what it holds. */
const FIRST_BYTE: FieldLine = ["Range", "bytes=0-0"];

/** Asks servers on kept connections, one for each server. */
export class FileAsker {
  readonly #heads: HeadRequests;
  readonly #timeoutMs: number;
  readonly #onLoad: LoadListener;
  readonly #testTarget: string;
  /**
   * By authority, how servers are asked: by HEAD where that has found a file, by GET those that do
   * not know HEAD, or answer it otherwise.
   */
  readonly #methods = new Map<string, "HEAD" | "GET">();

  /**
   * Has no connection yet.
   *
   * @param schedule calls back after some ms; returns what cancels that
   * @param timeoutMs for one question, its connection included
   * @param onLoad called with each answer that says something of its server's load
   * @param testTarget of the test file, which servers have, in origin form
   */
  constructor(
    schedule: (call: () => void, ms: number) => () => void,
    timeoutMs: number = TIMEOUT_MS,
    onLoad: LoadListener = () => {},
    testTarget = "/test.bin",
  ) {
    this.#heads = new HeadRequests(schedule);
    this.#timeoutMs = timeoutMs;
    this.#onLoad = onLoad;
    this.#testTarget = testTarget;
  }

  /**
   * Asks a server by HEAD, or for the first byte if a client found otherwise than HEAD had said, or
   * if HEAD does not find the test file either. Redirects are not followed. Never rejects for what a
   * server does.
   *
   * @param target in origin form, as a client sent it
   */
  async ask(server: Server, target: string, isDoubted: boolean): Promise<FileAnswer | Unanswered> {
    const until = monotonicMs() + this.#timeoutMs;
    try {
      if (this.#methods.get(server.authority) === "GET") {
        return await this.#get(server, target, until);
      }
      if (isDoubted) return await this.#askTwice(server, target, until);
      const head = await this.#head(server, target, until);
      const isRefused = head.statusCode === 405 || head.statusCode === 501;
      if (isRefused) this.#methods.set(server.authority, "GET");
      const answer = answerOf(head);
      if (answer.kind === "has") this.#methods.set(server.authority, "HEAD");
      const isTrue = answer.kind !== "lacks" || await this.#isFoundByHead(server, until);
      return isTrue && !isRefused ? answer : await this.#get(server, target, until);
    } catch (error) {
      if (failureReason(error) === undefined) throw error;
      return { kind: error instanceof ProtocolError ? "unclear" : "unanswered" };
    }
  }

  /** Whether HEAD finds files; a firewall may refuse it. The test file is there: GET found it. */
  async #isFoundByHead(server: Server, until: number): Promise<boolean> {
    const { authority } = server;
    if (this.#methods.has(authority)) return this.#methods.get(authority) === "HEAD";
    const { kind } = answerOf(await this.#head(server, this.#testTarget, until));
    if (kind !== "unclear") this.#methods.set(authority, kind === "has" ? "HEAD" : "GET");
    return kind === "has";
  }

  /** Asks for the first byte; by HEAD no more, if that says otherwise. */
  async #askTwice(server: Server, target: string, until: number): Promise<FileAnswer> {
    const answer = await this.#get(server, target, until);
    if (answer.kind !== "lacks") return answer;
    const { kind } = answerOf(await this.#head(server, target, until));
    if (kind === "has") this.#methods.set(server.authority, "GET");
    return answer;
  }

  /** Closes all kept connections. */
  close(): void {
    this.#heads.close();
  }

  async #head(server: Server, target: string, until: number): Promise<ResponseHead> {
    const request = requestTo(server, "HEAD", target, USER_AGENT, [WANT_DIGEST]);
    const head = await this.#heads.send(server, request, until);
    this.#learnLoad(server, head);
    return head;
  }

  async #get(server: Server, target: string, until: number): Promise<FileAnswer> {
    const connection = await connectTo(server, until - monotonicMs(), HEAD_INPUT_BYTES);
    try {
      const fields = [WANT_DIGEST, FIRST_BYTE, CLOSE];
      const request = requestTo(server, "GET", target, USER_AGENT, fields);
      const { head } = await exchange(connection, request, {
        idleMs: until - monotonicMs(),
        until,
      });
      this.#learnLoad(server, head);
      return answerOf(head);
    } finally {
      connection.close();
    }
  }

  #learnLoad(server: Server, head: ResponseHead): void {
    const load = loadIn(head);
    if (load !== undefined) this.#onLoad(server, load);
  }
}

/** What a response to HEAD, or to GET of the first byte, says of the file. */
function answerOf(head: ResponseHead): FileAnswer {
  switch (head.statusCode) {
    case 200:
    case 206:
      return { kind: "has", version: versionOf(head) };
    case 403:
    case 404:
    case 410:
      return { kind: "lacks" };
    default:
      return { kind: "unclear" };
  }
}

function versionOf(head: ResponseHead): FileVersion {
  const { fields } = head;
  const entityTag = parseEntityTag(fields.get("etag") ?? "");
  const digest = digestOf(fields, "repr-digest", ["sha-256"]);
  const [product] = (fields.get("server") ?? "").split(/[/ ]/);
  const isEncoded = fields.has("content-encoding");
  return {
    bytes: isEncoded ? undefined : sizeOf(head),
    tag: entityTag === undefined || entityTag.isWeak ? undefined : hashOf(entityTag.opaque),
    lastModified: parseHttpDate(fields.get("last-modified") ?? "", Date.now() / 1000),
    sha256: digest?.hex,
    software: product ? hashOf(product) : undefined,
  };
}

/** The size of the whole representation in bytes. */
function sizeOf(head: ResponseHead): number | undefined {
  if (head.statusCode === 206) {
    const [, size] =
      /^bytes [0-9]+-[0-9]+\/([0-9]+)$/i.exec(head.fields.get("content-range") ?? "") ??
        [];
    return size === undefined ? undefined : Number(size);
  }
  const framing = responseBodyFraming("GET", head);
  return framing.kind === "length" ? framing.contentLength : undefined;
}
