import { monotonicMs, pausedMs, unwatch, watch, type Watched } from "../../lib/net/deadlines.ts";
import { assert, assertEquals } from "@std/assert";
import { Arrivals } from "../support/arrivals.ts";
import { ReportedErrors } from "../support/reported_errors.ts";

/** Tells when it expires, and has no other deadline until it is given one. */
class Waiting implements Watched {
  readonly expiries = new Arrivals<number>();
  deadline: number;

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  index = 0;

  expire(): void {
    this.deadline = Infinity;
    this.expiries.add(monotonicMs());
  }
}

Deno.test("watch() calls expire() once the deadline has passed, and not before", async () => {
  const deadline = monotonicMs() + 30;
  const waiting = new Waiting(deadline);
  watch(waiting);
  const at = await waiting.expiries.next();
  unwatch(waiting);
  assert(at >= deadline, `${at} is before ${deadline}`);
});

Deno.test("watch() looks at the deadline as it is at that time", async () => {
  const moved = new Waiting(0);
  const other = new Waiting(monotonicMs() + 150);
  watch(moved);
  watch(other);
  moved.deadline = Infinity;
  await other.expiries.next();
  assertEquals(moved.expiries.waiting, []);
  moved.deadline = monotonicMs();
  await moved.expiries.next();
  unwatch(moved);
  unwatch(other);
});

Deno.test("watch() calls expire() at every sweep until the deadline is moved", async () => {
  const waiting = new Waiting(0);
  const expiries = new Arrivals<number>();
  waiting.expire = () => expiries.add(monotonicMs());
  watch(waiting);
  await expiries.next();
  await expiries.next();
  unwatch(waiting);
});

Deno.test("unwatch() ends the watching, and the timer with the last", async () => {
  const forgotten = new Waiting(0);
  const other = new Waiting(0);
  watch(forgotten);
  watch(other);
  unwatch(forgotten);
  await other.expiries.next();
  unwatch(other);
  unwatch(other);
  assertEquals(forgotten.expiries.waiting, []);
});

Deno.test("watch() and unwatch() may be called while others expire", async () => {
  const late = new Waiting(0);
  const first = new Waiting(0);
  const second = new Waiting(0);
  first.expire = () => {
    unwatch(first);
    unwatch(second);
    watch(late);
  };
  watch(second); // The latest is looked at first.
  watch(first);
  await late.expiries.next();
  unwatch(late);
  assertEquals(second.expiries.waiting, []);
});

Deno.test("pausedMs() grows by what this process stood still, also when nothing is watched by then", async () => {
  const before = pausedMs();
  const waiting = new Waiting(Infinity);
  watch(waiting);
  const until = performance.now() + 900;
  while (performance.now() < until);
  const pending = pausedMs();
  assert(pending - before > 300, `${pending - before}`);
  unwatch(waiting);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert(pausedMs() >= pending);
});

Deno.test("watch() goes on when an expire() throws", async () => {
  using reported = new ReportedErrors();
  const throwing: Watched = {
    deadline: monotonicMs(),
    index: 0,
    expire: () => {
      unwatch(throwing);
      throw new Error("on purpose");
    },
  };
  watch(throwing);
  const waiting = new Waiting(monotonicMs() + 30);
  watch(waiting);
  await waiting.expiries.next();
  unwatch(waiting);
  assertEquals(reported.messages, ["on purpose"]);
});
