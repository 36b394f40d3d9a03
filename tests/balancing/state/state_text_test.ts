import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeState, encodeState, StateError } from "../../../lib/balancing/state/state_text.ts";

const PARTS = new Map([["clients", '{"a:1":7}'], ["é", "[1,2]"]]);

/** Why a text is refused, and whether it may be something else than a state. */
async function refusal(bytes: Uint8Array<ArrayBuffer> | string): Promise<[string, boolean]> {
  const given = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const { message, isForeign } = await assertRejects(() => decodeState(given), StateError);
  return [message, isForeign];
}

/** A state that holds this JSON, with the checksum that belongs to it. */
async function signed(json: string): Promise<string> {
  const content = new TextEncoder().encode(json);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
  return `balancer state, version 1, sha-256 ${digest}\n${json}`;
}

Deno.test("decodeState() gives what encodeState() was given", async () => {
  const { savedAt, parts } = await decodeState(await encodeState(1234, PARTS));
  assertEquals(savedAt, 1234);
  assertEquals(parts, new Map<string, unknown>([["clients", { "a:1": 7 }], ["é", [1, 2]]]));
});

Deno.test("decodeState() refuses a state cut at any byte, and one with any byte changed", async () => {
  const whole = await encodeState(1234, PARTS);
  for (let length = 0; length < whole.length; length++) {
    assertEquals(await refusal(whole.slice(0, length)), ["is damaged", false], `${length} bytes`);
  }
  for (let at = 0; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at]! ^= 1;
    const [message] = await refusal(changed);
    assert(/^is (?:damaged|no state|of another version)/.test(message), `${at}: ${message}`);
  }
});

Deno.test("decodeState() tells damage, other versions and other files apart", async () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["", "is damaged", false],
    ["localhost:8001\n", "is no state of a balancer", true],
    ["\0".repeat(4096), "is no state of a balancer", true],
    ["balancer state, version 2, anything else", "is damaged", false],
    [`balancer state, version 2, sha-256 ${"0".repeat(64)}\n`, "is of another version, 2", false],
    [`balancer state, version 1, sha-256 ${"0".repeat(64)}\n{}`, "is damaged", false],
    [await signed("null"), "is damaged", false],
    [await signed("{}"), "is damaged", false],
    [await signed('{"savedAt":"now","parts":{}}'), "is damaged", false],
    [await signed('{"savedAt":1e300,"parts":{}}'), "is damaged", false],
    [await signed('{"savedAt":1,"parts":null}'), "is damaged", false],
    [await signed('{"savedAt":1,"parts":{'), "is damaged", false],
  ];
  for (const [text, message, isForeign] of rows) {
    assertEquals(await refusal(text), [message, isForeign], text);
  }
});
