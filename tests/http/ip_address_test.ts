import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { addressOfBytes, canonicalAddress } from "../../lib/http/ip_address.ts";

Deno.test("canonicalAddress() gives each address one spelling", () => {
  const spellings = {
    "0.0.0.0": ["0.0.0.0", "::ffff:0.0.0.0", "::FFFF:0:0"],
    "255.255.255.255": ["255.255.255.255", "::ffff:ffff:ffff"],
    "192.0.2.1": ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "0:0:0:0:0:ffff:c000:0201"],
    "::": ["::", "0::0", "0:0:0:0:0:0:0:0"],
    "2001:db8::1": ["2001:db8::1", "2001:0DB8:0::1", "2001:db8:0:0:0:0:0.0.0.1"],
    "::ffff": ["::ffff", "::0:ffff"],
    "::ffff:0:0:1": ["::ffff:0:0:1"],
  };
  for (const [address, texts] of Object.entries(spellings)) {
    for (const text of texts) assertEquals(canonicalAddress(text), address, text);
  }
});

Deno.test("canonicalAddress() accepts nothing else", () => {
  const texts = "|1|1.2.3|1.2.3.4.5|1.2.3.256|01.2.3.4|0x1.2.3.4|1.2.3.4 |1.2.3.-4|:|:::|1::2::3|" +
    "::1%eth0|[::1]|::1:80:|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|::12345|::1.2.3|::g|a]@b:1|localhost";
  for (const text of texts.split("|")) assertEquals(canonicalAddress(text), undefined, text);
});

Deno.test("addressOfBytes() gives the same spelling", () => {
  assertEquals(addressOfBytes(Uint8Array.of(192, 0, 2, 1)), "192.0.2.1");
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const property = fc.property(bytes, (bytes) => {
    const address = addressOfBytes(bytes);
    assertEquals(canonicalAddress(address), address);
    const isMapped = !address.includes(":");
    assertEquals(addressOfBytes(bytes.slice(isMapped ? 12 : 0)), address);
  });
  const mapped = Uint8Array.of(...Array(10).fill(0), 0xff, 0xff, 192, 0, 2, 1);
  fc.assert(property, { seed: 20261127, numRuns: 500, examples: [[mapped]] });
});
