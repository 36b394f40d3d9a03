// The parts of Deno's standard library that we use. The npm package that carries it ships no
// types, so they are declared here, as narrow as our use of them.

declare module "@std/assert" {
  export function assert(condition: unknown, message?: string): asserts condition;
  export function assertEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): void;
  export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;
  export function assertLess<T>(actual: T, expected: T, message?: string): void;
  export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void;
  export function assertGreater<T>(actual: T, expected: T, message?: string): void;
  export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void;
  export function assertAlmostEquals(actual: number, expected: number, tolerance?: number): void;
  export function assertMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertNotMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertStringIncludes(actual: string, expected: string, message?: string): void;
  // deno-lint-ignore no-explicit-any -- the constructor of any error class
  type ErrorClass<E extends Error> = new (...args: any[]) => E;
  export function assertInstanceOf<E extends Error>(
    actual: unknown,
    expected: ErrorClass<E>,
    message?: string,
  ): asserts actual is E;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    expected?: ErrorClass<E>,
    messageIncludes?: string,
  ): E;
  export function assertRejects<E extends Error = Error>(
    fn: () => Promise<unknown>,
    expected?: ErrorClass<E>,
    messageIncludes?: string,
  ): Promise<E>;
}

declare module "@std/async/deadline" {
  /** Settles as the promise does; rejects with a DOMException after so many ms if it has not. */
  export function deadline<T>(promise: Promise<T>, ms: number): Promise<T>;
}

declare module "@std/async/delay" {
  /** Rejects with the signal's reason when it aborts first. */
  export function delay(ms: number, options?: { signal: AbortSignal }): Promise<void>;
}

declare module "@std/cli/parse-args" {
  /** Operands under `_`; with `collect`, each option's values in order. */
  export function parseArgs(args: readonly string[], options: {
    string: readonly string[];
    boolean: readonly string[];
    collect: readonly string[];
    alias: Readonly<Record<string, string>>;
    /** Called with what no table names; `key` is undefined for an operand. False drops it. */
    unknown: (arg: string, key?: string) => boolean;
  }): { _: string[] } & Record<string, unknown>;
}

declare module "@std/fmt/bytes" {
  /** 1536 gives `1.5 kiB` with `binary`. */
  export function format(
    bytes: number,
    options: { binary: boolean; maximumFractionDigits: number },
  ): string;
  /** To three digits, as in `1.46 kiB`; the same whatever the locale. */
  export function format(bytes: number, options: { binary: boolean }): string;
}

declare module "@std/fmt/duration" {
  /** 200000 gives `3m 20s` with `ignoreZero`. */
  export function format(ms: number, options: { ignoreZero: boolean }): string;
}

declare module "@std/html" {
  export function escape(text: string): string;
}

declare module "@std/media-types" {
  /** `.html` gives `text/html; charset=UTF-8`; undefined when the extension is not known. */
  export function contentType(extension: string): string | undefined;
}

declare module "@std/path" {
  export function basename(path: string, suffix?: string): string;
  export function dirname(path: string): string;
  export function extname(path: string): string;
  export function fromFileUrl(url: string | URL): string;
  export function join(path: string, ...paths: string[]): string;
  export function relative(from: string, to: string): string;
  export function resolve(...paths: string[]): string;
}

declare module "@std/path/posix/glob-to-regexp" {
  /** Anchored at both ends. */
  export function globToRegExp(
    glob: string,
    options: { extended: boolean; globstar: boolean },
  ): RegExp;
}

declare module "@std/streams/to-bytes" {
  /** All of a stream. */
  export function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>>;
}

declare module "@std/yaml" {
  /** All documents of a stream. */
  export function parseAll(text: string): unknown[];
}
