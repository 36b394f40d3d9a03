import { assertEquals } from "@std/assert";
import { finished, Process } from "../support/process.ts";
import { seededRandom } from "../support/random.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { answerWhole } from "./answering.ts";
import { type BehaviourName, scriptOf } from "./behaviours.ts";
import { type Content, drawContent, othersOf } from "./content.ts";
import { sha256Of } from "./digest.ts";
import { OURS } from "./downloader.ts";
import { type Script, ScriptedServer, type ServerOptions } from "./scripted_server.ts";

const LENGTH = 200_000;

/** What the servers of a farm are like once they have passed the balancer's test; one is upright. */
const FARMS: readonly (readonly BehaviourName[])[] = [
  ["refuses", "refuses", "upright"],
  ["404", "503 without Retry-After", "upright"],
  ["short body", "resets in the content", "has no ranges"],
  ["stalls", "range of other content", "upright"],
  ["redirects to itself", "is no HTTP", "sends chunks"],
  ["other content under the same ETag", "short body", "upright"],
];

for (const names of FARMS) {
  Deno.test(`client ends right behind our balancer, of servers that are: ${names.join(", ")}`, async () => {
    const content = await drawContent(seededRandom(1), LENGTH);
    const options = { content, others: await othersOf(content), brink: LENGTH / 3 };
    await using stack = new AsyncDisposableStack();
    const servers = await Promise.all(names.map((name) => start(name, options)));
    for (const server of servers) stack.use(server);
    const authorities = servers.map(({ authority }) => authority);
    await using balancer = await listeningRole("balancer", authorities);
    for (const [i, name] of names.entries()) {
      if (name === "refuses") await servers[i]![Symbol.asyncDispose]();
    }
    await assertDownload(`${balancer.origin}/file.bin`, content);
  });
}

/** A server that passes the balancer's test, whatever else it does. */
async function start(name: BehaviourName, options: ServerOptions): Promise<ScriptedServer> {
  const script: Script = scriptOf(name) ?? { answer: () => Promise.resolve("ends") };
  return await ScriptedServer.start({
    ...script,
    answer: (scene) =>
      scene.request.target === "/test.bin" ? answerWhole(scene) : script.answer(scene),
  }, options);
}

async function assertDownload(url: string, { sha256 }: Content): Promise<void> {
  await using directory = await TemporaryDirectory.with();
  const wanted = { url, name: "file.bin", sha256 };
  const command = OURS.command({ ...wanted, isServable: true, isContinued: false });
  await using client = new Process(command[0]!, command.slice(1), { cwd: directory.path });
  const { code, stderr } = await finished(client);
  assertEquals(code, 0, stderr);
  assertEquals(await directory.names(), ["file.bin"]);
  assertEquals(await sha256Of(directory, "file.bin"), sha256, stderr);
}
