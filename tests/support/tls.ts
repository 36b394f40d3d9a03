/**
 * Certificates for `localhost` and 127.0.0.1, made by an authority of our own.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { RawClient } from "./raw_client.ts";
import type { TemporaryDirectory } from "./temporary_directory.ts";

/** The authority, for clients that are to trust it. */
export const AUTHORITY: string = path("ca.pem");

/** Valid until 2126. */
export const SERVER = { cert: path("server.pem"), key: path("server.key") } as const;

/** Was valid on the first of January 2020. */
export const EXPIRED = { cert: path("expired.pem"), key: path("expired.key") } as const;

/** Another one, valid until 2126, that only those trust who know it: no authority signed it. */
export const RENEWED = { cert: path("renewed.pem"), key: path("renewed.key") } as const;

/** A key that Deno cannot use, since it is too short, with its certificate: in a file each. */
export const WEAK = { cert: path("weak.pem"), key: path("weak.key") } as const;

/** The options by which a role serves HTTPS. */
export function tlsOptions({ cert, key }: { cert: string; key: string }): string[] {
  return [`--tls-cert=${cert}`, `--tls-key=${key}`];
}

/** Where `exchange` puts a certificate and its key. */
export function exchangeable(directory: TemporaryDirectory): { cert: string; key: string } {
  return { cert: directory.join("cert.pem"), key: directory.join("key.pem") };
}

/** Makes copies of these files the certificate and key of a directory. */
export async function exchange(
  directory: TemporaryDirectory,
  { cert, key }: { cert: string; key: string },
): Promise<void> {
  await directory.write("cert.pem", await Deno.readFile(cert));
  await directory.write("key.pem", await Deno.readFile(key));
}

/** Connects to this machine, trusting the authority or another certificate. */
export async function connectTls(port: number, trusted = AUTHORITY): Promise<Deno.TlsConn> {
  const caCerts = [await Deno.readTextFile(trusted)];
  return await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts });
}

/**
 * Whether a new client that trusts only this certificate gets an answer from a role. One connection
 * may be reset before: the system does that to one that comes in the moment a listener is closed.
 */
export async function isTrusted(
  port: number,
  certificate: string,
  mayBeReset = true,
): Promise<boolean> {
  try {
    using client = RawClient.over(await connectTls(port, certificate));
    await client.get("/x");
    return true;
  } catch (error) {
    if (mayBeReset && error instanceof Deno.errors.ConnectionReset) {
      return await isTrusted(port, certificate, false);
    }
    if (!/certificate|UnknownIssuer/.test(String(error))) throw error;
    return false;
  }
}

function path(name: string): string {
  return fromFileUrl(new URL(`tls/${name}`, import.meta.url));
}
