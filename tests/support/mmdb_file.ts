/**
 * Writes databases in MaxMind's format (MaxMind DB 2.0), for tests.
 *
 * @module
 */

import ipaddr from "ipaddr.js";

/** A value of a record; numbers are uint32. */
export type MmdbValue = string | number | boolean | readonly MmdbValue[] | MmdbMap;

/** A map of values. */
export interface MmdbMap {
  readonly [name: string]: MmdbValue;
}

/** What of a database may be otherwise. */
export interface MmdbOptions {
  readonly ipVersion?: 4 | 6;
  readonly recordSize?: 24 | 28 | 32;
  readonly type?: string;
  /** Members of the metadata that are otherwise. */
  readonly metadata?: MmdbMap;
}

/** What follows a 0 and a 1. */
type Node = [Child, Child];
/** Another node, the offset of a record, or nothing. */
type Child = Node | number | undefined;

const MARKER = "\xAB\xCD\xEFMaxMind.com";

/** 2026-11-20, in seconds. */
const BUILT = Date.UTC(2026, 10, 20) / 1000;

/**
 * A database with records by networks, the larger networks first. A record of bytes is encoded
 * already; the first record is at the offset 0.
 */
export function mmdbFile(
  records: Readonly<Record<string, MmdbValue | Uint8Array>>,
  { ipVersion = 6, recordSize = 24, type = "Test-Country", metadata }: MmdbOptions = {},
): Uint8Array<ArrayBuffer> {
  const data: number[] = [];
  const root: Node = [undefined, undefined];
  for (const [cidr, value] of Object.entries(records)) {
    const offset = data.length;
    for (const byte of value instanceof Uint8Array ? value : encode(value)) data.push(byte);
    insert(root, bitsOf(cidr, ipVersion), offset);
  }
  const nodes = nodesOf(root);
  const tree = nodes.flatMap((node) => encodeNode(node, nodes, recordSize));
  const description = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: BUILT,
    database_type: type,
    description: { en: "A test" },
    ip_version: ipVersion,
    languages: ["en"],
    node_count: nodes.length,
    record_size: recordSize,
  };
  const rest = encode({ ...description, ...metadata });
  return Uint8Array.from([...tree, ...Array(16).fill(0), ...data, ...latin1(MARKER), ...rest]);
}

function bitsOf(cidr: string, ipVersion: 4 | 6): number[] {
  const [address, prefixLength] = ipaddr.parseCIDR(cidr);
  const isMapped = ipVersion === 6 && address.kind() === "ipv4";
  const bytes = [...(isMapped ? Array(12).fill(0) : []), ...address.toByteArray()];
  const bits = bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1));
  return bits.slice(0, prefixLength + (isMapped ? 96 : 0));
}

function insert(root: Node, bits: readonly number[], offset: number): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    let child = node[bit];
    if (!Array.isArray(child)) node[bit] = child = [child, child];
    node = child;
  }
  node[bits.at(-1)!] = offset;
}

function nodesOf(node: Node): Node[] {
  const nodes = [node];
  for (const child of node) if (Array.isArray(child)) nodes.push(...nodesOf(child));
  return nodes;
}

function encodeNode(node: Node, nodes: readonly Node[], recordSize: number): number[] {
  const [left, right] = node.map((child) => {
    if (Array.isArray(child)) return nodes.indexOf(child);
    return child === undefined ? nodes.length : nodes.length + 16 + child;
  }) as [number, number];
  if (recordSize !== 28) return [...number(left, recordSize / 8), ...number(right, recordSize / 8)];
  const middle = (Math.floor(left / 2 ** 24) << 4) | Math.floor(right / 2 ** 24);
  return [...number(left % 2 ** 24, 3), middle, ...number(right % 2 ** 24, 3)];
}

/** Encodes a value; integers and texts of any length, without pointers. */
export function encode(value: MmdbValue): number[] {
  if (typeof value === "boolean") return [value ? 1 : 0, 14 - 7];
  if (typeof value === "number") return [...control(6, 4), ...number(value, 4)];
  if (typeof value === "string") {
    const bytes = new TextEncoder().encode(value);
    return [...control(2, bytes.length), ...bytes];
  }
  if (Array.isArray(value)) {
    return [...control(11, value.length), ...value.flatMap((it) => encode(it))];
  }
  const members = Object.entries(value);
  const pairs = members.flatMap(([name, member]) => [...encode(name), ...encode(member)]);
  return [...control(7, members.length), ...pairs];
}

/** A control byte, with the type and the size that follow it. */
export function control(type: number, size: number): number[] {
  const [bits, sizeBytes] = size < 29
    ? [size, []]
    : size < 285
    ? [29, [size - 29]]
    : size < 65_821
    ? [30, number(size - 285, 2)]
    : [31, number(size - 65_821, 3)];
  return [((type <= 7 ? type : 0) << 5) | bits, ...(type <= 7 ? [] : [type - 7]), ...sizeBytes];
}

/** A pointer to an offset of the data section, in four bytes. */
export function pointer(offset: number): number[] {
  return [(1 << 5) | (3 << 3), ...number(offset, 4)];
}

function number(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256);
}

function latin1(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
