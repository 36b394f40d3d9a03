import { assertEquals } from "@std/assert";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { connectTls, SERVER, tlsOptions } from "../support/tls.ts";

/** Fills a role that serves three connections at a time with kept ones; then more clients come. */
async function assertMakesRoom(
  connect: () => Promise<RawClient>,
  target: string,
): Promise<void> {
  using clients = new DisposableStack();
  const keptClient = async () => {
    const client = clients.use(await connect());
    assertEquals((await client.get(target)).head.split(" ")[0], "HTTP/1.1");
    return client;
  };
  const kept = [await keptClient(), await keptClient(), await keptClient()];
  await kept[0]!.get(target);
  const late = [await keptClient(), await keptClient()];
  assertEquals((await kept[1]!.rest()).length + (await kept[2]!.rest()).length, 0);
  for (const client of [kept[0]!, ...late]) await client.get(target);
}

for (const isEncrypted of [false, true]) {
  const options = ["--max-connections=3", ...(isEncrypted ? tlsOptions(SERVER) : [])];
  const scheme = isEncrypted ? "HTTPS" : "HTTP";
  const connect = async (port: number) =>
    isEncrypted ? RawClient.over(await connectTls(port)) : await RawClient.connect(port);

  Deno.test(`server closes the longest idle connections for new clients, ${scheme}`, async () => {
    await using directory = await TemporaryDirectory.with({ "a.txt": "text" });
    await using server = await listeningRole("server", [...options, directory.path]);
    await assertMakesRoom(() => connect(server.port), "/a.txt");
    server.process.signal("SIGTERM");
    assertEquals((await server.process.ended).code, 0);
    assertEquals(server.process.stderr.text, "");
  });

  Deno.test(`balancer closes the longest idle connections for new clients, ${scheme}`, async () => {
    await using farm = new FakeServer(answering("200 OK", "test"));
    const permissions = ["--allow-net=127.0.0.1", `--allow-read=${SERVER.cert},${SERVER.key}`];
    const args = [...options, farm.authority];
    await using balancer = await listeningRole("balancer", args, { permissions });
    await assertMakesRoom(() => connect(balancer.port), "/x");
  });
}
