/**
 * The kinds of options: how text becomes a typed value, and what `--help` and usage errors tell.
 *
 * @module
 */

/** How the text of one option becomes a value of type `T`. */
export interface ValueParser<T> {
  /** For the value in `--help`, as in `--port=PORT`. */
  readonly placeholder: string;
  /** Completes "… is accepted" in a usage error. */
  readonly expected: string;
  /** Undefined if the text is not valid. Never throws. */
  readonly parse: (text: string) => T | undefined;
  /** Whether the value is a secret, which no message repeats. */
  readonly isSecret?: boolean;
}

/** One option of a command; its long name is its key in the command's table. */
export interface Option<T> {
  readonly kind: ValueParser<T>;
  readonly description: string;
  readonly default: T;
  /** Shown in `--help`, if any. */
  readonly defaultText: string | undefined;
  /** One letter, so that `-o FILE` means `--output=FILE`. */
  readonly short: string | undefined;
  /** Whether it may be given several times; its value is an array. */
  readonly isRepeatable?: boolean;
  /** The value where the name is given alone; without it, that is a mistake. */
  readonly bareValue?: T;
}

/** An option without a value: true if it is given. */
export interface Flag {
  readonly description: string;
  readonly short: string | undefined;
}

/** Options by their long names, which consist of lower-case letters and hyphens. */
export type Options = Readonly<Record<string, Option<unknown> | Flag>>;

/** The values of a table of options, by the same names. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : boolean;
};

/**
 * An option with a default, written as a user would type it.
 *
 * @throws {TypeError} if the default is not valid: a bug in the table
 */
export function option<T>(
  kind: ValueParser<T>,
  defaultText: string,
  description: string,
  short?: string,
): Option<T> {
  const value = kind.parse(defaultText);
  if (value === undefined) {
    throw new TypeError(`Default "${defaultText}" is none: ${kind.expected} is accepted`);
  }
  return { kind, description, default: value, defaultText, short };
}

/** An option whose value is undefined unless it is given. */
export function optional<T>(
  kind: ValueParser<T>,
  description: string,
  short?: string,
): Option<T | undefined> {
  return { kind, description, default: undefined, defaultText: undefined, short };
}

/** An option that may be given any number of times. */
export function repeatable<T>(kind: ValueParser<T>, description: string): Option<readonly T[]> {
  const parse = (text: string) => {
    const value = kind.parse(text);
    return value === undefined ? undefined : [value];
  };
  return {
    kind: { ...kind, parse },
    description,
    default: [],
    defaultText: undefined,
    short: undefined,
    isRepeatable: true,
  };
}

/** An option whose value can be left out, as in `--netrc`; undefined unless it is given. */
export function withBareValue<T>(
  kind: ValueParser<T>,
  bareValue: T,
  description: string,
): Option<T | undefined> {
  return { ...optional(kind, description), bareValue };
}

/** An option without a value. */
export function flag(description: string, short?: string): Flag {
  return { description, short };
}

/** Any text but the empty one. */
export function text(placeholder: string): ValueParser<string> {
  return { placeholder, expected: "any text", parse: (text) => text === "" ? undefined : text };
}

/** A whole number from `min` to `max`, in decimal digits. */
export function count(min: number, max: number, placeholder = "N"): ValueParser<number> {
  return {
    placeholder,
    expected: `a number from ${min} to ${max}`,
    parse: (text) => quantity(text, { "": 1 }, min, max),
  };
}

/** A TCP port; 0 stands for any free one. */
export const PORT: ValueParser<number> = count(0, 65535, "PORT");

/** The longest timer of JavaScript, which fires a longer one at once. */
const MAX_DURATION_MS = 2 ** 31 - 1;

const MS_PER_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration such as `250ms` or `5m`, of at least `minMs`; the value is in ms. */
export function duration(minMs = 1): ValueParser<number> {
  return {
    placeholder: "DURATION",
    expected: `a duration from ${minMs}ms to 596h, such as 250ms, 10s, 5m or 1h,`,
    parse: (text) => quantity(text, MS_PER_UNIT, minMs, MAX_DURATION_MS),
  };
}

const KIB = 1024;
const MIB = KIB ** 2;
const GIB = KIB ** 3;
const BYTES_PER_UNIT = { "": 1, K: KIB, M: MIB, G: GIB, k: KIB, m: MIB, g: GIB };

/** A size such as `512`, `64K` or `2M`; the value is in bytes and a safe integer. */
export const SIZE: ValueParser<number> = {
  placeholder: "SIZE",
  expected: "a size such as 512, 64K, 2M or 1G",
  parse: (text) => quantity(text, BYTES_PER_UNIT, 0, Number.MAX_SAFE_INTEGER),
};

/** One of a few texts or numbers; the value's type is their union. */
export function choice<const T extends string | number>(choices: readonly T[]): ValueParser<T> {
  const last = choices.length - 1;
  return {
    placeholder: choices.join("|"),
    expected: last > 0 ? `${choices.slice(0, last).join(", ")} or ${choices[last]}` : `${choices}`,
    parse: (text) => choices.find((choice) => String(choice) === text),
  };
}

/** Digits times their unit; undefined for another text or outside the range. */
function quantity(
  text: string,
  units: Readonly<Record<string, number>>,
  min: number,
  max: number,
): number | undefined {
  const [, digits, unit = ""] = /^([0-9]+)([A-Za-z]*)$/.exec(text) ?? [];
  if (digits === undefined || !Object.hasOwn(units, unit)) return undefined;
  const value = Number(digits) * units[unit]!;
  return value >= min && value <= max ? value : undefined;
}
