/**
 * The files that README.md in this folder shows, as far as tests look at them: examples of running
 * the commands in earnest. Whether a cluster accepts the manifests cannot be tested here.
 *
 * @module
 */

import { join } from "@std/path";
import { parseAll } from "@std/yaml";
import { PROJECT } from "../support/role.ts";

/** By name: the language of its block in README.md. */
export const DEPLOYMENT_FILES = {
  "balancer.service": "ini",
  "handover.conf": "ini",
  "Dockerfile": "dockerfile",
  "files.yaml": "yaml",
  "balancer.yaml": "yaml",
  "prometheus.yml": "yaml",
  "balancer.rules.yml": "yaml",
} as const;

/** The name of one of them. */
export type DeploymentFile = keyof typeof DEPLOYMENT_FILES;

/** The text of one of them. */
export async function deploymentText(name: DeploymentFile): Promise<string> {
  return await Deno.readTextFile(join(PROJECT, "tests", "deployment", name));
}

/**
 * The last value of a setting of a systemd unit, lines that go on joined; undefined when it has none.
 */
export function settingOf(unit: string, name: string): string | undefined {
  const lines = unit.replaceAll(/\s*\\\n\s*/g, " ").split("\n");
  return lines.findLast((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** How a probe asks. */
export interface HttpProbe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

/** One container of a pod. */
export interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe: HttpProbe;
  readonly livenessProbe: HttpProbe;
}

/** A Deployment or a StatefulSet. */
export interface Workload {
  readonly kind: string;
  readonly spec: {
    readonly serviceName?: string;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [Container];
      };
    };
  };
}

/** A Service. */
export interface Service {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly clusterIP?: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly [
      { readonly name: string; readonly port: number; readonly targetPort: string },
    ];
  };
}

/** What one file sets up. */
export interface Manifests {
  readonly service: Service;
  readonly workload: Workload;
  readonly container: Container;
}

/**
 * Reads a file of one Service and one workload.
 *
 * @throws {Error} when it is no YAML
 */
export async function manifestsOf(name: DeploymentFile): Promise<Manifests> {
  const documents = parseAll(await deploymentText(name)) as readonly { kind: string }[];
  const service = documents.find(({ kind }) => kind === "Service") as unknown as Service;
  const workload = documents.find(({ kind }) => kind !== "Service") as unknown as Workload;
  return { service, workload, container: workload.spec.template.spec.containers[0] };
}
