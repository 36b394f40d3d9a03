import { assertEquals, assertThrows } from "@std/assert";
import { PROXY_EXCEPTIONS } from "../../cases/proxy_exceptions.ts";
import { UsageError } from "../../../lib/cli/command.ts";
import { Fields } from "../../../lib/http/fields.ts";
import type { ResponseHead } from "../../../lib/http/response.ts";
import { Proxies, Proxy } from "../../../lib/download/requests/proxy.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";

for (const { text, server, isDirect } of PROXY_EXCEPTIONS) {
  Deno.test(`NO_PROXY="${text}" ${isDirect ? "excepts" : "does not except"} ${server}`, () => {
    const proxies = new Proxies("http://proxy:1", { no_proxy: text });
    assertEquals(proxies.for(parseTypedUri(`http://${server}/`)) === undefined, isDirect);
  });
}

Deno.test("Proxies are those of the option, or of the scheme's variable, or of ALL_PROXY", () => {
  const variables = { http_proxy: "u:1@one", https_proxy: "u:2@two", all_proxy: "u:3@three" };
  const userOf = (proxies: Proxies, url: string) =>
    proxies.for(parseTypedUri(url))?.fieldLines.map(([, value]) => atob(value.slice(6))).join();
  const rows: readonly [Proxies, http: string | undefined, https: string | undefined][] = [
    [new Proxies(undefined, variables), "u:1", "u:2"],
    [new Proxies("http://u:0@zero", variables), "u:0", "u:0"],
    [new Proxies(undefined, { all_proxy: variables.all_proxy }), "u:3", "u:3"],
    [new Proxies(undefined, { http_proxy: "", all_proxy: variables.all_proxy }), "u:3", "u:3"],
    [new Proxies(undefined, { https_proxy: variables.https_proxy }), undefined, "u:2"],
    [new Proxies(undefined, {}), undefined, undefined],
  ];
  for (const [proxies, http, https] of rows) {
    assertEquals(userOf(proxies, "http://a/"), http);
    assertEquals(userOf(proxies, "https://a/"), https);
  }
});

Deno.test("Proxy refuses what is none, and does not repeat it", () => {
  const refused = [
    "http://",
    "http://alice:s3cret@",
    "http://alice:s3cret@a:b",
    "http://alice:s3cret@a:0",
    "http://alice:s3cret@a:65536",
    "socks5://alice:s3cret@a",
    "file:///s3cret",
    "http://alice:s3cret%0a@a",
    "http://alice:s3cret\n@a",
    "http://al\rice:s3cret@a",
    "http://alice:s3\0cret@a",
    "alice:s3cret",
    "http://a b",
  ];
  for (const text of refused) {
    const { message } = assertThrows(() => new Proxy(text, "HTTP_PROXY"), UsageError, "HTTP_PROXY");
    assertEquals(/s3cret|\n/.test(message), false, message);
  }
});

Deno.test("Proxy has the port that is written, whatever stands around, or that of curl", () => {
  const rows: readonly [text: string, server: string][] = [
    ["a", "a:1080"],
    ["http://a", "a:1080"],
    ["http://a:", "a:1080"],
    ["http://a:80", "a:80"],
    ["http://u:21@a:21/x:1?y:1#z:1", "a:21"],
    ["http://u:80@a", "a:1080"],
    ["https://a", "a:443"],
    ["https://a:443/", "a:443"],
    ["https://a:80", "a:80"],
    ["HTTP://A:3128 \r\n", "a:3128"],
    [" a:3128\r", "a:3128"],
    ["[::1]:80", "[::1]:80"],
  ];
  const fields = new Fields([]);
  const answer: ResponseHead = { httpVersion: "1.1", statusCode: 407, reasonPhrase: "", fields };
  for (const [text, server] of rows) {
    const { message } = new Proxy(text, "HTTP_PROXY").refusalOf(answer)!;
    assertEquals(/^the proxy (\S+) /.exec(message)?.[1], server, text);
  }
});
