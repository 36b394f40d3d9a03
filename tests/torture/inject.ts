// Runs in a role's process before the role: makes one of its system calls fail, and reports where.

import { type InjectionSettings, VARIABLE } from "./injection.ts";
import { errorAt, intercept } from "./points.ts";

const settings: InjectionSettings = JSON.parse(Deno.env.get(VARIABLE)!);
const { point, nth, isLasting, report, hosts } = settings;
const { writeTextFileSync, readDirSync, readLinkSync } = Deno;

/** Names are looked up in the settings: no name server is asked. */
Deno.resolveDns = ((name: string, kind: string) => {
  const address = kind === "A" ? hosts[name] : undefined;
  return address === undefined
    ? Promise.reject(new Deno.errors.NotFound("no records found"))
    : Promise.resolve([address]);
}) as typeof Deno.resolveDns;

globalThis.addEventListener("unload", () => {
  const files = [...readDirSync("/proc/self/fd")].filter(({ name }) => !isSocket(name));
  writeTextFileSync(`${report}.end`, String(files.length));
});

/** Connections may close with the process. */
function isSocket(descriptor: string): boolean {
  try {
    return readLinkSync(`/proc/self/fd/${descriptor}`).startsWith("socket:");
  } catch {
    return true; // The directory that was read.
  }
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const owners = {
  Deno,
  file: Deno.FsFile.prototype,
  listener: Object.getPrototypeOf(listener),
  connection: Object.getPrototypeOf(Object.getPrototypeOf(await oneConnection())),
  stdout: Deno.stdout,
};

let calls = 0;
intercept(point, owners, () => {
  calls++;
  if (calls < nth || (calls > nth && !isLasting)) return;
  const error = errorAt(point);
  if (calls === nth) writeTextFileSync(`${report}.stack`, error.stack ?? "");
  throw error;
});

/** A connection, already closed, whose functions are those of all others. */
async function oneConnection(): Promise<Deno.TcpConn> {
  const [conn, peer] = await Promise.all([
    Deno.connect({ port: listener.addr.port }),
    listener.accept(),
  ]);
  conn.close();
  peer.close();
  listener.close();
  return conn;
}
