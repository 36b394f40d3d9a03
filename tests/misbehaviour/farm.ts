import { randomInteger, seededRandom } from "../support/random.ts";
import { scriptOf } from "./behaviours.ts";
import { type Content, drawContent, othersOf } from "./content.ts";
import type { Plan } from "./plan.ts";
import { redirecting } from "./redirecting.ts";
import type { FakeProxy } from "../support/fake_proxy.ts";
import { metalinkOf } from "../support/metalink.ts";
import { startProxy } from "./proxying.ts";
import { type Script, ScriptedServer } from "./scripted_server.ts";
import { UPRIGHT } from "./upright.ts";

/** Ports that only root may open, on which nobody listens in our days. */
const REFUSING_PORTS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 14];

/** The servers of a plan with a scripted balancer before them, all on 127.0.0.1. */
export class Farm implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #others: Content;
  #content: Content;
  #authorities: readonly string[] = [];
  #proxy: FakeProxy | undefined;
  /** What is asked for, from the balancer. */
  url = "";

  private constructor(content: Content, others: Content) {
    this.#content = content;
    this.#others = others;
  }

  /** Starts all servers. */
  static async with(plan: Plan): Promise<Farm> {
    const content = await drawContent(seededRandom(plan.seed + 2), plan.length);
    const others = await othersOf(content);
    const sent = plan.hasReprDigest ? {} : { reprDigest: undefined };
    const farm = new Farm({ ...content, ...sent }, { ...others, ...sent });
    await farm.#start(plan);
    return farm;
  }

  /** What the upright servers have. */
  get content(): Content {
    return this.#content;
  }

  /** A Metalink document of what the upright servers have, which names all of them, right or wrong. */
  get document(): string {
    const { pathname } = new URL(this.url);
    const urls = this.#authorities.map((authority) => `http://${authority}${pathname}`);
    const { octets: content } = this.#content;
    return metalinkOf({
      name: this.name,
      content,
      urls: [...urls, this.url],
      pieceBytes: 64 * 1024,
    });
  }

  /** Where the proxy is, if there is one. */
  get proxy(): string | undefined {
    return this.#proxy && `http://${this.#proxy.authority}`;
  }

  /** The last segment of the URL. */
  get name(): string {
    return this.url.slice(this.url.lastIndexOf("/") + 1);
  }

  /**
   * From now on the balancer names only a new server, and that one is upright, as the proxy is.
   *
   * @param changes whether what is right from now on is what was wrong before
   */
  async heal(changes: boolean): Promise<void> {
    if (changes) this.#content = this.#others;
    this.#authorities = [(await this.#serve(UPRIGHT.upright)).authority];
    if (this.#proxy !== undefined) this.#proxy.drawMostBytes = () => Infinity;
  }

  /** Ends all servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #start(plan: Plan): Promise<void> {
    this.#authorities = await Promise.all(plan.servers.map(async ({ behaviour, brink }, index) => {
      const script = scriptOf(behaviour);
      if (script !== undefined) return (await this.#serve(script, brink)).authority;
      return `127.0.0.1:${REFUSING_PORTS[index % REFUSING_PORTS.length]}`;
    }));
    // Its own chances, so that they do not hang on what the plan drew.
    const random = seededRandom(plan.seed + 1);
    const { authority } = await this.#serve(
      redirecting(() => this.#authorities, plan.balancer, random),
    );
    this.url = `http://${authority}/file-${randomInteger(random, 1e6)}.bin`;
    this.#proxy = startProxy(plan.proxy, plan.length, random);
    if (this.#proxy !== undefined) this.#stack.use(this.#proxy);
  }

  async #serve(script: Script, brink = 0): Promise<ScriptedServer> {
    const options = { content: this.#content, others: this.#others, brink };
    return this.#stack.use(await ScriptedServer.start(script, options));
  }
}
