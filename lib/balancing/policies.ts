/**
 * The policies by name.
 *
 * @module
 */

import { ExpectedPolicy } from "./policies/expected.ts";
import { RankPolicy, SpeedPolicy } from "./policies/fixed_shares.ts";
import type { Policy } from "./policies/policy.ts";
import { RendezvousPolicy } from "./policies/rendezvous.ts";
import { RoundRobinPolicy } from "./policies/round_robin.ts";

/**
 * Creates a policy for one of `parts` choosers that share the clients evenly. A new policy is a
 * file in `policies/` and a line here.
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

/** The names of all policies. */
export const POLICY_NAMES = Object.keys(POLICIES) as readonly PolicyName[];
