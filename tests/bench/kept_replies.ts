// How long replies of some sizes take over a kept connection, by curl's clock, with TLS and without:
// a reply that leaves in several small segments waits 40 ms for an acknowledgement, unless Nagle's
// algorithm is off. What counts as small depends on the MTU: 65,536 on the loopback interface, and
// mostly 1500 elsewhere, which needs a network namespace (Linux, root).
//
//   deno task bench:replies [COUNT]

import { print } from "../../lib/log/console.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { AUTHORITY, SERVER, tlsOptions } from "../support/tls.ts";

const SIZES = [
  100,
  1000,
  10_000,
  16_000,
  17_000,
  20_000,
  30_000,
  60_000,
  66_000,
  100_000,
  1_000_000,
];

const count = Number(Deno.args[0] ?? 31);

if (Deno.env.has("IN_NAMESPACE")) {
  await measureAll();
} else {
  print("MTU of loopback; half of the replies within so many ms, nine of ten within");
  await measureAll();
  print("MTU 1500");
  const script = import.meta.filename!;
  const run = `ip link set lo mtu 1500 up && exec ${Deno.execPath()} run -A ${script} ${count}`;
  const { code } = await new Deno.Command("unshare", {
    args: ["--net", "sh", "-c", run],
    env: { IN_NAMESPACE: "1" },
    stdout: "inherit",
  }).spawn().status;
  if (code !== 0) Deno.exit(code);
}

async function measureAll(): Promise<void> {
  const files = SIZES.map((size) => [`${size}`, new Uint8Array(size)] as const);
  await using directory = await TemporaryDirectory.with(Object.fromEntries(files));
  for (const scheme of ["http", "https"]) {
    const options = scheme === "https" ? tlsOptions(SERVER) : [];
    const args = ["--log=none", ...options, directory.path];
    await using server = await listeningRole("server", args);
    for (const size of SIZES) {
      const times = await timesOf(`${scheme}://${server.authority}/${size}`);
      const ms = (part: number) => times.at(Math.ceil(part * times.length) - 1)!.toFixed(1);
      print(`${scheme} ${size} bytes: ${ms(0.5)} ms, ${ms(0.9)} ms`);
    }
  }
}

/** How long each of the replies took but the first, in ms, the shortest first. */
async function timesOf(url: string): Promise<number[]> {
  const { code, stdout } = await new Deno.Command("curl", {
    args: [
      "--silent",
      "--cacert",
      AUTHORITY,
      "--output",
      "/dev/null",
      "--write-out",
      "%{num_connects} %{http_code} %{time_total}\\n",
      `${url}?[0-${count}]`,
    ],
  }).output();
  const [, ...rows] = new TextDecoder().decode(stdout).trim().split("\n");
  const times = rows.map((row) => row.split(" ")).map(([connects, status, seconds]) => {
    if (connects !== "0" || status !== "200") throw new Error(`Not over one connection: ${rows}`);
    return Number(seconds) * 1000;
  });
  if (code !== 0 || times.length !== count) throw new Error(`curl ended with ${code}`);
  return times.sort((a, b) => a - b);
}
