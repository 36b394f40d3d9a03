/**
 * The files that README.md in this folder shows: examples of running the commands in earnest.
 *
 * @module
 */

import { join } from "@std/path";
import { PROJECT } from "../support/role.ts";

/** By name: the language of its block in README.md. */
export const DEPLOYMENT_FILES = {
  "balancer.service": "ini",
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
