import { htmlReply, type Reply, type Request } from "../net/handler.ts";
import { filePath } from "./file_path.ts";
import type { ByteSource } from "./range_content.ts";
import { Representation } from "./representation.ts";

/** At the root. */
const TEST_FILE = "test.bin";

/** Its path. */
export const TEST_PATH: string = `/${TEST_FILE}`;

const MIB = 1024 * 1024;
const USUAL_SIZE = MIB;
const MOST_SIZE = 64 * MIB;

/** Whether a request-target means the performance-test file. */
export function isTestFile(target: string): boolean {
  const path = filePath(target);
  if ("refusedWith" in path || path.isDirectory) return false;
  return path.names.length === 1 && path.names[0] === TEST_FILE;
}

/**
 * The built-in performance-test file: the same on every server, and incompressible, so that nothing
 * on the way can make it smaller. It has 1 MiB, or as many bytes as `?bytes=` says, 1 to 64 MiB; 400
 * for anything else.
 */
export function replyWithTestFile(
  { head, target }: Request,
  epochMs: () => number,
): Reply {
  const size = sizeOf(target);
  if (size === undefined) {
    return htmlReply(400, `bytes is a number from 1 to ${MOST_SIZE}.`);
  }
  const bytes = size === USUAL_SIZE ? block() : new Noise(size);
  const representation = new Representation(
    bytes,
    {
      contentType: "application/octet-stream",
      coding: "identity",
      isNegotiated: false,
      entityTag: { isWeak: false, opaque: `noise-${size.toString(16)}` },
      modifiedMs: undefined,
    },
    undefined,
    epochMs(),
  );
  return representation.reply(head, epochMs);
}

function sizeOf(target: string): number | undefined {
  const [, query = ""] = target.split(/\?(.*)/s, 2);
  const asked = new URLSearchParams(query).get("bytes");
  if (asked === null) return USUAL_SIZE;
  const size = /^[0-9]+$/.test(asked) ? Number(asked) : 0;
  return size >= 1 && size <= MOST_SIZE ? size : undefined;
}

/**
 * Any number of bytes in 1 MiB of memory: the same block over and over, to each byte of which the
 * number of its copy is added, so that no two copies are alike.
 */
class Noise implements ByteSource {
  constructor(readonly size: number) {}

  readAt(buffer: Uint8Array, position: number): number {
    const copy = Math.floor(position / MIB);
    const from = position % MIB;
    const count = Math.min(buffer.length, this.size - position, MIB - from);
    buffer.set(block().subarray(from, from + count));
    for (let i = 0; copy > 0 && i < count; i++) buffer[i]! += copy;
    return count;
  }

  close(): void {}
}

let noise: Uint8Array | undefined;

/** 1 MiB of a xorshift generator (Marsaglia, 2003). */
function block(): Uint8Array {
  if (noise !== undefined) return noise;
  const words = new Uint32Array(MIB / 4);
  let state = 0x2545f491;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return noise = new Uint8Array(words.buffer);
}
