import { assertEquals } from "@std/assert";
import { Certificate, type TakeUp } from "../../lib/process/certificate.ts";
import type { Credentials, TlsValues } from "../../lib/process/tls.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { exchange, exchangeable, EXPIRED, RENEWED, SERVER } from "../support/tls.ts";

const DAY_MS = 24 * 3_600_000;
const START = Date.UTC(2030, 0, 1);
const NOT_ITS_KEY = /^--tls-key=.*key\.pem is not the key of .*; the certificate in use stays$/;
const TAKEN = /^the certificate was read again: new connections use it$/;

/** A certificate whose files can be exchanged, and a clock that is moved by hand. */
class Watched implements AsyncDisposable {
  nowMs = START;
  readonly said: string[] = [];
  readonly taken: Credentials[] = [];
  readonly directory: TemporaryDirectory;
  certificate!: Certificate;
  #look = () => Promise.resolve();
  ends = 0;

  private constructor(directory: TemporaryDirectory) {
    this.directory = directory;
  }

  /** Watched from `START` on; `takeUp` undefined in a process that does not listen. */
  static async at(
    nowMs: number,
    pair: { cert: string; key: string } = SERVER,
    takeUp: (watched: Watched) => TakeUp | undefined = ({ taken }) => (it) =>
      Promise.resolve(void taken.push(it)),
  ): Promise<Watched> {
    const watched = new Watched(await TemporaryDirectory.with());
    watched.nowMs = nowMs;
    await exchange(watched.directory, pair);
    const every = (call: () => Promise<void>) => {
      watched.#look = call;
      return () => watched.ends++;
    };
    const clock = { epochMs: () => watched.nowMs, every };
    const opened = await Certificate.open(watched.#options, (it) => watched.said.push(it), clock);
    watched.certificate = opened!;
    watched.certificate.watch(takeUp(watched));
    return watched;
  }

  get #options(): TlsValues {
    const { cert, key } = exchangeable(this.directory);
    return { "tls-cert": cert, "tls-key": key };
  }

  /** What is said when a minute has passed. */
  async pass(ms = 60_000): Promise<string[]> {
    this.nowMs += ms;
    this.said.length = 0;
    await this.#look();
    return this.said.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.certificate.close();
    assertEquals(this.ends, 1);
    await this.directory[Symbol.asyncDispose]();
  }
}

/** Asserts that each line matches its pattern, and that there are no others. */
function assertSaid(lines: readonly string[], ...patterns: readonly RegExp[]): void {
  const unexpected = lines.length !== patterns.length ||
    lines.some((line, index) => !patterns[index]!.test(line));
  if (unexpected) assertEquals(lines, patterns.map(String));
}

Deno.test("Certificate takes a new pair up by itself once both files fit, and says so once", async () => {
  await using watched = await Watched.at(START);
  const { directory, taken } = watched;
  assertSaid(await watched.pass());
  await exchange(directory, { cert: RENEWED.cert, key: SERVER.key });
  assertSaid(await watched.pass(), NOT_ITS_KEY);
  assertSaid(await watched.pass());
  await directory.write("cert.pem", (await Deno.readTextFile(RENEWED.cert)).slice(0, 300));
  assertSaid(await watched.pass(), /^--tls-cert=.*holds no certificate in PEM; .* stays$/);
  await Deno.remove(directory.join("cert.pem"));
  assertSaid(await watched.pass(), /^--tls-cert=.*does not exist; the certificate in use stays$/);
  assertEquals(taken, []);
  await exchange(directory, RENEWED);
  assertSaid(await watched.pass(), TAKEN);
  assertEquals(taken.map(({ cert }) => cert), [await Deno.readTextFile(RENEWED.cert)]);
  assertEquals(watched.certificate.credentials, taken[0]);
  assertSaid(await watched.pass());
});

Deno.test("Certificate leaves files alone that were written anew with the same content", async () => {
  await using watched = await Watched.at(START);
  await exchange(watched.directory, SERVER);
  assertSaid(await watched.pass());
  assertEquals(watched.taken, []);
});

