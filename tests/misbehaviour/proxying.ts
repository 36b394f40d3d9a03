import { FakeProxy } from "../support/fake_proxy.ts";
import { randomInteger } from "../support/random.ts";
import type { PlannedProxy } from "./plan.ts";

/** The share of connections that a proxy ends in the middle, if it does that. */
const CUT_SHARE = 0.2;

/** Starts a proxy as planned; undefined for none. */
export function startProxy(
  kind: PlannedProxy,
  length: number,
  random: () => number,
): FakeProxy | undefined {
  if (kind === "none") return undefined;
  const proxy = new FakeProxy();
  if (kind === "cuts") {
    proxy.drawMostBytes = () => random() < CUT_SHARE ? randomInteger(random, length + 1) : Infinity;
  }
  return proxy;
}
