import { assert, assertEquals } from "@std/assert";
import { filePath, isServable } from "../../lib/files/file_path.ts";
import { PATHS } from "../cases/paths.ts";
import { contentOf, replyTo } from "../support/replies.ts";
import { checkRows } from "../support/live_rows.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

Deno.test("filePath() reads paths as the table has them, on each system", async () => {
  await checkRows(PATHS, ({ raw, means, system }) => {
    for (const isWindows of [false, true]) {
      if (system !== undefined && isWindows !== (system === "windows")) continue;
      const expected = typeof means === "number"
        ? { refusedWith: means }
        : { names: means.filter((name) => name !== ""), isDirectory: means.at(-1) === "" };
      assertEquals(filePath(raw, isWindows), expected);
    }
  });
});

Deno.test("FileServer sends the files that paths of the table mean, and nothing for others", async () => {
  const own = PATHS.filter(({ system }) =>
    system === undefined || (system === "windows") === (Deno.build.os === "windows")
  );
  await checkRows(own, async ({ raw, means }) => {
    await using root = await TemporaryDirectory.with({ "index.html": "index", a: "a" });
    const names = typeof means === "number" ? [] : means.map((it) => it || "index.html");
    if (names.length > 0) {
      await Deno.remove(root.join("a"));
      await root.write(names.join("/"), "found");
    }
    const reply = await replyTo(root.path, raw);
    const content = await contentOf(reply);
    if (typeof means === "number") assertEquals(reply.statusCode, means);
    else assertEquals([reply.statusCode, content], [200, "found"]);
  });
});

Deno.test("isServable() shows well-known URIs at the root, and no other name with a dot", () => {
  assert(isServable(".well-known", 0));
  assert(!isServable(".well-known", 1));
  for (const depth of [0, 1]) {
    assert(isServable("a", depth));
    for (const name of ["", ".", "..", ".git", ".well-known2", "a/b", "a\0"]) {
      assert(!isServable(name, depth), name);
    }
  }
});
