/**
 * What may stand behind an entry of a list: `weight=N`, `drain` and `backup`.
 *
 * @module
 */

import { quote, refuse } from "./server_list_error.ts";

/** How much clients a server gets, and when. */
export interface ServerOptions {
  /** How much of a share it gets in comparison with others: positive, maybe a fraction. */
  readonly weight: number;
  /** Whether it gets no new clients, though it is tested. */
  readonly isDrained: boolean;
  /** Clients go to the servers of the lowest number that is available; 0 for most. */
  readonly priority: number;
}

/** What `backup` adds to a priority: more than DNS can, whose priorities have 16 bits. */
export const BACKUP_PRIORITY = 65536;

const HIGHEST_WEIGHT = 1000;

/**
 * Reads options in any order; without any, the weight and the priority are those of most servers.
 *
 * @param whole the entry, which errors quote
 * @throws {ServerListError} when a word is no mark, or a mark is given twice
 */
export function parseServerOptions(words: readonly string[], whole: string): ServerOptions {
  const options = { weight: 1, isDrained: false, priority: 0 };
  const seen = new Set<string>();
  for (const word of words) {
    const [name = "", ...values] = word.split("=");
    if (seen.has(name)) refuse(whole, `says ${quote(name)} twice`);
    seen.add(name);
    if (word === "drain") options.isDrained = true;
    else if (word === "backup") options.priority = BACKUP_PRIORITY;
    else if (name === "weight") options.weight = parseWeight(values.join("="), whole);
    else refuse(whole, `has ${quote(word)}, which is none of weight=N, drain and backup`);
  }
  return options;
}

function parseWeight(digits: string, whole: string): number {
  const weight = /^\d+$/.test(digits) ? Number(digits) : NaN;
  if (weight === 0) refuse(whole, "has the weight 0: write drain for a server to get no clients");
  if (!(weight <= HIGHEST_WEIGHT)) {
    refuse(whole, `has the weight ${quote(digits)}: write a number from 1 to ${HIGHEST_WEIGHT}`);
  }
  return weight;
}
