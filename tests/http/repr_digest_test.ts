import { assertEquals } from "@std/assert";
import { acceptsSha256, reprDigest } from "../../lib/http/digest_fields.ts";

Deno.test("reprDigest() is a dictionary with the digest in base64 (RFC 9530 §3)", () => {
  const hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(reprDigest(hex), "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:");
});

/** Values of Want-Repr-Digest, and whether SHA-256 is sent. */
const WANTED: readonly (readonly [value: string | undefined, accepts: boolean, story: string])[] = [
  [undefined, true, "no field"],
  ["sha-256=0", false, "not acceptable"],
  ["sha-256=1", true, "least preferred"],
  ["sha-256=10", true, "most preferred"],
  ["sha-512=10, sha-256=0", false, "not acceptable among others"],
  ["sha-256=0,sha-512=3", false, "no space"],
  ["sha-256=0 \t,\t sha-512=3", false, "tabs around a comma (RFC 9651 §4.2.2)"],
  ["  sha-256=0  ", false, "spaces around all"],
  ["sha-512=10", true, "another one: it is only a hint"],
  ["sha-512=3, sha-256=10, unixsum=0", true, "the example of §4"],
  ["unixsum=5, md5=10", true, "unknown algorithms"],
  ["sha-256=3, sha-256=0", false, "the last of a key counts (RFC 9651 §4.2.2)"],
  ["sha-256=0, sha-256=3", true, "the last of a key counts"],
  ["sha-256=00", false, "an integer with leading zeros"],
  ["sha-256=-0", false, "minus zero"],
  ['sha-256=0;a;b=1;c="x, sha-256=5";d=:YQ==:', false, "parameters mean nothing"],
  ['md5=1;c="sha-256=0, sha-256=0"', true, "a string is no member"],
  ["", true, "empty"],
  ["sha-256", true, "a Boolean"],
  ["sha-256=?0", true, "another Boolean"],
  ["sha-256=0.0", true, "a decimal"],
  ['sha-256="0"', true, "a string"],
  ["sha-256=0,", true, "a comma at the end"],
  [",sha-256=0", true, "a comma at the start"],
  ["sha-256 =0", true, "a space before ="],
  ["sha-256= 0", true, "a space behind ="],
  ["SHA-256=0", true, "capitals, which no key has"],
  ["sha-256=0;", true, "a parameter without a key"],
  ["sha-256=0, md5=11", true, "a preference that is too high"],
  ["sha-256=0, md5=-1", true, "a preference that is too low"],
  ["sha-256=0, md5=(1 2)", true, "a list"],
  ["sha-256=0000000000000000", true, "more than 15 digits"],
  ["sha-256;q=0", true, "as Want-Digest (RFC 3230) had it"],
  ["garbage", true, "a key"],
  ["\u00e9=0", true, "no ASCII"],
];

Deno.test("acceptsSha256() reads Want-Repr-Digest, and ignores what is none (RFC 9530 §4)", () => {
  for (const [value, accepts, story] of WANTED) {
    assertEquals(acceptsSha256(value), accepts, `${story}: ${value}`);
  }
});
