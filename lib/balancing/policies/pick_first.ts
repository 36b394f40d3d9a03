import type { Server } from "../list/server.ts";
import type { IndexHeap } from "./index_heap.ts";

/**
 * The index with the least key among those that are not excluded; -1 when there is none. The heap
 * is as it was before. Takes time for every excluded one that comes before it.
 */
export function pickFirst(
  heap: IndexHeap,
  servers: readonly Server[],
  isExcluded?: (server: Server) => boolean,
): number {
  if (isExcluded === undefined) return heap.first;
  const passed: number[] = [];
  while (heap.first >= 0 && isExcluded(servers[heap.first]!)) {
    passed.push(heap.first);
    heap.delete(heap.first);
  }
  const found = heap.first;
  for (const index of passed) heap.set(index, heap.keyOf(index));
  return found;
}
