/**
 * Works on each item, so many at a time, and hands out the results in the order in which they come.
 * When who takes them stops early, what is under way is waited for.
 */
export async function* together<Item, Result>(
  items: Iterable<Item>,
  jobs: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running = new Set<Promise<{ result: Result; done: () => void }>>();
  const begin = (item: Item) => {
    const job = work(item).then((result) => ({ result, done: () => running.delete(job) }));
    running.add(job);
  };
  const first = async () => {
    const { result, done } = await Promise.race(running);
    done();
    return result;
  };
  try {
    for (const item of items) {
      begin(item);
      if (running.size >= jobs) yield await first();
    }
    while (running.size > 0) yield await first();
  } finally {
    await Promise.allSettled(running);
  }
}

/** The whole numbers from `first` on, so many. */
export function numbersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
