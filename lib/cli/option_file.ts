import { UsageError } from "./command.ts";

/**
 * The text of a file that an option names; `-` is standard input. It is in UTF-8, or in UTF-16 where
 * its byte order mark says so, as shells of Windows write it.
 *
 * @throws {UsageError} when it cannot be read
 */
export async function readText(option: string, file: string): Promise<string> {
  try {
    return file === "-" ? await readStandardInput() : textOf(await Deno.readFile(file));
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "does not exist"
      : error instanceof Deno.errors.NotCapable
      ? `needs --allow-read=${file} as well`
      : "cannot be read";
    throw new UsageError(`--${option}=${file} ${reason}`, { cause: error });
  }
}

/** All of standard input, as a text in these encodings. */
export async function readStandardInput(): Promise<string> {
  const { toBytes } = await import("@std/streams/to-bytes");
  return textOf(await toBytes(Deno.stdin.readable));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder(markedEncoding(bytes)).decode(bytes);
}

/** The encoding that a byte order mark of UTF-16 stands for; undefined without one. */
export function markedEncoding([first, second]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : undefined;
}

/**
 * The certificates that `--ca` names, as PEM.
 *
 * @throws {UsageError} when there are none
 */
export async function readCertificates(file: string): Promise<string> {
  const text = await readText("ca", file);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new UsageError(`--ca=${file} holds no certificate in PEM`);
}
