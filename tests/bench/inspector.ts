/** What V8 says of one script: its functions and how often each was called since the last time. */
interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly count: number }[];
  }[];
}

/** The inspector of a Deno process, as a source of the functions that run in it. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#settle(data);
    socket.onclose = () => this.#fail();
  }

  /**
   * Connects to a process that runs with `--inspect`, and starts to count.
   *
   * @param line in which it says that a debugger can connect to `ws://…`
   */
  static async connect(line: string): Promise<Inspector> {
    const [url = ""] = /\bws:\/\/\S+/.exec(line) ?? [];
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`${url} cannot be reached`));
    });
    const inspector = new Inspector(socket);
    await inspector.#call("Profiler.enable");
    await inspector.#call("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    return inspector;
  }

  /**
   * The functions that ran since the last call, of files whose URL begins with `root`, as
   * `file: name` in the order of the files; a function without a name has none.
   */
  async takeCoverage(root: string): Promise<string[]> {
    const { result } = await this.#call("Profiler.takePreciseCoverage") as {
      readonly result: readonly ScriptCoverage[];
    };
    return result.filter(({ url }) => url.startsWith(root)).flatMap(({ url, functions }) =>
      functions.filter(({ ranges }) => ranges[0]!.count > 0)
        .map(({ functionName }) => `${url.slice(root.length)}: ${functionName}`)
    ).sort();
  }

  #call(method: string, params = {}): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answer.promise;
  }

  #settle(message: string): void {
    const { id, result, error } = JSON.parse(message);
    const answer = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(error.message));
  }

  #fail(): void {
    for (const answer of this.#pending.values()) answer.reject(new Error("The process has ended"));
    this.#pending.clear();
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
