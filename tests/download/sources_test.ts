import { assert, assertEquals } from "@std/assert";
import { AttemptLog } from "../../lib/download/attempts.ts";
import { TryError } from "../../lib/download/download_error.ts";
import { Sources } from "../../lib/download/sources.ts";
import { parseTypedUri } from "../../lib/download/requests/target_uri.ts";

const uris = ["http://a/1", "http://b/2", "http://b/3"].map(parseTypedUri);
const failed = (server: string) => new TryError("network", server, "refused");

Deno.test("Sources begins at the best, then at those that have failed and were asked least", () => {
  const [sources, attempts] = [new Sources(uris), new AttemptLog()];
  const next = (busy?: ReadonlySet<string>) => sources.next(attempts, 1000, busy).href;
  assertEquals(next(), "http://a/1");
  assertEquals(next(new Set(["a:80"])), "http://b/2", "a server that is not busy");
  assertEquals(next(new Set(["a:80"])), "http://b/3", "another URL at the same server");
  attempts.fail(failed("a:80"), false);
  assertEquals(next(), "http://b/2", "one that has not failed");
  attempts.fail(failed("b:80"), false, 2000);
  assertEquals(next(), "http://a/1", "one that does not ask to be left alone");
  attempts.denyRange("a:80");
  attempts.fail(failed("a:80"), false, 3000);
  assertEquals(next(), "http://b/3", "one that does so for less long");
});

Deno.test("Sources drops all but the last", () => {
  const sources = new Sources(uris);
  assert(sources.hasOther("a:80") && sources.hasOther("b:80") && sources.hasOther("c:80"));
  assert(sources.drop(uris[0]!) && sources.drop(uris[1]!));
  assertEquals(sources.all, [uris[2]!]);
  assert(!sources.hasOther("b:80"));
  assert(!sources.drop(uris[2]!));
  assertEquals(sources.next(new AttemptLog(), 0), uris[2]!);
});
