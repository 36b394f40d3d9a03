/**
 * What a download leaves that did not come to its end:
 *
 * - `nothing`: what was there before is as it was
 * - `part`: a part file, which nobody can go on with if there is an obstacle
 * - `overwritten`: the file itself, partly overwritten; with a part file where all of the content is
 * - `whole`: the file itself, or one of a proposed name, with all of the content
 */
export type Leftover =
  | { readonly kind: "nothing" }
  | { readonly kind: "part"; readonly obstacle: string | undefined }
  | {
    readonly kind: "overwritten";
    readonly hasPart: boolean;
    readonly obstacle?: string | undefined;
  }
  | { readonly kind: "whole"; readonly proposed?: string | undefined };

/** Nothing is left. */
export const NOTHING: Leftover = { kind: "nothing" };

/**
 * What a person is told of it, in one line; undefined where there is nothing to tell.
 *
 * @param name of the file
 * @param received how many octets there are
 */
export function leftoverLine(
  name: string,
  partName: string | undefined,
  received: number,
  leftover: Leftover,
): string | undefined {
  if (leftover.kind === "nothing") return undefined;
  if (leftover.kind === "whole") return `${leftover.proposed ?? name} is whole: ${received} bytes`;
  const { obstacle } = leftover;
  const part = shownPart(name, partName);
  const how = obstacle === undefined
    ? "the same command with --continue goes on with it"
    : `${obstacle}, so it cannot be gone on with`;
  if (leftover.kind === "part") return `${part} is kept, ${received} bytes: ${how}`;
  return leftover.hasPart
    ? `${name} is overwritten in part; ${part} is kept, all ${received} bytes: ${how}`
    : `${name} is overwritten in part, ${received} bytes: the same command begins anew`;
}

/** The path of a part file as messages show it, for a file that is named `name`. */
export function shownPart(name: string, partName: string | undefined): string {
  const [start, partStart] = [name, partName ?? ""].map((it) =>
    Math.max(it.lastIndexOf("/"), it.lastIndexOf("\\")) + 1
  ) as [number, number];
  const isBeside = partName?.slice(partStart).startsWith(name.slice(start));
  if (isBeside) return name.slice(0, start) + partName!.slice(partStart);
  return partName ?? `${name}.part`;
}
