import { dirname, join } from "@std/path";

/** A directory that goes, with all that is in it, when its scope is left. */
export class TemporaryDirectory implements AsyncDisposable {
  /** Its real path. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes one that holds these files; a name may hold slashes. */
  static async with(
    files: Readonly<Record<string, string | Uint8Array>> = {},
  ): Promise<TemporaryDirectory> {
    const made = await Deno.makeTempDir({ prefix: "load-balancer-" });
    const directory = new TemporaryDirectory(await Deno.realPath(made));
    for (const [name, content] of Object.entries(files)) await directory.write(name, content);
    return directory;
  }

  /** The path of what has that name in it. */
  join(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file as of a minute ago, and the directories above it. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const path = this.join(name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, typeof content === "string" ? encoder.encode(content) : content);
    // What has just been written has no entity-tag yet, and is not kept in memory.
    const written = new Date(Date.now() - 60_000);
    await Deno.utime(path, written, written);
  }

  /** The octets of a file. */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return await Deno.readFile(this.join(name));
  }

  /** The names of what is in it, sorted. */
  async names(): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(this.path));
    return entries.map(({ name }) => name).sort();
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

const encoder = new TextEncoder();
