import { locationOf } from "../cases/locations.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { testRequestTables } from "../support/request_tables.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** Whatever path a row asks for, there is no such file, or the path is none. */
testRequestTables("server", async () => {
  const root = await TemporaryDirectory.with();
  const server = await listeningRole("server", ["--log=none", root.path]);
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}, ({ statusCode }) => statusCode === 404 || statusCode === 400);

testRequestTables("balancer", async () => {
  const farm = new FakeServer(answering("200 OK", "test"));
  const balancer = await listeningRole("balancer", ["--log=none", farm.authority]);
  return {
    port: balancer.port,
    async [Symbol.asyncDispose]() {
      await balancer[Symbol.asyncDispose]();
      await farm[Symbol.asyncDispose]();
    },
  };
}, ({ statusCode, fields }, originForm) => {
  const location = fields.get("location") ?? "";
  const target = /^http:\/\/127\.0\.0\.1:[0-9]+(\/.*)$/.exec(location)?.[1];
  const expected = originForm && locationOf(originForm);
  return statusCode === 301 && target !== undefined && (target === expected || !expected);
});
