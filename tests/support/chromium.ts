import { startPeer } from "./peer.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** No window, no sandbox within a container, and no talk with anybody but the test. */
export const SWITCHES: readonly string[] = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What Chromium says of one of its commands or, unasked, of what happens. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Chromium, which is told what to do by its DevTools protocol. */
export class Chromium implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  readonly #socket: WebSocket;
  readonly #seen: Message[] = [];
  readonly #isClosed = Promise.withResolvers<void>();
  #ids = 0;
  #news = Promise.withResolvers<void>();

  private constructor(owned: AsyncDisposableStack, socket: WebSocket) {
    this.#owned = owned;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => {
      this.#news.reject(new Error("Chromium has left"));
      this.#isClosed.resolve();
    };
    this.#news.promise.catch(() => {});
  }

  /** Starts it with a profile of its own. */
  static async start(): Promise<Chromium> {
    await using stack = new AsyncDisposableStack();
    const profile = stack.use(await TemporaryDirectory.with());
    const args = ["--remote-debugging-port=0", `--user-data-dir=${profile.path}`, "about:blank"];
    const process = stack.use(startPeer("chromium", [...SWITCHES, ...args]));
    const line = await process.stderr.next(/^DevTools listening on /);
    const socket = new WebSocket(line.replace("DevTools listening on ", ""));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new Chromium(stack.move(), socket);
  }

  /** Sends a command and waits until it is done. */
  async command(method: string, params: Readonly<Record<string, unknown>>): Promise<void> {
    const id = ++this.#ids;
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { error } = await this.#next((message) => message.id === id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  }

  /** Waits for an event that is like this; its parameters. */
  async event(
    method: string,
    isLike: (params: Readonly<Record<string, unknown>>) => boolean = () => true,
  ): Promise<Readonly<Record<string, unknown>>> {
    const wanted = (message: Message) => message.method === method && isLike(message.params ?? {});
    return (await this.#next(wanted)).params ?? {};
  }

  async #next(wanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.#seen.find(wanted);
      if (found !== undefined) return found;
      await this.#news.promise;
    }
  }

  #take(message: Message): void {
    this.#seen.push(message);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
    this.#news.promise.catch(() => {});
  }

  /** Ends it; a second time nothing happens. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#owned.disposeAsync();
    await this.#isClosed.promise;
  }
}
