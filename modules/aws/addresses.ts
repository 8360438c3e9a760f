/*
 * IPv4 arithmetic at synth, where Terraform's cidrsubnet would give a value nobody knows before apply:
 * the master's address stands in node.json.
 */

interface Block {
  readonly base: number;
  readonly prefix: number;
}

const CIDR = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/** undefined: not a block, or its address has bits beyond the prefix. */
function parse(cidr: string): Block | undefined {
  const parts = CIDR.exec(cidr)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const prefix = parts[4] ?? 33;
  const octets = parts.slice(0, 4);
  if (prefix > 32 || octets.some((o) => o > 255)) return undefined;
  const base = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return base % 2 ** (32 - prefix) === 0 ? { base, prefix } : undefined;
}

const address = (value: number): string =>
  [24, 16, 8, 0].map((bits) => String(Math.floor(value / 2 ** bits) % 256)).join('.');

/** Prefix length of a block; undefined when it is none. */
export const prefixOf = (cidr: string): number | undefined => parse(cidr)?.prefix;

/** The index-th block with `bits` more bits of prefix. */
export function subnetOf(cidr: string, bits: number, index: number): string {
  const { base, prefix } = parse(cidr) ?? { base: 0, prefix: 0 };
  return `${address(base + index * 2 ** (32 - prefix - bits))}/${prefix + bits}`;
}

/** The nth address of a block. */
export const hostOf = (cidr: string, nth: number): string => address((parse(cidr)?.base ?? 0) + nth);

/** Whether an address lies in a block, and is none of the five that AWS keeps: the first four and the last. */
export function isUsable(cidr: string, host: string): boolean {
  const block = parse(cidr);
  const at = parse(`${host}/32`);
  if (block === undefined || at === undefined) return false;
  const nth = at.base - block.base;
  return nth >= 4 && nth < 2 ** (32 - block.prefix) - 1;
}

/** Addresses of a block that machines can have: AWS keeps five of each subnet. */
export const usableIn = (cidr: string): number => 2 ** (32 - (prefixOf(cidr) ?? 32)) - 5;
