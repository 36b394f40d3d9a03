import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { duration } from "../../lib/cli/option.ts";
import { metricsPieces } from "../../lib/balancing/admin/metrics.ts";
import { farmStatus, filesStatus, serverStatus } from "../balancing/admin/made_up_farm.ts";
import { eventually } from "../support/children.ts";
import { fileServer } from "../support/file_server.ts";
import { run } from "../support/process.ts";
import { PROJECT } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { deployed, statusOf } from "./deployed.ts";
import {
  DEPLOYMENT_FILES,
  type DeploymentFile,
  deploymentText,
  manifestsOf,
  settingOf,
} from "./deployment_files.ts";

const SRV_ENTRY = "srv:_http._tcp.files.default.svc.cluster.local";

for (const [name, language] of Object.entries(DEPLOYMENT_FILES)) {
  Deno.test(`README.md shows ${name} as it is`, async () => {
    const readme = await Deno.readTextFile(join(PROJECT, "tests", "deployment", "README.md"));
    const text = await deploymentText(name as DeploymentFile);
    const isShown = readme.includes(`\`\`\`${language}\n${text}\`\`\`\n`);
    assert(
      isShown,
      `tests/deployment/README.md has no block of ${language} that is equal to ${name}`,
    );
  });
}

Deno.test("balancer.service starts a balancer, and its reload reads the list again", async () => {
  const unit = await deploymentText("balancer.service");
  const [program, ...words] = settingOf(unit, "ExecStart")!.split(" ");
  assertMatch(program!, /\/deno$/);
  assertEquals(settingOf(unit, "ExecReload"), "/bin/kill -HUP $MAINPID");
  await using server = await fileServer({ "a.txt": "text" });
  await using lists = await TemporaryDirectory.with({ "servers.txt": server.role.authority });
  await using role = await deployed(words, {
    "/etc/balancer": lists.path,
    "/opt/balancer/": PROJECT,
  });
  assertEquals(await statusOf(`${role.balancer.origin}/a.txt`), 301);
  assertEquals(await statusOf(`${role.admin}/healthz`), 200);
  await lists.write("servers.txt", `${server.role.authority} drain\n`);
  role.balancer.process.signal("SIGHUP");
  await role.balancer.process.stderr.next(/"event":"reread","servers":1/);
  assertEquals(await statusOf(`${role.admin}/healthz`), 503);
});

Deno.test("handover.conf starts a balancer that keeps its state and shares its port", async () => {
  const conf = await deploymentText("handover.conf");
  const [, ...words] = settingOf(conf, "ExecStart")!.split(" ");
  const admin = words.find((word) => word.startsWith("--admin="))!.slice("--admin=".length);
  assertStringIncludes(settingOf(conf, "ExecStartPost")!, `http://${admin}/healthz`);
  await using server = await fileServer({ "a.txt": "text" });
  await using lists = await TemporaryDirectory.with({ "servers.txt": server.role.authority });
  await using states = await TemporaryDirectory.with();
  const changes = {
    "/etc/balancer": lists.path,
    "/var/lib/balancer": states.path,
    "/opt/balancer/": PROJECT,
  };
  await using first = await deployed(words, changes);
  await using second = await deployed(words, changes);
  assertEquals(await statusOf(`${first.admin}/healthz`), 200);
  await second.balancer.process.stderr.next(/"event":"state","reason":"shared"/);
});

Deno.test("Dockerfile copies all that the commands need", async () => {
  const lines = (await deploymentText("Dockerfile")).split("\n");
  await using image = await TemporaryDirectory.with();
  const copies = lines.filter((line) => line.startsWith("COPY ")).map((line) => line.split(" "));
  for (const [, ...names] of copies) {
    for (const name of names.slice(0, -1)) {
      await copy(join(PROJECT, name), image.join(name));
    }
  }
  const readme = await Deno.readTextFile(join(PROJECT, "tests", "deployment", "README.md"));
  const [, installed = ""] = /^cp -r (.+) \/opt\/balancer\/$/m.exec(readme) ?? [];
  assertEquals(
    installed.split(" ").sort(),
    copies.flatMap(([, ...names]) => names.slice(0, -1)).sort(),
    "README.md copies other files for systemd",
  );
  const entry = entryPointOf(lines);
  for (const name of ["server.ts", "balancer.ts"]) {
    const args = [...entry.slice(1), name, "--help"];
    const { code, stdout, stderr } = await run(Deno.execPath(), args, { cwd: image.path });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "Usage");
  }
});

