/**
 * The ways to choose servers, by the names that users give.
 *
 * @module
 */

import { ExpectedPolicy } from "./policies/expected.ts";
import { RankPolicy } from "./policies/rank.ts";
import { RendezvousPolicy } from "./policies/rendezvous.ts";
import { RoundRobinPolicy } from "./policies/round_robin.ts";
import { SpeedPolicy } from "./policies/speed.ts";
import type { Policy } from "./policy.ts";

/**
 * Makes each, for one chooser among `parts` that share the clients evenly, 1 unless it is told. A
 * new one is a file in `policies/` and a line here.
 */
export const POLICIES = {
  rank: (_parts?: number): Policy => new RankPolicy(),
  speed: (): Policy => new SpeedPolicy(),
  expected: (parts?: number): Policy => new ExpectedPolicy(parts),
  "round-robin": (): Policy => new RoundRobinPolicy(),
  client: (): Policy => new RendezvousPolicy(({ client }) => client),
  path: (): Policy => new RendezvousPolicy(({ target }) => target),
};

/** The name of a policy. */
export type PolicyName = keyof typeof POLICIES;

/** All names. */
export const POLICY_NAMES = Object.keys(POLICIES) as readonly PolicyName[];
