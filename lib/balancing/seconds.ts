/** A call that is due sooner follows one that came too early: it is left out. */
const TOO_SOON_MS = 100;

/**
 * Calls back in each second of the system's clock, so many ms after it has begun: processes that count
 * by this count the same seconds.
 *
 * @returns ends that
 */
export function inEachSecond(call: () => void, offsetMs: number): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    const dueMs = 1000 - (Date.now() - offsetMs) % 1000;
    timer = setTimeout(() => {
      wait();
      call();
    }, dueMs < TOO_SOON_MS ? dueMs + 1000 : dueMs);
  };
  wait();
  return () => clearTimeout(timer);
}