/** What a Dockerfile has before the arguments of a container. */
function entryPointOf(lines: readonly string[]): string[] {
  const instruction = "ENTRYPOINT ";
  return JSON.parse(lines.find((it) => it.startsWith(instruction))!.slice(instruction.length));
}

/** Copies a file, or a directory with all that is in it. */
async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(join(from, name), join(to, name));
}

for (const name of ["balancer.yaml", "files.yaml"] as const) {
  Deno.test(`${name} has a Service and pods that belong together`, async () => {
    const { service, workload, container } = await manifestsOf(name);
    const { selector, template, serviceName } = workload.spec;
    assertEquals(selector.matchLabels, template.metadata.labels);
    assertEquals(service.spec.selector, template.metadata.labels);
    if (workload.kind === "StatefulSet") assertEquals(serviceName, service.metadata.name);
    assert(container.ports.some(({ name }) => name === service.spec.ports[0].targetPort));
  });

  Deno.test(`${name} lets pods live longer than their clients may take`, async () => {
    const { workload, container: { args } } = await manifestsOf(name);
    const ms = (option: string, byDefault: string) => {
      const given = args.find((it) => it.startsWith(`--${option}=`))?.split("=")[1];
      return duration(0).parse(given ?? byDefault)!;
    };
    const drainDelayMs = ms("drain-delay", "0s");
    const { terminationGracePeriodSeconds } = workload.spec.template.spec;
    assert(drainDelayMs > 0);
    assert(terminationGracePeriodSeconds * 1000 > ms("grace", "10s") + drainDelayMs);
  });
}

Deno.test("files.yaml lets nobody come from the moment on in which its pod is to end", async () => {
  const { container } = await manifestsOf("files.yaml");
  await using directory = await TemporaryDirectory.with({ "a.txt": "text" });
  const entry = entryPointOf((await deploymentText("Dockerfile")).split("\n"));
  const words = [...entry.slice(1), ...container.args];
  await using role = await deployed(words, { "/srv/files": directory.path });
  const { readinessProbe, livenessProbe } = container;
  const isReady = async () => await statusOf(`${role.admin}${readinessProbe.httpGet.path}`) === 200;
  assert(await isReady());
  role.balancer.process.signal("SIGTERM");
  await eventually(async () => !await isReady());
  assertEquals(await statusOf(`${role.admin}${livenessProbe.httpGet.path}`), 200);
  assertEquals(await statusOf(`${role.balancer.origin}/a.txt`), 200);
});

Deno.test("balancer.yaml asks DNS for what files.yaml makes known there", async () => {
  const { container } = await manifestsOf("balancer.yaml");
  const { service: { metadata, spec } } = await manifestsOf("files.yaml");
  assert(container.args.includes(SRV_ENTRY));
  const name = `_${spec.ports[0].name}._tcp.${metadata.name}.default.svc.cluster.local`;
  assertEquals(SRV_ENTRY, `srv:${name}`);
  assertEquals(spec.clusterIP, "None");
});

Deno.test("balancer.yaml keeps a balancer without servers alive, and lets nobody come", async () => {
  const { container } = await manifestsOf("balancer.yaml");
  const entry = entryPointOf((await deploymentText("Dockerfile")).split("\n"));
  const words = [...entry.slice(1), ...container.args];
  await using role = await deployed(words, { [SRV_ENTRY]: "127.0.0.1:1" });
  const { readinessProbe, livenessProbe } = container;
  assertEquals(await statusOf(`${role.admin}${readinessProbe.httpGet.path}`), 503);
  assertEquals(await statusOf(`${role.admin}${livenessProbe.httpGet.path}`), 200);
});

Deno.test("balancer.rules.yml names metrics that there are", async () => {
  const rules = await deploymentText("balancer.rules.yml");
  const servers = [serverStatus({ files: { lacking: 0, differing: 0, examples: [] } })];
  const metrics = [...metricsPieces(farmStatus(servers, { files: filesStatus() }))].join("");
  const names = rules.match(/balancer_\w+/g)!;
  assertEquals(names.length, 3);
  for (const name of names) assertStringIncludes(metrics, `# TYPE ${name} `);
});