Deno.test("Certificate forgets a problem when the files are again those in use", async () => {
  await using watched = await Watched.at(START);
  for (let time = 0; time < 2; time++) {
    await exchange(watched.directory, { cert: RENEWED.cert, key: SERVER.key });
    assertSaid(await watched.pass(), NOT_ITS_KEY);
    await exchange(watched.directory, SERVER);
    assertSaid(await watched.pass());
  }
});

Deno.test("Certificate.renew() reads what has not changed, and says each time what is wrong", async () => {
  await using watched = await Watched.at(START);
  await watched.certificate.renew();
  assertSaid(watched.said.splice(0), TAKEN);
  await exchange(watched.directory, EXPIRED);
  for (let time = 0; time < 2; time++) {
    await watched.certificate.renew();
    assertSaid(watched.said.splice(0), /^--tls-cert=.*has expired, on 2020-01-02T.*; .* stays$/);
  }
});

Deno.test("Certificate takes one up when its time has come, though its files did not change", async () => {
  await using watched = await Watched.at(Date.UTC(2020, 0, 1, 12), EXPIRED);
  const { validFrom } = await validityOf(SERVER);
  await exchange(watched.directory, SERVER);
  assertSaid(await watched.pass(), /is not valid before .*; the certificate in use stays$/);
  assertSaid(await watched.pass());
  assertSaid(await watched.pass(validFrom - watched.nowMs), TAKEN);
});

async function validityOf({ cert, key }: { cert: string; key: string }) {
  const options = { "tls-cert": cert, "tls-key": key };
  return (await Certificate.open(options, () => {}))!.validity;
}

Deno.test("Certificate keeps the one in use where the new one cannot be taken up", async () => {
  const failing = () => () => Promise.reject(new Error("no port"));
  await using watched = await Watched.at(START, SERVER, failing);
  const { credentials } = watched.certificate;
  await exchange(watched.directory, RENEWED);
  assertSaid(await watched.pass(), /^no port; the certificate in use stays$/);
  assertSaid(await watched.pass());
  assertEquals(watched.certificate.credentials, credentials);
});

Deno.test("Certificate of a process that does not listen tells what its workers will do", async () => {
  await using watched = await Watched.at(START, SERVER, () => undefined);
  await exchange(watched.directory, RENEWED);
  assertSaid(await watched.pass(), /^the certificate has changed: workers take it up within a/);
  await watched.certificate.renew();
  assertSaid(watched.said);
});

Deno.test("Certificate warns from 14 days before its end, once a day, and when it is over", async () => {
  const { expiresAt } = await validityOf(SERVER);
  await using watched = await Watched.at(expiresAt - 14 * DAY_MS - 1);
  assertSaid(watched.said);
  assertSaid(
    await watched.pass(1),
    /^the certificate in use, --tls-cert=.*, expires in 14 days, on/,
  );
  for (let minute = 1; minute < 10; minute++) assertSaid(await watched.pass());
  assertSaid(await watched.pass(DAY_MS), /expires in 12 days/);
  watched.nowMs = expiresAt - DAY_MS;
  assertSaid(await watched.pass(0), /expires in a day/);
  assertSaid(await watched.pass(DAY_MS), /expires within a day/);
  assertSaid(await watched.pass(1), /--tls-cert=.*, has expired, on 2126-/);
  assertSaid(await watched.pass());
  assertSaid(await watched.pass(DAY_MS), /has expired/);
});

Deno.test("Certificate warns when the clock goes back to before its beginning", async () => {
  await using watched = await Watched.at(START);
  assertSaid(await watched.pass(-START), /is not valid before/);
});

Deno.test("Certificate.watch() warns at once of one that expires soon", async () => {
  const { expiresAt } = await validityOf(SERVER);
  await using watched = await Watched.at(expiresAt - 3 * DAY_MS);
  assertSaid(watched.said, /expires in 3 days/);
});
