import { assertEquals, assertRejects } from "@std/assert";
import { CommandError } from "../../lib/cli/command.ts";
import { credentialFiles, readCredentials, validity } from "../../lib/process/tls.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { EXPIRED, SERVER } from "../support/tls.ts";

const NOW = Date.UTC(2030, 0, 1);

/** What is said about a pair of files, and the exit status. */
async function refusal(cert: string | undefined, key: string | undefined, now = NOW) {
  const reading = () => readCredentials({ "tls-cert": cert, "tls-key": key }, now);
  const { message, exitStatus } = await assertRejects(reading, CommandError);
  return [exitStatus, message];
}

Deno.test("readCredentials() gives what it read, or undefined where nothing is to be read", async () => {
  const none = { "tls-cert": undefined, "tls-key": undefined };
  assertEquals([await readCredentials(none, NOW), credentialFiles(none)], [undefined, []]);
  const both = { "tls-cert": SERVER.cert, "tls-key": SERVER.key };
  const credentials = await readCredentials(both, NOW);
  assertEquals(credentials?.cert, await Deno.readTextFile(SERVER.cert));
  assertEquals(credentials?.key, await Deno.readTextFile(SERVER.key));
  assertEquals(credentials?.keyFile, SERVER.key);
  assertEquals(credentialFiles(both), [SERVER.cert, SERVER.key]);
});

Deno.test("readCredentials() takes certificate and key from one file, in either order", async () => {
  const cert = await Deno.readTextFile(SERVER.cert);
  const key = await Deno.readTextFile(SERVER.key);
  const crlf = (text: string) => text.replaceAll("\n", "\r\n");
  const texts = [cert + key, key + cert, `a note\n${key}\nanother\n${cert}`, crlf(key + cert)];
  for (const text of texts) {
    await using directory = await TemporaryDirectory.with({ "both.pem": text });
    const both = directory.join("both.pem");
    const found = await readCredentials({ "tls-cert": both, "tls-key": both }, NOW);
    const read = [found?.cert, found?.key].map((it) => it?.replaceAll("\r", ""));
    assertEquals(read, [cert, key]);
    assertEquals(
      (await readCredentials({ "tls-cert": both, "tls-key": SERVER.key }, NOW))?.key,
      key,
    );
  }
});

Deno.test("readCredentials() says in a line what is wrong with the files", async () => {
  await using directory = await TemporaryDirectory.with({ "no.pem": "no PEM" });
  const { cert, key } = SERVER;
  const bad = directory.join("no.pem");
  const missing = directory.join("missing");
  assertEquals(await refusal(cert, undefined), [2, "--tls-cert needs --tls-key=FILE as well"]);
  assertEquals(await refusal(undefined, key), [2, "--tls-key needs --tls-cert=FILE as well"]);
  assertEquals(await refusal(missing, key), [2, `--tls-cert=${missing} does not exist`]);
  assertEquals(await refusal(cert, missing), [2, `--tls-key=${missing} does not exist`]);
  const folder = directory.path;
  assertEquals(await refusal(cert, folder), [2, `--tls-key=${folder} is a directory`]);
  assertEquals(await refusal(bad, key), [2, `--tls-cert=${bad} holds no certificate in PEM`]);
  const noKey = "holds no private key in PEM that is not encrypted";
  assertEquals(await refusal(cert, bad), [2, `--tls-key=${bad} ${noKey}`]);
  assertEquals(await refusal(cert, cert), [2, `--tls-key=${cert} ${noKey}`]);
  const mismatch = `--tls-key=${EXPIRED.key} is not the key of --tls-cert=${cert}`;
  assertEquals(await refusal(cert, EXPIRED.key), [2, mismatch]);
  const expired = `--tls-cert=${EXPIRED.cert} has expired, on 2020-01-02T00:00:00.000Z`;
  assertEquals(await refusal(EXPIRED.cert, EXPIRED.key), [1, expired]);
  const early = `--tls-cert=${EXPIRED.cert} is not valid before 2020-01-01T00:00:00.000Z`;
  assertEquals(await refusal(EXPIRED.cert, EXPIRED.key, 0), [1, early]);
});

Deno.test("validity() counts the first and the last moment in", () => {
  assertEquals([validity(1, 2, 1), validity(1, 2, 2)], [undefined, undefined]);
});
