import Table from 'cli-table3';
import { z } from 'zod';

/** What demo/check_report.py --json answers. */
export const Proof = z.array(
  z.object({ name: z.string(), expected: z.string(), found: z.string(), holds: z.boolean() }),
);
export type Proof = z.infer<typeof Proof>;

/** Months are many and alike: they are counted, not listed, while all of them hold. */
const listed = ({ name, holds }: Proof[number]): boolean => !holds || !name.includes('month=');

/** The checks as a table for a terminal of 110 columns. */
export function proofTable(proof: Proof): string {
  const table = new Table({
    head: ['check', 'computed without Spark', 'by the job'],
    style: { head: [], border: [] },
    // One line a check.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    colWidths: [38, 26, 40],
    wordWrap: true,
  });
  for (const check of proof.filter(listed)) table.push([check.name, check.expected, check.found]);
  const months = proof.length - proof.filter(listed).length;
  const count = `${proof.length} checks hold${months === 0 ? '' : `, ${months} of them the counts of each month`}`;
  return `${table.toString()}\n${count}`;
}
