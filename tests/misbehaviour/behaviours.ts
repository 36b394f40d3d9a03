import { type Fault, FAULTS } from "./faults.ts";
import type { Script } from "./scripted_server.ts";
import { UPRIGHT } from "./upright.ts";

/** A server that serves the right content. */
export type UprightName = keyof typeof UPRIGHT;

/** A server that does not; one that refuses connections needs no script, only a free port. */
export type FaultName = keyof typeof FAULTS | "refuses";

/** What a server of a farm is like. */
export type BehaviourName = UprightName | FaultName;

/** All servers that are right. */
export const UPRIGHT_NAMES = Object.keys(UPRIGHT) as UprightName[];

/** All that are not. */
export const FAULT_NAMES = ["refuses", ...Object.keys(FAULTS)] as FaultName[];

/** What a server does that has this name; undefined when nobody is to listen. */
export function scriptOf(name: BehaviourName): Script | undefined {
  if (name === "refuses") return undefined;
  return isUpright(name) ? UPRIGHT[name] : FAULTS[name];
}

/** Whether every download from such a server is right. */
export function isUpright(name: BehaviourName): name is UprightName {
  return Object.hasOwn(UPRIGHT, name);
}

/** How a client may end that finds nothing but such servers. */
export function exitStatusesOf(name: FaultName): readonly number[] {
  return name === "refuses" ? [3] : FAULTS[name].exitStatuses;
}

/** Whether a client cannot tell that such a server is wrong unless it knows the digest. */
export function needsDigest(name: BehaviourName): boolean {
  const fault: Fault | undefined = isUpright(name) || name === "refuses" ? undefined : FAULTS[name];
  return fault?.needsDigest === true;
}
