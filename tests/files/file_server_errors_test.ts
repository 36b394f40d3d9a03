import { assert, assertEquals, assertRejects } from "@std/assert";
import { UnsteadyPathError } from "../../lib/files/root.ts";
import { withPatched } from "../support/patched.ts";
import { contentOf, fieldOf, replyTo, statusCodes } from "../support/replies.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

Deno.test("FileServer gives nothing outside the root, however it is asked for", async () => {
  await using outside = await TemporaryDirectory.with({ "secret.txt": "secret", "root/a": "a" });
  const root = outside.join("root");
  const targets = `/../secret.txt /..%2fsecret.txt /%2e%2e/secret.txt /a/../../secret.txt
    /..\\secret.txt /..%5csecret.txt /%2e%2e%5csecret.txt //secret.txt /..;/secret.txt /%00 /a%00
    /a%00.txt ${outside.join("secret.txt")} /${outside.join("secret.txt")}`.split(/\s+/);
  assertEquals(await statusCodes(root, targets), targets.map(() => 404));
  const malformed = ["/%c0%ae%c0%ae/secret.txt", "/%", "/%zz"];
  assertEquals(await statusCodes(root, malformed), [404, 400, 400]);
});

Deno.test("FileServer follows a link inside the root and none that leads out of it", async () => {
  const files = { "secret.txt": "s", "root/d/a.html": "inside", "root2/b": "secret" };
  await using outside = await TemporaryDirectory.with(files);
  const root = outside.join("root");
  const links: Readonly<Record<string, string>> = {
    "in.txt": "d/a.html",
    "in-absolute": `${root}/d/a.html`,
    "in-directory": "d",
    out: "../secret.txt",
    "out-absolute": outside.join("secret.txt"),
    "out-directory": "..",
    "out-sibling": "../root2",
    "out-and-in": "../root/d/a.html",
    "twice-out": "out",
    dangling: "nowhere",
    loop: "loop",
    "d/index.html": "../../secret.txt",
  };
  for (const [name, to] of Object.entries(links)) await Deno.symlink(to, `${root}/${name}`);
  const inside = ["/in.txt", "/in-absolute", "/in-directory/a.html", "/out-and-in"];
  assertEquals(await statusCodes(root, inside), [200, 200, 200, 200]);
  const targets = ("/out /out-absolute /out-directory/secret.txt /out-directory/ /out-directory " +
    "/out-sibling/b /out-sibling /twice-out /dangling /loop /loop/a /d/").split(" ");
  assertEquals(await statusCodes(root, targets), targets.map(() => 404));
  const linked = await replyTo(root, "/in.txt");
  assertEquals(await contentOf(linked), "inside");
  assert(fieldOf(linked, "Content-Type")?.startsWith("text/plain"), "the name asked for decides");
});

Deno.test("FileServer answers 404 for what is not there", async () => {
  const files = { a: "a", "d/b": "b", ".hidden": "h", ".d/a": "a" };
  await using root = await TemporaryDirectory.with(files);
  const targets = "/b /A /a/ /a/b /d/a /x/y/z /.hidden /.d/a /d//a //b".split(" ");
  targets.push(`/${"a".repeat(300)}`, `/${"a/".repeat(3000)}`);
  assertEquals(await statusCodes(root.path, targets), targets.map(() => 404));
});

Deno.test({
  name: "FileServer answers 404 for links to names that are no UTF-8",
  ignore: Deno.build.os !== "linux", // Others have no such names.
  fn: async () => {
    await using root = await TemporaryDirectory.with({ "a.txt": "a", "d/b": "b" });
    const script = 'cd "$0" && n=$(printf "caf\\351") && echo 1 >"$n.txt" && mkdir "$n" && ' +
      'echo 2 >"$n/a" && ln -s "$n.txt" l && ln -s "$n" ld && ln -s "../$n.txt" d/index.html';
    const { success } = await new Deno.Command("sh", { args: ["-c", script, root.path] }).output();
    assert(success);
    const targets = ["/l", "/ld", "/ld/", "/ld/a", "/d/", "/d/index.html", "/l?", "//l"];
    assertEquals(await statusCodes(root.path, targets), targets.map(() => 404));
    const list = await contentOf(await replyTo(root.path, "/", "", { isListing: true }));
    assert(list.includes(">a.txt<") && !list.includes(">l<"), list);
  },
});

Deno.test("FileServer opens nothing that is not a regular file", async () => {
  await using root = await TemporaryDirectory.with();
  // To open a pipe that nobody writes to would wait for ever.
  const { success } = await new Deno.Command("mkfifo", { args: [root.join("pipe")] }).output();
  assert(success);
  await Deno.symlink("pipe", root.join("link"));
  using _socket = Deno.listen({ transport: "unix", path: root.join("socket") });
  assertEquals(await statusCodes(root.path, ["/pipe", "/link", "/socket"]), [404, 404, 404]);
});

/** Runs with a Deno.realPath that fails so: as root, there is no file that may not be read. */
async function withFailing(error: Error, run: () => Promise<void>): Promise<void> {
  await withPatched(Deno, "realPath", () => () => Promise.reject(error), run);
}

function systemError(code: string): Error {
  return Object.assign(new Error(`Something about /a/secret/path (${code})`), { code });
}

Deno.test("FileServer answers by the error when a file cannot be found", async () => {
  await using root = await TemporaryDirectory.with();
  const errors = [
    [new Deno.errors.PermissionDenied("/a/secret/path"), 403],
    [new Deno.errors.NotCapable("/a/secret/path"), 403],
    [new Deno.errors.NotFound("/a/secret/path"), 404],
    [new UnsteadyPathError("/a/secret/path"), 503],
    [systemError("EMFILE"), 503],
    [systemError("ENFILE"), 503],
  ] as const;
  for (const [error, statusCode] of errors) {
    await withFailing(error, async () => {
      const reply = await replyTo(root.path, "/a");
      assertEquals(reply.statusCode, statusCode, `${error}`);
      assertEquals(fieldOf(reply, "Retry-After"), statusCode === 503 ? "1" : undefined);
      assert(!(await contentOf(reply)).includes("secret"), "the system's words get out");
    });
  }
  await withFailing(systemError("EIO"), async () => {
    await assertRejects(() => replyTo(root.path, "/a"), Error, "EIO");
  });
});

Deno.test({
  name: "FileServer answers 403 where Deno was not allowed to read",
  permissions: { read: false },
  fn: async () => assertEquals(await statusCodes("/", ["/", "/etc/passwd"]), [403, 403]),
});
