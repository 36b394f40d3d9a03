import { assertEquals, assertRejects } from "@std/assert";
import { readListText } from "../../../lib/balancing/list/list_text.ts";
import { UsageError } from "../../../lib/cli/command.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const NO_LIST = {
  path: "/none/servers.txt",
  load: () => Promise.reject(new Error("not asked for")),
};

Deno.test("readListText() reads a file that it may read, the built-in list included", async () => {
  await using directory = await TemporaryDirectory.with({ "servers.txt": "a:1\n" });
  const path = directory.join("servers.txt");
  for (const builtIn of [NO_LIST, { ...NO_LIST, path }]) {
    assertEquals(await readListText(path, builtIn), { text: "a:1\n", origin: "file" });
  }
});

Deno.test("readListText() reads UTF-16 where a mark says so, as shells of Windows write it", async () => {
  const units = new Uint16Array([..."\ufeffa:1 # é\r\n"].map((it) => it.charCodeAt(0)));
  const little = new Uint8Array(units.buffer);
  const big = little.map((_, i) => little[i ^ 1]!);
  await using directory = await TemporaryDirectory.with({ little, big, "empty": "" });
  const read = async (name: string) => (await readListText(directory.join(name), NO_LIST)).text;
  for (const name of ["little", "big"]) assertEquals(await read(name), "a:1 # é\r\n");
  assertEquals(await read("empty"), "");
});

Deno.test("readListText() says that the system denies a list", async () => {
  const original = Deno.stat;
  Deno.stat = () =>
    Promise.reject(
      Object.assign(new Deno.errors.PermissionDenied("os error 13"), { code: "EACCES" }),
    );
  try {
    await assertRejects(
      () => readListText("list.txt", NO_LIST),
      UsageError,
      "list.txt: permission to read it is denied",
    );
  } finally {
    Deno.stat = original;
  }
});

/** How an import of the list may fail, and the message that the user gets. */
const IMPORT_ERRORS: readonly (readonly [string, string])[] = [
  ['Module not found "file:///x/servers.txt".', "there is no such file"],
  ["[ERR_UNSUPPORTED_DIR_IMPORT] Directory import is not supported", "it is a directory"],
  ["Permission denied (os error 13)", "permission to read it is denied"],
];

Deno.test({
  name: "readListText() imports the built-in list where it may not read it",
  permissions: { read: false },
  async fn() {
    const path = "/x/servers.txt";
    const load = () => Promise.resolve({ default: "a:1" });
    assertEquals(await readListText(path, { path, load }), { text: "a:1", origin: "program" });
    for (const [message, expected] of IMPORT_ERRORS) {
      const error = Object.assign(new TypeError(message), { code: "ERR_MODULE_NOT_FOUND" });
      const load = () => Promise.reject(error);
      await assertRejects(() => readListText(path, { path, load }), UsageError, expected);
    }
  },
});

Deno.test({
  name: "readListText() names the permission that another list needs",
  permissions: { read: false },
  async fn() {
    const expected = "there is no permission to read list.txt: add --allow-read=list.txt";
    await assertRejects(() => readListText("list.txt", NO_LIST), UsageError, expected);
  },
});

Deno.test("readListText() reads a pipe once, and nothing without an end", async () => {
  if (Deno.build.os !== "linux") return;
  await assertRejects(() => readListText("/dev/null", NO_LIST, false), UsageError, "no file any");
  assertEquals(await readListText("/dev/null", NO_LIST), { text: "", origin: "pipe" });
  await assertRejects(() => readListText("/dev/zero", NO_LIST), UsageError, "too long for a list");
});
