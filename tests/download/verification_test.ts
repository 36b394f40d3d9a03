import type { FieldLine } from "../../lib/http/fields.ts";
import { sha256Alone } from "../support/downloading.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Verification } from "../../lib/download/verification.ts";

/** SHA-256 of `hello` and of `world`, as sha256sum has them. */
const HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const HELLO_BASE64 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
const HELLOWORLD = "936a185caaa266bb9cbe981e9e05cb78cd732b0b3280eb944412bb6f8f8f07af";

const bytes = (text: string) => new TextEncoder().encode(text);
const none = () => undefined;
const fields = (...lines: FieldLine[]) => fieldsWith(lines);

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytes(await Promise.resolve(text));
}

Deno.test("Verification compares with what the user expects", async () => {
  for (const [sha256, isRight] of [[HELLO, true], [HELLOWORLD, false]] as const) {
    const verification = new Verification(sha256Alone(sha256), false);
    await verification.begin(fields(), 0, none);
    verification.update(bytes("hel"));
    verification.update(bytes("lo"));
    assertEquals(verification.wholeFault() === undefined, isRight);
    assertEquals(verification.sha256, HELLO);
  }
});

Deno.test("Verification goes on over several responses, and begins anew when told to", async () => {
  const verification = new Verification(sha256Alone(HELLOWORLD), false);
  await verification.begin(fields(), 0, none);
  verification.update(bytes("wrong"));
  verification.restart();
  await verification.begin(fields(), 0, none);
  verification.update(bytes("hello"));
  await verification.begin(fields(), 5, none);
  verification.update(bytes("world"));
  assertEquals(verification.wholeFault(), undefined);
});

Deno.test("Verification forgets what comes again, and reads what stands there instead", async () => {
  for (const [position, isRead] of [[7, true], [10, false]] as const) {
    const verification = new Verification(sha256Alone(HELLOWORLD), false);
    verification.beginParts(fields(), 0);
    verification.offer(bytes("hello"), 0);
    verification.offer(bytes(isRead ? "wrong" : "world"), 5);
    verification.forget(position);
    let wasRead = false;
    await verification.join([], 10, (from) => {
      wasRead = true;
      return pieces("helloworld".slice(from));
    });
    assertEquals([verification.wholeFault(), wasRead], [undefined, isRead]);
  }
});

Deno.test("Verification reads what was there before it", async () => {
  const verification = new Verification(sha256Alone(HELLOWORLD), true);
  await verification.begin(fields(), 5, () => pieces("he", "llo"));
  verification.update(bytes("world"));
  assertEquals([verification.wholeFault(), verification.sha256], [undefined, HELLOWORLD]);
});

Deno.test("Verification checks Repr-Digest over the whole, Content-Digest over the response", async () => {
  const digest = `sha-256=:${HELLO_BASE64}:`;
  const verification = new Verification([], false);
  await verification.begin(fields(["Repr-Digest", digest], ["Content-Digest", digest]), 0, none);
  verification.update(bytes("hello"));
  assertEquals([verification.messageFault(), verification.wholeFault()], [undefined, undefined]);
  assertEquals(verification.sha256, undefined);
  await verification.begin(fields(["Content-Digest", digest]), 5, none);
  verification.update(bytes("world"));
  assertStringIncludes(verification.messageFault()!, "its Content-Digest promised");
  assertStringIncludes(verification.wholeFault()!, `has the sha-256 ${HELLOWORLD}, but its Repr-`);
});

Deno.test("Verification counts what comes again for the response alone", async () => {
  const verification = new Verification(sha256Alone(HELLO), false);
  await verification.begin(fields(), 0, none);
  verification.update(bytes("hel"));
  await verification.begin(fields(["Content-Digest", `sha-256=:${HELLO_BASE64}:`]), 3, none);
  verification.update(bytes("hel"), false);
  verification.update(bytes("lo"));
  assertEquals([verification.messageFault(), verification.wholeFault()], [undefined, undefined]);
});
