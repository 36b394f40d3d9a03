import { assertEquals } from "@std/assert";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { avoids } from "../../lib/balancing/redirector.ts";

const plain = parseServer("a:1");
const elsewhere = parseServer("a:2=https://Files.Example/pub");
const v6 = parseServer("[2001:DB8:0::A]:80");

function avoided(fieldValue: string): Server[] {
  const isExcluded = avoids(fieldValue);
  return [plain, elsewhere, v6].filter((server) => isExcluded?.(server) ?? false);
}

Deno.test("avoids() knows servers by host and port of their public URL, the port always", () => {
  assertEquals(avoided("a:1"), [plain]);
  assertEquals(avoided("files.example:443"), [elsewhere]);
  assertEquals(avoided("[2001:db8::a]:80"), [v6]);
  assertEquals(avoided("a:1,files.example:443 ,\t[2001:db8::a]:80"), [plain, elsewhere, v6]);
});

Deno.test("avoids() means nobody by a name that is not exactly one of theirs", () => {
  const near = ["a", "A:1", "a:01", "http://a:1", "a:1/", "a:1;x", '"a:1"', "*", "a:2", "a: 1"];
  const others = ["files.example", "files.example:80", "https://files.example/pub", "", ",,", "\0"];
  for (const value of [...near, ...others]) assertEquals(avoided(value), [], value);
});

Deno.test("avoids() reads no more than sixteen names and no long value at all", () => {
  const many = (count: number) => Array(count).fill("x:1").join(",");
  assertEquals(avoided(`${many(15)},a:1`), [plain]);
  assertEquals(avoided(`${many(16)},a:1`), []);
  assertEquals(avoids(`a:1,${"x".repeat(1020)}`)?.(plain), true);
  assertEquals(avoids(`a:1,${"x".repeat(1021)}`), undefined);
  assertEquals(avoids(",".repeat(30_000)), undefined);
});
