import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { forwardedClient } from "../../lib/http/forwarded.ts";
import { canonicalAddress } from "../../lib/http/ip_address.ts";
import { FORWARDED, type ForwardedCase } from "../cases/forwarded.ts";
import { fieldsOf, fieldsWith } from "../support/field_lines.ts";
import { assertLinear } from "../support/growth.ts";
import { testRows } from "../support/rows.ts";

const PEER = "10.0.0.1";
const isTrusted = (address: string) => address.startsWith("10.") || address.startsWith("fd00:");

testRows("forwardedClient() believes what trusted proxies tell", FORWARDED, check);

function check({ raw, client, isSecure }: ForwardedCase): void {
  const found = forwardedClient(PEER, fieldsOf(raw), isTrusted);
  assertEquals(found, { address: client, isSecure });
}

Deno.test("forwardedClient() believes what a proxy adds, whatever a client sent before", () => {
  const junk = fc.stringMatching(/^[\x20-\x7e\t]{0,60}$/);
  const told = fc.constantFrom("for=192.0.2.43", 'for="192.0.2.43:80"', 'x="\\"";for=192.0.2.43');
  const forwarded = fc.property(junk, told, (before, added) => {
    for (const value of [`${before}, ${added}`, `${before}, ${added}, for=10.0.0.2`]) {
      const { address } = forwardedClient(PEER, fieldsWith([["Forwarded", value]]), isTrusted);
      assertEquals(address, "192.0.2.43");
    }
  });
  fc.assert(forwarded, { seed: 20261127, numRuns: 2000 });
  const older = fc.property(junk, (before) => {
    const fields = fieldsWith([["X-Forwarded-For", `${before}, 192.0.2.43, 10.0.0.2`]]);
    assertEquals(forwardedClient(PEER, fields, isTrusted).address, "192.0.2.43");
  });
  fc.assert(older, { seed: 20261127, numRuns: 2000 });
});

Deno.test("forwardedClient() gives only addresses, in one spelling", () => {
  const piece = fc.constantFrom(
    ...'for=|proto=https|,|;|"|\\|[|]|:|::1|_x|10.0.0.2| |1.2.3.4'.split("|"),
  );
  const value = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
  const property = fc.property(value, value, (forwarded, older) => {
    const lines = [["Forwarded", forwarded], ["X-Forwarded-For", older]] as const;
    for (const fields of [fieldsWith(lines), fieldsWith(lines.slice(1))]) {
      const { address } = forwardedClient(PEER, fields, isTrusted);
      assert(canonicalAddress(address) === address);
    }
  });
  fc.assert(property, { seed: 20261127, numRuns: 5000 });
});

Deno.test("forwardedClient() takes linear time", () => {
  for (const piece of ['"', "\\", ",", "a=b;", "for=10.0.0.2,", '\\"', "[", "1:"]) {
    const textOf = (length: number) => piece.repeat(Math.ceil(length / piece.length));
    for (const name of ["Forwarded", "X-Forwarded-For"]) {
      assertLinear(
        (value) => forwardedClient(PEER, fieldsWith([[name, value]]), isTrusted),
        textOf,
      );
    }
  }
});
