/**
 * Certificate and key of a role that serves HTTPS: read and checked before it listens.
 *
 * @module
 */

import { CommandError, UsageError } from "../cli/command.ts";
import { optional, text, type Values } from "../cli/option.ts";

/** The options of a role that can speak HTTPS. */
export const TLS_OPTIONS = {
  "tls-cert": optional(text("FILE"), "serve HTTPS with this certificate chain, in PEM"),
  "tls-key": optional(text("FILE"), "the private key of that certificate, in PEM"),
};

/** The values of `TLS_OPTIONS`. */
export type TlsValues = Values<typeof TLS_OPTIONS>;

/** A certificate chain and its private key, as PEM. */
export interface Credentials {
  readonly cert: string;
  /** Not encrypted. */
  readonly key: string;
  /** The file of the key, for error messages. */
  readonly keyFile?: string;
  /** The first moment at which the certificate is valid, in ms since 1970. */
  readonly validFrom: number;
  /** The last one. */
  readonly expiresAt: number;
}

/** The files that `readCredentials` will read. */
export function credentialFiles(options: TlsValues): string[] {
  return [options["tls-cert"], options["tls-key"]].filter((file) => file !== undefined);
}

/**
 * Reads a certificate and its key, which may stand in one file.
 *
 * @returns undefined if neither is given
 * @throws {UsageError} if one is given without the other, a file cannot be read or has no such
 *     content, or the two do not belong together
 * @throws {CommandError} status 1, if the certificate is not valid now
 */
export async function readCredentials(
  options: TlsValues,
  epochMs: number,
): Promise<Credentials | undefined> {
  const { "tls-cert": certFile, "tls-key": keyFile } = options;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined) throw new UsageError("--tls-key needs --tls-cert=FILE as well");
  if (keyFile === undefined) throw new UsageError("--tls-cert needs --tls-key=FILE as well");
  const cert = pemBlocks(await readText("tls-cert", certFile), /CERTIFICATE$/);
  const key = pemBlocks(await readText("tls-key", keyFile), /PRIVATE KEY$/);
  const { validFrom, expiresAt } = await check(certFile, cert, keyFile, key);
  const problem = validity(validFrom, expiresAt, epochMs);
  if (problem !== undefined) throw new CommandError(`--tls-cert=${certFile} ${problem}`, 1);
  return { cert, key, keyFile, validFrom, expiresAt };
}

/** The blocks of a PEM text (RFC 7468) whose label matches. */
function pemBlocks(text: string, label: RegExp): string {
  const blocks = text.matchAll(/-----BEGIN ([^-]+)-----[^-]*-----END \1-----/g);
  return [...blocks].filter(([, it]) => label.test(it!)).map(([block]) => `${block}\n`).join("");
}

async function readText(name: string, file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new UsageError(`--${name}=${file} ${unreadable(error, file)}`, { cause: error });
  }
}

/** Why the file of an option cannot be read: the end of a message that begins with the option. */
export function unreadable(error: unknown, file: string): string {
  if (error instanceof Deno.errors.NotFound) return "does not exist";
  if (error instanceof Deno.errors.IsADirectory) return "is a directory";
  if (error instanceof Deno.errors.NotCapable) return `needs --allow-read=${file} as well`;
  return "cannot be read";
}

async function check(
  certFile: string,
  cert: string,
  keyFile: string,
  key: string,
): Promise<Pick<Credentials, "validFrom" | "expiresAt">> {
  // Imported here only, since it takes 20 ms.
  const { createPrivateKey, X509Certificate } = await import("node:crypto");
  const certificate = parsed(() => new X509Certificate(cert));
  if (certificate === undefined) {
    throw new UsageError(`--tls-cert=${certFile} holds no certificate in PEM`);
  }
  const privateKey = parsed(() => createPrivateKey(key));
  if (privateKey === undefined) {
    throw new UsageError(`--tls-key=${keyFile} holds no private key in PEM that is not encrypted`);
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new UsageError(`--tls-key=${keyFile} is not the key of --tls-cert=${certFile}`);
  }
  const { validFrom, validTo } = certificate;
  return { validFrom: Date.parse(validFrom), expiresAt: Date.parse(validTo) };
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with a certificate's time; undefined for nothing. All are in ms since 1970.
 *
 * @param from the first ms at which it is valid
 * @param to the last one
 */
export function validity(from: number, to: number, epochMs: number): string | undefined {
  if (epochMs < from) return `is not valid before ${new Date(from).toISOString()}`;
  if (epochMs > to) return `has expired, on ${new Date(to).toISOString()}`;
  return undefined;
}
