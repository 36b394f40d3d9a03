import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DownloadError } from "../../lib/download/download_error.ts";
import { openOutput } from "../../lib/download/output/open_output.ts";
import { answer, failing, fetchInto, HELLO, redirect, Site } from "../support/downloading.ts";
import { RawServer, resettingServer, socketPair } from "../support/raw_peer.ts";

Deno.test("download() refuses a redirect that leads nowhere", async () => {
  const refused: readonly [page: string, why: string][] = [
    [answer("301 Moved", ""), "has no Location"],
    [redirect(""), "empty Location"],
    [redirect("/a\r\nLocation: /b"), "more than one Location"],
    [redirect("ftp://a/"), "ftp: is not supported"],
    [redirect("file:///etc/passwd"), "file: is not supported"],
    [redirect("http://:80/"), "not a valid URL"],
  ];
  for (const [page, why] of refused) {
    await using site = RawServer.answering(page);
    const { message } = await failing("protocol", `http://127.0.0.1:${site.port}/`);
    assertStringIncludes(message, why);
  }
});

Deno.test("download() tells of every final response, also of a redirect that it refuses", async () => {
  for (const page of [answer("301 Moved", ""), redirect("ftp://a/"), redirect("")]) {
    await using site = RawServer.answering(page);
    const { responses } = await failing("protocol", `http://127.0.0.1:${site.port}/`);
    assertEquals(responses, ["301"]);
  }
});

Deno.test("download() saves nothing but the content of a 200", async () => {
  const others = ["404 Not Found", "500 ", "503 Service Unavailable", "206 Partial Content"];
  for (
    const status of [
      ...others,
      "201 Created",
      "300 Multiple Choices",
      "304 Not Modified",
      "204 No Content",
    ]
  ) {
    await using site = RawServer.answering(answer(status, "", status > "3" ? "" : "partial"));
    const { message, responses } = await failing("answer", `http://127.0.0.1:${site.port}/`);
    assertStringIncludes(message, `http://127.0.0.1:${site.port}/: ${status.slice(0, 3)} `);
    assertEquals(responses, [status.slice(0, 3)]);
  }
});

Deno.test("download() keeps nothing of an answer that is broken off or is none", async () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
  const broken: readonly [page: string, why: string][] = [
    [HELLO.slice(0, -1), "closed after 4 of 5 bytes"],
    [chunked, "closed after 5 bytes"],
    [`${chunked}zz\r\n`, "not HTTP/1.1"],
    ["", "without an answer"],
    ["HTTP/1.1 200 OK\r\nContent-Le", "in the middle of the head"],
    ["hello", "in the middle of the head"],
    ["SSH-2.0-OpenSSH_9.2\r\n", "not HTTP/1.1"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello", "not HTTP/1.1"],
  ];
  for (const [page, why] of broken) {
    await using site = RawServer.answering(page);
    const failure = why === "not HTTP/1.1" ? "protocol" : "network";
    const { message } = await failing(failure, `http://127.0.0.1:${site.port}/`);
    assertStringIncludes(message, `127.0.0.1:${site.port}: `);
    assertStringIncludes(message, why);
  }
  await using resetting = await resettingServer(HELLO.slice(0, -1));
  const { message } = await failing("network", `http://127.0.0.1:${resetting.port}/`);
  assertStringIncludes(message, "was reset");
});

Deno.test("download() says that a server cannot be reached", async () => {
  // The port of a connection: nobody can listen on it as long as that is open.
  const [ours, theirs] = await socketPair();
  const { port } = theirs.localAddr;
  const { message } = await failing("network", `http://127.0.0.1:${port}/`);
  assertEquals(message, `127.0.0.1:${port}: the connection was refused`);
  ours.close();
  theirs.close();
});

Deno.test("download() gives up a server that is silent for too long", async () => {
  await using site = new RawServer(async (peer) => {
    await peer.receiveUntil("\r\n\r\n");
    await peer.send(HELLO.slice(0, -1));
    await peer.receiveUntilLost();
  });
  const { message } = await failing("network", `http://127.0.0.1:${site.port}/`, {
    timeoutMs: 100,
  });
  assertStringIncludes(message, "nothing arrived for too long");
});

Deno.test("download() says that the file cannot be written", async () => {
  await using site = new Site({ "/a": HELLO });
  const output = await openOutput("/dev/full", { url: "http://a/", mayContinue: false });
  const url = `http://127.0.0.1:${site.port}/a`;
  const error = await assertRejects(() => fetchInto(output, url), DownloadError);
  assertEquals([error.failure, error.message], [
    "file",
    "cannot write /dev/full: no space left on the disk",
  ]);
});
