import { assertEquals, assertRejects } from "@std/assert";
import { readServers } from "../../../lib/balancing/list/list_source.ts";
import { UsageError } from "../../../lib/command.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const NO_LIST = {
  path: "/none/servers.txt",
  load: () => Promise.reject(new Error("not asked for")),
};

Deno.test("readServers() joins servers and lists, and keeps one of duplicates", async () => {
  await using directory = await TemporaryDirectory.with({ "list.txt": "b:2\na:1\n" });
  const { servers, duplicates } = await readServers(["a:1", directory.join("list.txt")], NO_LIST);
  assertEquals(servers.map(({ authority }) => authority), ["a:1", "b:2"]);
  assertEquals(duplicates.map(({ authority }) => authority), ["a:1"]);
});

Deno.test("readServers() says that the system denies a list", async () => {
  const original = Deno.readTextFile;
  Deno.readTextFile = () =>
    Promise.reject(
      Object.assign(new Deno.errors.PermissionDenied("os error 13"), { code: "EACCES" }),
    );
  try {
    await assertRejects(
      () => readServers(["list.txt"], NO_LIST),
      UsageError,
      "list.txt: permission to read it is denied",
    );
  } finally {
    Deno.readTextFile = original;
  }
});

/** How an import of the list may fail, and what the user is told then. */
const IMPORT_ERRORS: readonly (readonly [string, string])[] = [
  ['Module not found "file:///x/servers.txt".', "there is no such file"],
  ["[ERR_UNSUPPORTED_DIR_IMPORT] Directory import is not supported", "it is a directory"],
  ["Permission denied (os error 13)", "permission to read it is denied"],
];

Deno.test({
  name: "readServers() imports the built-in list where it may not read it",
  permissions: { read: false },
  async fn() {
    const path = "/x/servers.txt";
    const load = () => Promise.resolve({ default: "a:1" });
    const { servers } = await readServers([path], { path, load });
    assertEquals(servers.map(({ authority }) => authority), ["a:1"]);
    for (const [message, told] of IMPORT_ERRORS) {
      const error = Object.assign(new TypeError(message), { code: "ERR_MODULE_NOT_FOUND" });
      const load = () => Promise.reject(error);
      await assertRejects(() => readServers([path], { path, load }), UsageError, told);
    }
  },
});
