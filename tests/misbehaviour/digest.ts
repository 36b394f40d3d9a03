import type { TemporaryDirectory } from "../support/temporary_directory.ts";

/** The SHA-256 of octets, as `sha256sum` writes it. */
export async function sha256(octets: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", octets)).toHex();
}

/** The SHA-256 of a file; undefined when there is none. */
export async function sha256Of(
  directory: TemporaryDirectory,
  name: string,
): Promise<string | undefined> {
  try {
    return await sha256(await directory.read(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
