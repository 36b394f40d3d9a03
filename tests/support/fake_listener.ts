import { Arrivals } from "./arrivals.ts";

/** A listener whose accepts are settled by the test. */
export class FakeListener {
  readonly accepts = new Arrivals<PromiseWithResolvers<Deno.TcpConn>>();
  isClosed = false;
  #pending: PromiseWithResolvers<Deno.TcpConn> | undefined;

  accept(): Promise<Deno.TcpConn> {
    this.#pending = Promise.withResolvers();
    this.accepts.add(this.#pending);
    return this.#pending.promise;
  }

  close(): void {
    this.isClosed = true;
    this.#pending?.reject(new Deno.errors.BadResource("Listener has been closed"));
  }
}

/** Counts how often it is closed. */
export class FakeConn {
  closed = 0;

  close(): void {
    this.closed++;
  }
}

/** A signal that knows how many listeners it has, and had at the most. */
export class CountingSignal extends EventTarget {
  readonly aborted = false;
  listeners = 0;
  most = 0;

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    super.addEventListener(...args);
    this.most = Math.max(this.most, ++this.listeners);
  }

  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    super.removeEventListener(...args);
    this.listeners--;
  }
}
