const A = "a".repeat(64);
const B = "b".repeat(64);

/** A list, and what it holds for `a.iso` from `/pub/1/a.iso`. */
export interface ChecksumList {
  readonly story: string;
  readonly text: string;
  readonly digests: readonly string[];
}

function list(story: string, text: string, ...digests: readonly string[]): ChecksumList {
  return { story, text, digests };
}

const signed = (text: string) =>
  `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${text}\n-----BEGIN PGP SIGNATURE-----\n` +
  "\niQIzBAEBCAAdFiEE\n=aaaa\n-----END PGP SIGNATURE-----\n";

/** Lists of checksums as they are met. */
export const CHECKSUM_LISTS: readonly ChecksumList[] = [
  list("text mode", `${A}  a.iso\n`, A),
  list("binary mode", `${A} *a.iso\n`, A),
  list("capitals", `${A.toUpperCase()}  a.iso\n`, A),
  list("one blank", `${A} a.iso\n`, A),
  list("a TAB", `${A}\ta.iso\n`, A),
  list("blanks before it", `  ${A}  a.iso\n`, A),
  list("CRLF", `${B}  b.iso\r\n${A}  a.iso\r\n`, A),
  list("no line end at the end", `${A}  a.iso`, A),
  list("a byte order mark", `\ufeff${A}  a.iso`, A),
  list("--tag", `SHA256 (a.iso) = ${A}\n`, A),
  list("--tag with CRLF", `SHA256 (a.iso) = ${A}\r\n`, A),
  list("openssl", `SHA256(a.iso)= ${A}\n`, A),
  list("openssl 3", `SHA2-256(a.iso)= ${A}\n`, A),
  list("comments", `# a.iso: 3 bytes\n${A}  a.iso\n`, A),
  list("signed in the clear", signed(`${A}  a.iso`), A),
  list("--tag, signed in the clear", signed(`# a.iso: 3 bytes\nSHA256 (a.iso) = ${A}`), A),
  list("MD5 beside", `${"d".repeat(32)}  a.iso\n${A}  a.iso\n`, A),
  list("SHA-512 beside", `${"d".repeat(128)}  a.iso\n${A}  a.iso\n`, A),
  list("other tags beside", `MD5 (a.iso) = ${"d".repeat(32)}\nSHA256 (a.iso) = ${A}\n`, A),
  list("SHA-512/256, which is another", `SHA512/256 (a.iso) = ${B}\n${A}  a.iso\n`, A),
  list("words beside", `see also a.iso\n\n${A}  a.iso\n`, A),
  list("the directory it is in", `${A}  ./a.iso\n`, A),
  list("a directory", `${A}  pub/1/a.iso\n`, A),
  list("--tag with a directory", `SHA256 (./1/a.iso) = ${A}\n`, A),
  list("several directories", `${B}  2/a.iso\n${A}  1/a.iso\n`, A),
  list("several other directories", `${B}  2/a.iso\n${A}  3/a.iso\n`, B, A),
  list("several alike", `${A}  2/a.iso\n${A}  3/a.iso\n`, A),
  list("a name that ends alike", `${A}  ba.iso\n`),
  list("twice, alike", `${A}  a.iso\n${A} *a.iso\n`, A),
  list("twice, not alike", `${A}  a.iso\n${B}  a.iso\n`, A, B),
  list("a digit too few", `${A.slice(1)}  a.iso\n`),
  list("a digit too many", `${A}a  a.iso\n`),
  list("MD5 alone", `MD5 (a.iso) = ${"d".repeat(32)}\n`),
  list("nothing", ""),
];
