import { assertEquals } from "@std/assert";
import { NameClaims } from "../../lib/download/file_name.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

Deno.test("NameClaims gives each file to one claimant, however it is spelled", async () => {
  await using directory = await TemporaryDirectory.with({ "d/file": "" });
  await Deno.symlink("d", directory.join("e"));
  await Deno.symlink("file", directory.join("d/link"));
  const claims = new NameClaims();
  const rows: readonly [path: string, isFree: boolean][] = [
    ["d/file", true],
    ["d/file", false],
    ["e/file", false],
    ["d/link", false],
    ["d/../d/file", false],
    ["d/new", true],
    ["e/./new", false],
    ["no/where", true],
    ["no/where", false],
  ];
  for (const [path, isFree] of rows) {
    assertEquals(claims.claim(`${directory.path}/${path}`), isFree, path);
  }
  claims.release(`${directory.path}/e/new`);
  assertEquals(claims.claim(`${directory.path}/d/new`), true);
});
