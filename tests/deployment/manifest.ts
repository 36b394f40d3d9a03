/**
 * Kubernetes manifests, as far as tests look at them. Whether a cluster would take them is nothing
 * that can be seen here.
 *
 * @module
 */

import { parseAll } from "@std/yaml";
import { type DeploymentFile, deploymentText } from "./deployment_file.ts";

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
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: string[] } } };
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
