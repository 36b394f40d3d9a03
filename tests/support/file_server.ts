import { RawPeer } from "./raw_peer.ts";
import { type RawReply, replyOf } from "./raw_reply.ts";
import { type ListeningRole, listeningRole, type RoleOptions } from "./role.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** The server as a process, and the directory that it serves. */
export interface FileServer extends AsyncDisposable {
  /** Its process. */
  readonly role: ListeningRole;
  /** What it serves. */
  readonly root: TemporaryDirectory;
  /** What it answers to a request on a connection of its own. */
  readonly ask: (target: string, fields?: string, method?: string) => Promise<RawReply>;
}

/** Starts a server of these files. */
export async function fileServer(
  files: Readonly<Record<string, string | Uint8Array>>,
  args: readonly string[] = [],
  options: RoleOptions = {},
): Promise<FileServer> {
  await using stack = new AsyncDisposableStack();
  const root = stack.use(await TemporaryDirectory.with(files));
  const role = stack.use(
    await listeningRole("server", ["--log=none", ...args, root.path], options),
  );
  const owned = stack.move();
  return {
    role,
    root,
    ask: async (target, fields = "", method = "GET") => {
      using client = await RawPeer.connect(role.port);
      await client.send(
        `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`,
      );
      return replyOf(await client.receiveAll(), method);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
