import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { CommandError } from "../../lib/cli/command.ts";
import { listen } from "../../lib/process/listener.ts";
import { SERVER } from "../support/tls.ts";

/** What the system may answer to listening, and what the user is told then. */
const ERRORS: readonly (readonly [Error, string])[] = [
  [
    new Deno.errors.AddrInUse(),
    "port 80 is taken: choose another with --port; 0 takes any free one",
  ],
  [new Deno.errors.PermissionDenied(), "port 80 is for privileged users: choose one from 1024"],
  [new Deno.errors.NotCapable(), "there is no permission to listen: run it with --allow-net"],
  [new Deno.errors.AddrNotAvailable(), "--host=192.0.2.1 is no address of this machine"],
  [new Error("no such name"), "cannot listen on --host=192.0.2.1, port 80: no such name"],
];

Deno.test("listen() says what to do when the system refuses", () => {
  const original = Deno.listen;
  try {
    for (const [error, message] of ERRORS) {
      Deno.listen = () => {
        throw error;
      };
      const { exitStatus } = assertThrows(() => listen("192.0.2.1", 80), CommandError, message);
      assertEquals(exitStatus, 1);
    }
  } finally {
    Deno.listen = original;
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

Deno.test("listen() names a key that cannot be used, and not the address", async () => {
  const cert = await Deno.readTextFile(SERVER.cert);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const key = `${privateKey.export({ type: "pkcs8", format: "pem" })}`;
  const listening = () => listen("127.0.0.1", 0, { cert, key, keyFile: "small.pem" });
  const { exitStatus, message } = assertThrows(listening, CommandError);
  assertEquals(exitStatus, 2);
  assertMatch(message, /^--tls-key=small\.pem is a key that Deno cannot use: RSA of 2048 bits/);
});
