import { CommandError } from "../../lib/cli/command.ts";
import { AUTHORITY } from "../support/tls.ts";
import type { Contestant } from "./bench_runner.ts";

/** Trusts the certificate of contestants that speak TLS. */
const HTTP_CLIENT = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(AUTHORITY)] });

/** Answers in which chance alone would leave out one of three servers once in 10 ** 10 times. */
const SAMPLES = 60;

/** What a redirecting contestant should answer. */
export interface Expected {
  readonly statusCode: number;
  /** The servers that it sends clients to, all of them. */
  readonly servers: readonly string[];
}

/**
 * Asks a contestant for redirects, which must be right and lead to all the servers.
 *
 * @throws {CommandError} that says what is wrong
 */
export async function checkRedirects(
  contestant: Contestant,
  path: string,
  { statusCode, servers }: Expected,
): Promise<void> {
  const right = new Set(servers.map((server) => `http://${server}${path}`));
  const seen = new Set<string>();
  for (let i = 0; i < SAMPLES; i++) {
    const response = await fetch(`${contestant.origin}${path}`, { redirect: "manual" });
    const body = await response.bytes();
    const location = response.headers.get("location") ?? "nowhere";
    seen.add(location);
    const length = response.headers.get("content-length");
    expect(contestant, response.status === statusCode, `answers ${response.status}`);
    expect(contestant, right.has(location), `sends its clients to ${location}`);
    expect(contestant, Number(length) === body.length, `has ${body.length} bytes of ${length}`);
  }
  expect(contestant, seen.size === servers.length, `knows ${seen.size} servers`);
}

/**
 * Asks a contestant for a file, whose octets must be the same.
 *
 * @throws {CommandError} that says what is wrong
 */
export async function checkFile(
  contestant: Contestant,
  path: string,
  content: Uint8Array,
): Promise<void> {
  const response = await fetch(`${contestant.origin}${path}`, { client: HTTP_CLIENT });
  const body = await response.bytes();
  expect(contestant, response.status === 200, `answers ${response.status} for ${path}`);
  const isSame = body.length === content.length && body.every((octet, i) => octet === content[i]);
  expect(contestant, isSame, `sends another ${path} than there is`);
}

function expect(contestant: Contestant, isRight: boolean, otherwise: string): void {
  if (!isRight) throw new CommandError(`${contestant.name} ${otherwise}`, 1);
}
