import { assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { writeRequestHead } from "../../lib/http/request.ts";
import { seededRandom } from "../support/random.ts";
import { type Conversation, readRequests, readResponses } from "./conversation.ts";
import { mutated, randomSplits, REQUESTS, RESPONSES } from "./mutator.ts";

/** How the cases of a run ended. */
export interface Tally {
  cases: number;
  /** Messages that were understood. */
  understood: number;
  /** Conversations that ended with a ProtocolError. */
  refused: number;
}

/**
 * Reads mutated messages, half of them requests, and asserts for each that nothing is thrown but
 * ProtocolError, that it reads the same however it is split, and that a request head which was
 * understood reads the same when our writer has written it.
 *
 * @throws {Error} for the first case that fails, with its bytes and what to run to see it again
 */
export function fuzz(seed: number, cases: number): Tally {
  const tally = { cases: 0, understood: 0, refused: 0 };
  const random = seededRandom(seed);
  for (; tally.cases < cases; tally.cases++) {
    const isRequest = random() < 0.5;
    const raw = mutated(isRequest ? REQUESTS : RESPONSES, random);
    const splits = randomSplits(raw.length, random);
    try {
      const { messages, end } = isRequest ? tryRequests(raw, splits) : tryResponses(raw, splits);
      tally.understood += messages.length;
      if (typeof end === "object") tally.refused++;
    } catch (cause) {
      const again = `--seed=${seed}, case ${tally.cases}`;
      throw new Error(`${again}: ${JSON.stringify(raw)} split at ${splits}`, { cause });
    }
  }
  return tally;
}

function tryRequests(raw: string, splits: readonly number[]): Conversation {
  const bytes = encodeLatin1(raw);
  const conversation = readRequests(bytes);
  assertEquals(readRequests(bytes, splits), conversation, "split");
  for (
    const { startLine: [method, target, version], fieldLines, content } of conversation.messages
  ) {
    const hasObsText = fieldLines.some(([, value]) => /[\x80-\xff]/.test(value));
    if (version !== "1.1" || content !== "" || hasObsText) continue; // We write ASCII only.
    const written = writeRequestHead(method!, target!, fieldLines);
    const [again] = readRequests(encodeLatin1(written)).messages;
    if (again === undefined) continue; // It announced a body, which is not written here.
    assertEquals([again.startLine, again.fieldLines], [[method, target, version], fieldLines]);
  }
  return conversation;
}

function tryResponses(raw: string, splits: readonly number[]): Conversation {
  const bytes = encodeLatin1(raw);
  const conversation = readResponses(bytes);
  assertEquals(readResponses(bytes, splits), conversation, "split");
  readResponses(bytes, splits, "HEAD");
  return conversation;
}
