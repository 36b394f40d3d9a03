import { createHash } from "node:crypto";
import { RawPeer } from "../../support/raw_peer.ts";
import { type ComparedRequest, HOST } from "./compared_request.ts";
import type { FileServer } from "./file_server.ts";
import { finalResponse, partsOf, type Response } from "./response.ts";

/** What a client makes of a response, by what is compared. Each server's own words are left out. */
export type Answer = ReadonlyMap<string, string>;

/** Asks a server on a connection of its own. */
export async function ask(server: FileServer, request: ComparedRequest): Promise<Answer> {
  return answerOf(await response(server, request.raw), request);
}

/** What a server sends on a connection of its own. */
export async function response(server: FileServer, raw: string): Promise<Response> {
  using peer = await RawPeer.connect(server.port);
  await peer.send(raw).catch(passOverEnd);
  return finalResponse(await peer.receiveUntilLost());
}

/** A request may be refused before all of it is sent. */
function passOverEnd(error: unknown): void {
  const { ConnectionReset, BrokenPipe } = Deno.errors;
  if (!(error instanceof ConnectionReset || error instanceof BrokenPipe)) throw error;
}

function answerOf(response: Response, request: ComparedRequest): Answer {
  const { statusCode, fields, content } = response;
  const field = (name: string) => fields.get(name) ?? "none";
  const answer = new Map([["status", statusCode]]);
  if (["200", "206", "204"].includes(statusCode)) {
    answer.set("Content-Encoding", field("content-encoding"));
    answer.set("content", contentOf(response));
    answer.set("Content-Length", lengthOf(response, request.method));
    answer.set("Content-Type", mediaTypeOf(response));
    answer.set("Accept-Ranges", field("accept-ranges"));
  } else if (content !== "" && (request.method === "HEAD" || statusCode === "304")) {
    answer.set("content", "there is some");
  }
  if (["200", "206", "304"].includes(statusCode)) {
    answer.set("ETag", strengthOf(field("etag")));
    answer.set("Last-Modified", dateOf(field("last-modified")));
  }
  answer.set("Content-Range", field("content-range"));
  answer.set("Vary", listOf(field("vary")));
  answer.set("Allow", listOf(field("allow")));
  answer.set("Location", locationOf(fields.get("location"), request.target));
  return answer;
}

/** Most files hold their names; of others it is told which octets they are. */
function contentOf(response: Response): string {
  const { statusCode, fields, content } = response;
  const parts = partsOf(response);
  if (parts !== undefined) {
    const ranges = parts.map(({ contentRange }) => contentRange.replace(/^bytes |\/.*$/g, ""));
    return `parts ${ranges.join(" ")}: ${digest(parts.map(({ content }) => content).join())}`;
  }
  if (statusCode === "206") {
    const range = fields.get("content-range")?.replace(/^bytes |\/.*$/g, "");
    return `${range}: ${digest(content)}`;
  }
  const name = /^the content of (.*)\n$/s.exec(content)?.[1];
  return name ?? `${content.length} octets: ${digest(content)}`;
}

function digest(content: string): string {
  return createHash("sha256").update(content, "latin1").digest("hex").slice(0, 8);
}

/** Of several parts it is only seen whether it is right: their heads are each server's own. */
function lengthOf({ fields, content }: Response, method: string): string {
  const length = fields.get("content-length") ?? "none";
  const isRight = method === "HEAD" || length === "none" || Number(length) === content.length;
  if (!isRight) return `${length} for ${content.length}`;
  return fields.get("content-type")?.startsWith("multipart/") ? "that of all parts" : length;
}

/** Of several parts, the type that each of them has. */
function mediaTypeOf(response: Response): string {
  const parts = partsOf(response);
  const types = parts !== undefined && parts.length > 0
    ? parts.map(({ contentType }) => contentType)
    : [response.fields.get("content-type")?.replace(/boundary=.*/, "") ?? "none"];
  return [...new Set(types)].join(", ").toLowerCase().replace(/; */g, "; ");
}

function strengthOf(entityTag: string): string {
  if (entityTag === "none") return entityTag;
  return entityTag.startsWith("W/") ? "weak" : "strong";
}

/** A file of the future has the time of the answer, or its own. */
function dateOf(lastModified: string): string {
  const isNow = Math.abs(Date.parse(lastModified) - Date.now()) < 3_600_000;
  return isNow ? "now" : lastModified;
}

/** Members of a list in one order. */
function listOf(fieldValue: string): string {
  const members = fieldValue.split(",").map((member) => member.trim().toLowerCase());
  return [...new Set(members)].sort().join(", ");
}

/** Where a client goes from there, without the host where that stays the same. */
function locationOf(location: string | undefined, target: string): string {
  if (location === undefined) return "none";
  const base = target.startsWith("/") ? `http://${HOST}${target}` : target;
  const url = new URL(location, base);
  return url.hostname === HOST ? url.href.slice(url.origin.length) : url.href;
}
