import { createHash } from "node:crypto";

/** What a document says of a file. */
export interface Described {
  readonly name?: string;
  readonly content: Uint8Array;
  readonly urls: readonly string[];
  /** Of each piece; no digests of pieces without. */
  readonly pieceBytes?: number | undefined;
  /** By default that of the content; "" for none. */
  readonly size?: number | "";
  /** By default SHA-256; "" for none. */
  readonly hash?: "sha256" | "sha1" | "md5" | "";
  /** Which piece has a digest that is wrong. */
  readonly wrongPiece?: number;
}

const hexOf = (kind: string, bytes: Uint8Array) => createHash(kind).update(bytes).digest("hex");

/** A Metalink document, as a site would publish it. */
export function metalinkOf(...files: readonly Described[]): string {
  return metalinkWith("", ...files);
}

/** The same, with more elements before its files. */
export function metalinkWith(elements: string, ...files: readonly Described[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">${elements}
${files.map(fileOf).join("\n")}
</metalink>
`;
}

function fileOf(file: Described): string {
  const { name = "a.bin", content, urls, size = content.length, hash = "sha256" } = file;
  const names = { sha256: "sha-256", sha1: "sha-1", md5: "md5" };
  const elements = [
    ...(size === "" ? [] : [`<size>${size}</size>`]),
    ...(hash === "" ? [] : [`<hash type="${names[hash]}">${hexOf(hash, content)}</hash>`]),
    ...piecesOf(file),
    ...urls.map((url, i) => `<url priority="${i + 1}">${url}</url>`),
  ];
  return `<file name="${name}">${elements.join("\n")}</file>`;
}

function piecesOf({ content, pieceBytes, wrongPiece }: Described): string[] {
  if (pieceBytes === undefined) return [];
  const count = Math.ceil(content.length / pieceBytes);
  const hexes = Array.from(
    { length: count },
    (_, i) =>
      i === wrongPiece
        ? "0".repeat(64)
        : hexOf("sha256", content.subarray(i * pieceBytes, (i + 1) * pieceBytes)),
  );
  const hashes = hexes.map((hex) => `<hash>${hex}</hash>`).join("");
  return [`<pieces type="sha-256" length="${pieceBytes}">${hashes}</pieces>`];
}
