import { assert, assertEquals } from "@std/assert";
import { Chromium } from "../support/chromium.ts";
import { CuttingRelay } from "../support/cutting_relay.ts";
import { manyOctets } from "../support/farm.ts";
import { type ListeningRole, listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { wav } from "../support/wav.ts";

const SECONDS = 1000;
const LARGE = manyOctets(24 * 1024 * 1024);

/** Goes to 900 s, then to 300 s, and then says so by what it asks the server for. */
const PAGE = `<!DOCTYPE html>
<meta charset="utf-8">
<video id="film" preload="metadata" src="film.wav"></video>
<script>
const film = document.getElementById("film");
const positions = [900, 300];
film.onerror = () => fetch("/failed?" + film.error.message);
film.onloadedmetadata = () => film.currentTime = positions.shift();
film.onseeked = () => {
  const position = positions.shift();
  if (position !== undefined) film.currentTime = position;
  else fetch("/sought?" + [film.currentTime, film.duration, film.seekable.end(0)]);
};
</script>
`;

/** The parts of a file that a server sent, as its log has them, once it has ended. */
async function partsSentBy({ process }: ListeningRole, path: string): Promise<number> {
  process.signal("SIGTERM");
  await process.ended;
  return process.stdout.lines.filter((line) => line.includes(`"GET ${path} HTTP/1.1" 206 `)).length;
}

Deno.test("Chromium seeks in a film, and fetches what it needs of it", async () => {
  await using root = await TemporaryDirectory.with({ "page.html": PAGE, "film.wav": wav(SECONDS) });
  // At this rate all of it would take 40 s.
  await using server = await listeningRole("server", [root.path, "--limit-rate=1M"]);
  await using chromium = await Chromium.start();
  await chromium.command("Target.createTarget", { url: `${server.origin}/page.html` });
  const line = await server.process.stdout.next(/"GET \/(sought|failed)\?/);
  assert(line.includes(`/sought?300,${SECONDS},${SECONDS} `), line);
  await chromium[Symbol.asyncDispose]();
  assert(await partsSentBy(server, "/film.wav") >= 3, server.process.stdout.text);
});

Deno.test("Chromium goes on with a download where the connection ended", async () => {
  await using root = await TemporaryDirectory.with({ "large.bin": LARGE });
  await using server = await listeningRole("server", [root.path]);
  await using relay = new CuttingRelay(server.port, 10_000_000, 1);
  await using downloads = await TemporaryDirectory.with();
  await using chromium = await Chromium.start();
  await chromium.command("Browser.setDownloadBehavior", {
    behavior: "allow",
    downloadPath: downloads.path,
    eventsEnabled: true,
  });
  await chromium.command("Target.createTarget", { url: `${relay.origin}/large.bin` });
  const { state } = await chromium.event(
    "Browser.downloadProgress",
    ({ state }) => state !== "inProgress",
  );
  assertEquals(state, "completed");
  assertEquals(await downloads.read("large.bin"), LARGE);
  assertEquals(relay.cutsLeft, 0);
  await chromium[Symbol.asyncDispose]();
  assertEquals(await partsSentBy(server, "/large.bin"), 1);
});
