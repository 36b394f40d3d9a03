import {
  HandshakeError,
  HostUnreachableError,
  LocalError,
  NetworkError,
  networkError,
  UnknownHostError,
} from "../../lib/net/network_error.ts";
import { assertEquals, assertInstanceOf } from "@std/assert";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code} (os error 1)`), { code });
}

function lookupError(text: string): Error {
  return new Error(`failed to lookup address information: ${text}`);
}

Deno.test("networkError() tells what is wrong on this side from what is wrong with the peer", () => {
  const local = [
    "EACCES",
    "EADDRNOTAVAIL",
    "EMFILE",
    "ENETDOWN",
    "ENETUNREACH",
    "ENOBUFS",
    "EPERM",
  ];
  for (const code of local) {
    const error = networkError(systemError(code));
    assertInstanceOf(error, LocalError, code);
    assertEquals(error.isLasting, false);
  }
  assertInstanceOf(networkError(systemError("EHOSTUNREACH")), HostUnreachableError);
  const missing = networkError(new Deno.errors.NotCapable("Requires net access"));
  assertEquals(missing instanceof LocalError && missing.isLasting, true);
  for (const error of [new Deno.errors.ConnectionRefused(), new Deno.errors.ConnectionReset()]) {
    assertEquals(networkError(error) instanceof LocalError, false);
  }
});

Deno.test("networkError() takes a name that does not exist for an answer, and all else for none", () => {
  for (const text of ["Name or service not known", "No address associated with hostname"]) {
    assertInstanceOf(networkError(lookupError(text)), UnknownHostError, text);
  }
  for (const text of ["Temporary failure in name resolution", "System error", "Try again"]) {
    assertInstanceOf(networkError(lookupError(text)), LocalError, text);
  }
});

Deno.test("networkError() keeps an error that is one already", () => {
  const error = new NetworkError("the connection was lost");
  assertEquals(networkError(error), error);
});

Deno.test("HandshakeError says that a certificate is that of an authority, as openssl makes them", () => {
  const text = "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))";
  const cause = new NetworkError("x", { cause: new Deno.errors.InvalidData(text) });
  const { message, isRefusal } = new HandshakeError(cause);
  assertEquals(message, "its certificate is that of an authority (CA:TRUE), not of a server");
  assertEquals(isRefusal, true);
});
