import { type ListeningRole, listeningRole } from "./role.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** Three servers over one directory, and a balancer before them. */
export interface Farm extends AsyncDisposable {
  /** What all servers serve. */
  readonly root: TemporaryDirectory;
  readonly servers: readonly ListeningRole[];
  readonly balancer: ListeningRole;
}

/** Starts a farm over these files. */
export async function startFarm(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<Farm> {
  await using stack = new AsyncDisposableStack();
  const root = stack.use(await TemporaryDirectory.with(files));
  const servers: ListeningRole[] = [];
  for (let i = 0; i < 3; i++) servers.push(stack.use(await listeningRole("server", [root.path])));
  const authorities = servers.map(({ authority }) => authority);
  const balancer = stack.use(await listeningRole("balancer", authorities));
  const owned = stack.move();
  return { root, servers, balancer, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Octets of no pattern that a mistake could keep. */
export function manyOctets(length: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(length);
  for (let i = 0; i < length; i++) octets[i] = Math.imul(i, 2654435761) >>> 13;
  return octets;
}
