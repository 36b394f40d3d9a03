import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { CommandError } from "../../lib/cli/command.ts";
import {
  ADDED_FIELD,
  CAN_LISTEN_BESIDE,
  listen,
  tryListening,
} from "../../lib/process/listener.ts";
import { withPatched } from "../support/patched.ts";
import { SERVER } from "../support/tls.ts";

/** What the system may answer to listening, and what the user is told then. */
const ERRORS: readonly (readonly [Error, string])[] = [
  [new Deno.errors.AddrInUse(), "port 80 is taken: choose another with --port; 0 takes any free"],
  [new Deno.errors.PermissionDenied(), "port 80 is for privileged users: choose one from 1024"],
  [new Deno.errors.NotCapable(), "there is no permission to listen: run it with --allow-net"],
  [new Deno.errors.AddrNotAvailable(), "--host=192.0.2.1 is no address of this machine"],
  [new Error("no such name"), "cannot listen on --host=192.0.2.1, port 80: no such name"],
];

Deno.test("listen() says what to do when the system refuses", async () => {
  for (const [error, message] of ERRORS) {
    const failing = () => () => {
      throw error;
    };
    await withPatched(Deno, "listen", failing, () => {
      const { exitStatus } = assertThrows(() => listen("192.0.2.1", 80), CommandError, message);
      assertEquals(exitStatus, 1);
    });
  }
});

Deno.test("listen() names the options by which the user chose the address", () => {
  using taken = listen("127.0.0.1", 0);
  const names = { host: "--admin", port: "--admin" };
  const { port } = taken.addr;
  const message = `port ${port} is taken: choose another with --admin; 0 takes any free one`;
  assertThrows(() => listen("127.0.0.1", port, undefined, names), CommandError, message);
});

Deno.test("listen() takes any free port for 0", () => {
  using listener = listen("127.0.0.1", 0);
  assertThrows(() => listen("127.0.0.1", listener.addr.port), CommandError, "is taken");
});

Deno.test("listen() shares a port only with sockets that share it as well", {
  ignore: !CAN_LISTEN_BESIDE,
}, () => {
  const share = (port: number) => listen("127.0.0.1", port, undefined, undefined, true);
  using first = share(0);
  const { port } = first.addr;
  share(port).close();
  assertThrows(() => listen("127.0.0.1", port), CommandError, `port ${port} is taken: choose`);
  using alone = listen("127.0.0.1", 0);
  const message = "is taken by a process without --share-port, or of another user: choose";
  assertThrows(() => share(alone.addr.port), CommandError, message);
});

Deno.test("tryListening() opens no socket at a shared port, whose clients would be lost", async () => {
  const ports: number[] = [];
  const patch = (open: typeof Deno.listen) => (options: { port: number }) => {
    ports.push(options.port);
    return open({ ...options, hostname: "127.0.0.1" });
  };
  await withPatched(Deno, "listen", patch, () => {
    using taken = listen("127.0.0.1", 0);
    const { port } = taken.addr;
    const address = { host: "127.0.0.1", port };
    assertThrows(() => tryListening({ ...address, "share-port": false }), CommandError, "is taken");
    if (CAN_LISTEN_BESIDE) tryListening({ ...address, "share-port": true });
    assertEquals(ports.slice(1), CAN_LISTEN_BESIDE ? [port, 0] : [port]);
  });
});

Deno.test("listen() names a key that cannot be used, and not the address", async () => {
  const cert = await Deno.readTextFile(SERVER.cert);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const key = `${privateKey.export({ type: "pkcs8", format: "pem" })}`;
  const listening = () =>
    listen("127.0.0.1", 0, { cert, key, keyFile: "small.pem", validFrom: 0, expiresAt: 0 });
  const { exitStatus, message } = assertThrows(listening, CommandError);
  assertEquals(exitStatus, 2);
  assertMatch(message, /^--tls-key=small\.pem is a key that Deno cannot use: RSA of 2048 bits/);
});

Deno.test("ADDED_FIELD reads a name and a value", () => {
  const rows = [
    ["Name: value", ["Name", "value"]],
    ["Name:value", ["Name", "value"]],
    ["X-A: \t b c ", ["X-A", "b c"]],
    ["X-Colon: a:b", ["X-Colon", "a:b"]],
    ["X-Empty:", ["X-Empty", ""]],
    ["Access-Control-Allow-Origin: *", ["Access-Control-Allow-Origin", "*"]],
  ] as const;
  for (const [text, line] of rows) assertEquals(ADDED_FIELD.parse(text), line, text);
});

Deno.test("ADDED_FIELD refuses what could not be sent, and what the server sends itself", () => {
  const refused = [
    ["Name", ": value", "Na me: value", "Name : value", "Näme: value", "Name: välue", "a\r\nb: c"],
    ["Name: a\r\nb", "Name: a\nSet-Cookie: b", "Name: \0", "Name: €"],
    ["Content-Length: 5", "content-length: 5", "Transfer-Encoding: chunked", "Connection: close"],
    ["DATE: now", "Content-Type: a/b", 'ETag: "a"', "Last-Modified: now", "Location: /"],
    ["Trailer: a", "Upgrade: h2c", "Keep-Alive: 5", "Content-Range: a", "Content-Encoding: br"],
    [
      "Accept-Ranges: none",
      "Cache-Control: no-store",
      "Repr-Digest: sha-256=:YQ==:",
      "Endpoint-Load-Metrics: x",
    ],
  ].flat();
  for (const text of refused) assertEquals(ADDED_FIELD.parse(text), undefined, text);
});
