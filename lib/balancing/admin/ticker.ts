/** Calls something once a second from now on; what it gives ends that. */
export type Ticker = (tick: () => void) => () => void;

/** A ticker by the clock of the system. */
export function everySecond(tick: () => void): () => void {
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
}
