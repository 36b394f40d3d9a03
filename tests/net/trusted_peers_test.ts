import { assert, assertEquals, assertRejects } from "@std/assert";
import { TrustedPeers } from "../../lib/net/trusted_peers.ts";

/** Which of the addresses are trusted with these networks. */
async function trusted(cidrs: string, addresses: string): Promise<string> {
  const peers = await TrustedPeers.of(cidrs.split(" "));
  return addresses.split(" ").filter((address) => peers.isTrusted(address)).join(" ");
}

Deno.test("TrustedPeers trusts addresses in its networks", async () => {
  const rows = [
    ["10.0.0.0/8", "9.255.255.255 10.0.0.0 10.255.255.255 11.0.0.0 ::1", "10.0.0.0 10.255.255.255"],
    ["192.0.2.1", "192.0.2.0 192.0.2.1 192.0.2.2", "192.0.2.1"],
    ["192.0.2.128/25", "192.0.2.127 192.0.2.128", "192.0.2.128"],
    ["10.0.0.0/8 10.1.0.0/16 10.0.0.0/8", "10.1.0.1 11.0.0.1", "10.1.0.1"],
    ["0.0.0.0/0", "0.0.0.0 255.255.255.255 ::1", "0.0.0.0 255.255.255.255"],
    ["::/0", "::1 2001:db8::1 127.0.0.1", "::1 2001:db8::1"],
    ["2001:db8::/32", "2001:db7:ffff::1 2001:db8::1 2001:db9::", "2001:db8::1"],
    ["2001:DB8:0::1", "2001:db8::1 2001:db8::2", "2001:db8::1"],
    ["::ffff:10.0.0.0/104", "10.1.2.3 11.0.0.0", "10.1.2.3"],
    ["::ffff:192.0.2.1", "192.0.2.1 192.0.2.2", "192.0.2.1"],
    ["::ffff:0:0/96", "1.2.3.4 ::1", "1.2.3.4"],
  ] as const;
  for (const [cidrs, addresses, expected] of rows) {
    assertEquals(await trusted(cidrs, addresses), expected, cidrs);
  }
});

Deno.test("TrustedPeers refuses what is no network, and says why", async () => {
  const rows = [
    ["", '"" is no address or network'],
    ["10.0.0.0/", '"10.0.0.0/" is no address or network'],
    ["10.0.0.0/8/8", '"10.0.0.0/8/8" is no address or network'],
    ["10.0.0/8", '"10.0.0/8" is no address or network'],
    ["10/8", '"10/8" is no address or network'],
    ["010.0.0.0/8", '"010.0.0.0/8" is no address or network'],
    ["0xa.0.0.0/8", '"0xa.0.0.0/8" is no address or network'],
    ["10.0.0.0/-8", '"10.0.0.0/-8" is no address or network'],
    ["fe80::1%eth0", '"fe80::1%eth0" is no address or network'],
    ["[::1]", '"[::1]" is no address or network'],
    ["proxy.example", '"proxy.example" is no address or network'],
    ["10.0.0.0/33", '"10.0.0.0/33" has a prefix of more than 32 bits'],
    ["::/129", '"::/129" has a prefix of more than 128 bits'],
    ["10.1.2.3/8", '"10.1.2.3/8" has bits behind its prefix: write 10.0.0.0/8'],
    ["2001:db8::1/32", '"2001:db8::1/32" has bits behind its prefix: write 2001:db8::/32'],
    ["1.1.1.1/0", '"1.1.1.1/0" has bits behind its prefix: write 0.0.0.0/0'],
  ] as const;
  for (const [cidr, message] of rows) {
    const error = await assertRejects(() => TrustedPeers.of(["127.0.0.1", cidr]), SyntaxError);
    assertEquals(error.message, message);
  }
});

Deno.test("TrustedPeers answers the same for many addresses, again and again", async () => {
  const peers = await TrustedPeers.of(["10.0.0.0/16"]);
  for (let turn = 0; turn < 3; turn++) {
    for (let i = 0; i < 3000; i++) {
      assertEquals(peers.isTrusted(`10.${i & 1}.${i >> 8}.${i & 0xff}`), (i & 1) === 0);
    }
  }
  assert(peers.isTrusted("10.0.0.0"));
});
