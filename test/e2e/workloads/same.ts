import { z } from 'zod';

type Value = z.infer<ReturnType<typeof z.json>>;
export type Rows = readonly (readonly Value[])[];

/**
 * How far numbers may differ where one engine computes in floating point: a billionth of them, and half a unit of the
 * sixth decimal, which is where Spark rounds an average or a quotient of decimals. Whatever both engines
 * compute in decimals must be equal.
 */
const RELATIVE = 1e-9;
const ABSOLUTE = 0.5e-6;

const Decimal = z.strictObject({ decimal: z.string() });
const Float = z.strictObject({ float: z.union([z.number(), z.string()]) });

/** 1.50 and 1.5 are one number. */
const digits = (decimal: string): string =>
  decimal.includes('.') ? decimal.replace(/\.?0+$/, '').replace(/^-0$/, '0') : decimal;

const number = (value: Value): number | undefined => {
  if (typeof value === 'number') return value;
  const decimal = Decimal.safeParse(value);
  if (decimal.success) return Number(decimal.data.decimal);
  const float = Float.safeParse(value);
  return float.success && typeof float.data.float === 'number' ? float.data.float : undefined;
};

/** A value in which only what is different differs; undefined where it must be compared as a number. */
const exact = (value: Value): string => {
  const decimal = Decimal.safeParse(value);
  if (decimal.success) return digits(decimal.data.decimal);
  return JSON.stringify(value);
};

function equal(left: Value, right: Value): boolean {
  if (exact(left) === exact(right)) return true;
  if (!Float.safeParse(left).success && !Float.safeParse(right).success) return false;
  const [a, b] = [number(left), number(right)];
  if (a === undefined || b === undefined) return false;
  return Math.abs(a - b) <= ABSOLUTE + RELATIVE * Math.max(Math.abs(a), Math.abs(b));
}

/** What differs between two results, row by row in their order; at most ten of them. */
export function differences(found: Rows, expected: Rows): readonly string[] {
  const said: string[] = [];
  if (found.length !== expected.length)
    said.push(`${String(found.length)} rows instead of ${String(expected.length)}`);
  expected.forEach((row, index) => {
    const other = found[index];
    if (other === undefined) return;
    const same = other.length === row.length && row.every((value, at) => equal(other[at] ?? null, value));
    if (!same) said.push(`row ${String(index)}: ${JSON.stringify(other)} instead of ${JSON.stringify(row)}`);
  });
  return said.slice(0, 10);
}
