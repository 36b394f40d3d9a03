import { startCaddy } from "../../support/caddy.ts";
import { startNginx } from "../../support/peer.ts";
import { listeningRole } from "../../support/role.ts";

/** Ours, and those that it is compared with. */
export type FileServerName = "ours" | "nginx" | "Caddy";

/** One of them, on 127.0.0.1. */
export interface FileServer extends AsyncDisposable {
  readonly name: FileServerName;
  readonly port: number;
}

/**
 * Starts a server of the files below a root, set up as its manual would have it: the media types it
 * comes with, UTF-8 for text, an index, what was compressed beforehand.
 */
export async function startFileServer(name: FileServerName, root: string): Promise<FileServer> {
  const running = await STARTERS[name](root);
  const port = Number(running.authority.split(":")[1]);
  return { name, port, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

interface Running extends AsyncDisposable {
  readonly authority: string;
}

const STARTERS: Readonly<Record<FileServerName, (root: string) => Promise<Running>>> = {
  ours: (root) => listeningRole("server", [root, "--log=none"]),
  nginx: (root) =>
    startNginx(`
      include /etc/nginx/mime.types;
      default_type application/octet-stream;
      charset utf-8;
      charset_types text/css text/plain text/xml application/javascript;
      root ${root};
      index index.html;
      gzip_static on;
      gzip_vary on;
    `),
  Caddy: (root) =>
    startCaddy(`
      root * ${root}
      file_server {
        precompressed br zstd gzip
      }
    `),
};
