import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/cli/command.ts";
import { readCertificates, readText } from "../../lib/cli/option_file.ts";
import { run } from "../support/process.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const TEXT = "http://a/\u00fc\r\n";

/** A text as files have it. */
const ENCODED: Readonly<Record<string, Uint8Array>> = {
  plain: new TextEncoder().encode(TEXT),
  marked: new TextEncoder().encode(`\ufeff${TEXT}`),
  little: inUtf16(TEXT, true),
  big: inUtf16(TEXT, false),
};

function inUtf16(text: string, isLittle: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * (text.length + 1)));
  [...`\ufeff${text}`].forEach((it, i) => view.setUint16(2 * i, it.charCodeAt(0), isLittle));
  return new Uint8Array(view.buffer);
}

Deno.test("readText() reads UTF-8, and UTF-16 where a mark says so", async () => {
  await using directory = await TemporaryDirectory.with(ENCODED);
  for (const name of Object.keys(ENCODED)) {
    assertEquals(await readText("input", directory.join(name)), TEXT, name);
  }
});

Deno.test("readStandardInput() reads the same", async () => {
  const module = import.meta.resolve("../../lib/cli/option_file.ts");
  const source = `import { readStandardInput } from ${JSON.stringify(module)};
    console.log(JSON.stringify(await readStandardInput()));`;
  for (const bytes of Object.values(ENCODED)) {
    const stdin = ReadableStream.from([bytes]);
    const { stdout, stderr } = await run(Deno.execPath(), ["eval", source], { stdin });
    assertEquals(stdout, `${JSON.stringify(TEXT)}\n`, stderr);
  }
});

Deno.test("readText() and readCertificates() say what is wrong with a file", async () => {
  await using directory = await TemporaryDirectory.with({ none: "no certificate" });
  const none = directory.join("none");
  await assertRejects(() => readCertificates(none), UsageError, "holds no certificate in PEM");
  await assertRejects(() => readText("ca", directory.join("x")), UsageError, "x does not exist");
});
