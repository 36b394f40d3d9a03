import { fieldLine } from "../http/field_section.ts";
import type { Reply } from "../http/reply.ts";

/** The path of the performance-test file. */
const TEST_FILE_PATH = "/test.bin";
const TEST_FILE_BYTES = 1024 * 1024;

/** Whether a target in origin form means the performance-test file. */
export function isTestFile(target: string): boolean {
  return target === TEST_FILE_PATH || target.startsWith(`${TEST_FILE_PATH}?`);
}

/**
 * The built-in performance-test file: 1 MiB, the same on every server, and of no use to compress,
 * so that nothing on the way can make it smaller.
 */
export function testFile(): Reply {
  return {
    statusCode: 200,
    headerSection: fieldLine("Content-Type", "application/octet-stream"),
    content: content ??= noise(TEST_FILE_BYTES),
  };
}

let content: Uint8Array | undefined;

/** Octets of a xorshift generator (Marsaglia, 2003). */
function noise(length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = 0x2545f491;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
