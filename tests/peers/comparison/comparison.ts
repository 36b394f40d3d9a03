import type { DatedFile } from "../../cases/preconditions.ts";
import { type Answer, ask, response } from "./answer.ts";
import { type ComparedRequest, comparedRequest } from "./compared_request.ts";
import { CODED, DATED, fileRequests, GZIP, type Validators } from "./file_requests.ts";
import { type FileServer, type FileServerName, startFileServer } from "./file_server.ts";
import { MESSAGE_REQUESTS } from "./message_requests.ts";
import { PATH_REQUESTS } from "./path_requests.ts";
import { servedTree } from "./served_tree.ts";

/** One request, and how it was answered by whom. */
export interface Compared {
  /** As ours was asked; entity-tags in it are each server's own. */
  readonly request: ComparedRequest;
  readonly answers: ReadonlyMap<FileServerName, Answer>;
}

/** Asks all of them the same, of the same files. */
export async function compare(names: readonly FileServerName[]): Promise<Compared[]> {
  await using stack = new AsyncDisposableStack();
  const tree = stack.use(await servedTree());
  const asked = new Map<FileServerName, (readonly [ComparedRequest, Answer])[]>();
  for (const name of names) {
    const server = stack.use(await startFileServer(name, tree.root));
    const requests = requestsFor(await validatorsOf(server));
    const answers: (readonly [ComparedRequest, Answer])[] = [];
    for (const request of requests) answers.push([request, await ask(server, request)]);
    asked.set(name, answers);
  }
  const [first] = asked.values();
  return (first ?? []).map(([request], index) => {
    const answers = Array.from(asked, ([name, all]) => [name, all[index]![1]] as const);
    return { request, answers: new Map(answers) };
  });
}

function requestsFor(validators: Validators): ComparedRequest[] {
  return [...MESSAGE_REQUESTS, ...PATH_REQUESTS, ...fileRequests(validators)];
}

async function validatorsOf(server: FileServer): Promise<Validators> {
  return {
    plain: await datedFile(server, DATED, ""),
    coded: await datedFile(server, CODED, GZIP),
  };
}

async function datedFile(server: FileServer, target: string, lines: string): Promise<DatedFile> {
  const names = { section: "9110 §8.8", story: "validators" };
  const { raw } = comparedRequest("validators", names, target, { method: "HEAD", lines });
  const { fields } = await response(server, raw);
  const entityTag = fields.get("etag");
  const lastModified = fields.get("last-modified");
  if (entityTag === undefined || lastModified === undefined) {
    throw new Error(`${server.name} sends no validators with ${target}`);
  }
  const after = (seconds: number) =>
    new Date(Date.parse(lastModified) + seconds * 1000).toUTCString();
  return { entityTag, lastModified, before: after(-1), after: after(1) };
}
