import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { deployed, statusOf } from "../deployment/deployed.ts";
import {
  type DeploymentFile,
  deploymentText,
  manifestsOf,
} from "../deployment/deployment_files.ts";
import { Dnsmasq } from "../support/dnsmasq.ts";
import { fileServer } from "../support/file_server.ts";
import { run } from "../support/process.ts";
import { PROJECT } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** What a rule of balancer.rules.yml says in a made-up world. */
const RULE_TESTS = `rule_files: [balancer.rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: balancer_unavailable_answers_total{instance="b:9000"}
        values: "0x20 1 4 9"
      - series: balancer_server_state{instance="b:9000", server="s:8000", state="out"}
        values: "0 1x30"
      - series: balancer_server_files_differing{instance="b:9000", server="s:8000"}
        values: "0 4x40 0 3x70 0"
      - series: balancer_server_files_differing{instance="b:9000", server="t:8000"}
        values: "0x120"
    alert_rule_test:
      - { eval_time: 14m, alertname: ServerOut, exp_alerts: [] }
      - { eval_time: 14m, alertname: ClientsTurnedAway, exp_alerts: [] }
      - eval_time: 17m
        alertname: ServerOut
        exp_alerts:
          - exp_labels: { instance: "b:9000", server: "s:8000", state: out }
            exp_annotations:
              summary: s:8000 gets no clients; its reason is at /status.json
      - eval_time: 23m
        alertname: ClientsTurnedAway
        exp_alerts:
          - exp_labels: { instance: "b:9000" }
            exp_annotations:
              summary: b:9000 tells clients that no server is available
      - { eval_time: 41m, alertname: FilesDiffer, exp_alerts: [] }
      - { eval_time: 102m, alertname: FilesDiffer, exp_alerts: [] }
      - eval_time: 104m
        alertname: FilesDiffer
        exp_alerts:
          - exp_labels: { instance: "b:9000", server: "s:8000" }
            exp_annotations:
              summary: s:8000 has other versions of 3 files; examples are at /status.json
      - { eval_time: 114m, alertname: FilesDiffer, exp_alerts: [] }
`;

async function directoryWith(
  ...names: readonly DeploymentFile[]
): Promise<TemporaryDirectory> {
  const directory = await TemporaryDirectory.with();
  for (const name of names) await directory.write(name, await deploymentText(name));
  return directory;
}

Deno.test("systemd finds nothing to say of balancer.service, and little that it may do", async () => {
  await using directory = await directoryWith("balancer.service");
  const unit = directory.join("balancer.service");
  const text = await deploymentText("balancer.service");
  await directory.write("balancer.service", text.replace("/usr/local/bin/deno", Deno.execPath()));
  const verified = await run("systemd-analyze", ["verify", unit]);
  assertEquals([verified.code, verified.stdout, verified.stderr], [0, "", ""]);
  const args = ["security", "--offline=true", "--threshold=20", unit];
  const { code, stdout } = await run("systemd-analyze", args);
  assertEquals(code, 0, stdout);
});

Deno.test("promtool takes prometheus.yml and its rules, which speak up when they should", async () => {
  await using directory = await directoryWith("prometheus.yml", "balancer.rules.yml");
  await directory.write("tests.yml", RULE_TESTS);
  for (
    const args of [
      ["check", "config", "prometheus.yml"],
      ["check", "rules", "balancer.rules.yml"],
      ["test", "rules", "tests.yml"],
    ]
  ) {
    const { code, stdout, stderr } = await run("promtool", args, { cwd: directory.path });
    assertEquals(code, 0, `${stdout}\n${stderr}`);
  }
});

Deno.test("balancer.yaml finds the servers that a cluster's DNS tells of, and those that come", async () => {
  await using first = await fileServer({ "a.txt": "text" });
  await using second = await fileServer({ "a.txt": "text" });
  const name = "_http._tcp.files.default.svc.cluster.local";
  // Names of pods cannot be looked up here: no host knows them but those of the cluster.
  const recordOf = (port: number) => `srv-host=${name},localhost,${port},0,50`;
  const local = "local=/cluster.local/";
  await using dnsmasq = await Dnsmasq.start([local, recordOf(first.role.port)]);
  const { container: { args } } = await manifestsOf("balancer.yaml");
  const words = ["run", "--cached-only", "--no-prompt", "--allow-net", ...args];
  await using role = await deployed([...words, `--resolver=${dnsmasq.authority}`], {
    "--interval=10s": "--interval=1s",
    "balancer.ts": join(PROJECT, "balancer.ts"),
  });
  const { process, origin } = role.balancer;
  assertStringIncludes(process.stderr.text, `"server":"localhost:${first.role.port}"`);
  assertEquals(await statusOf(`${role.admin}/healthz`), 200);
  await dnsmasq.change([local, recordOf(second.role.port)]);
  await process.stderr.next(new RegExp(`"available","server":"localhost:${second.role.port}"`));
  await process.stderr.next(/"event":"round"/);
  const response = await fetch(`${origin}/a.txt`);
  assert(response.url.startsWith(`http://localhost:${second.role.port}/`), response.url);
  assertEquals(await response.text(), "text");
});
