import { WRITTEN_ORDER } from '../contracts/layers';
import { Lock, type Input } from '../contracts/lock';
import { KilnError } from '../errors';

/** Uses that the written order does not name come last. */
const placeOf = (use: string): number =>
  WRITTEN_ORDER.includes(use) ? WRITTEN_ORDER.indexOf(use) : WRITTEN_ORDER.length;

const rank = (input: Input): string[] => [
  String(placeOf(input.use)).padStart(2, '0'),
  input.use,
  input.source,
  input.name,
  input.version,
  input.source === 'maven' ? (input.classifier ?? '') : '',
  input.sha256,
];

/** By use (in the order of the layers), source and name: independent of locale and of who resolved first. */
export function compareInputs(a: Input, b: Input): number {
  const left = rank(a);
  const right = rank(b);
  for (const [i, part] of left.entries()) {
    const other = right[i] ?? '';
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}

/** A JSON object on one line, with spaces a person can read it by. */
const oneLine = (value: object): string =>
  `{ ${Object.entries(value)
    .map(([k, v]) => `${JSON.stringify(k)}: ${JSON.stringify(v)}`)
    .join(', ')} }`;

/** @throws KilnError `unlockable` with all that no lock may have, such as a file's name that leads out of its folder. */
function requireLockable(lock: Lock): Lock {
  const result = Lock.safeParse(lock);
  if (result.success) return result.data;
  throw new KilnError({
    code: 'unlockable',
    what: 'what the registries answered cannot be locked; nothing was written',
    hint: 'look at the mirror that it comes from, and at what its proxy makes of it',
    faults: result.error.issues.map(({ path: [field, index, ...rest], message }) => {
      const input = field === 'inputs' && typeof index === 'number' ? lock.inputs[index] : undefined;
      const where = input === undefined ? [field, index] : [`${input.source} ${input.name} ${input.version}`];
      return { where: [...where, ...rest].filter((part) => part !== undefined).join(': '), what: message };
    }),
  });
}

/**
 * The lock as it is written: keys in the contract's order, one input a line, so that a review sees what changed.
 * @throws KilnError `unlockable`.
 */
export function serialise(lock: Lock): string {
  const { choices, inputs, ...head } = requireLockable(lock);
  const choiceLines = Object.entries(choices).map(
    ([name, c]) => `    ${JSON.stringify(name)}: ${oneLine(c)}`,
  );
  const inputLines = [...inputs].sort(compareInputs).map((input) => `    ${oneLine(input)}`);
  return [
    '{',
    ...Object.entries(head).map(([k, v]) => `  ${JSON.stringify(k)}: ${JSON.stringify(v)},`),
    '  "choices": {',
    choiceLines.join(',\n'),
    '  },',
    inputLines.length === 0 ? '  "inputs": []' : `  "inputs": [\n${inputLines.join(',\n')}\n  ]`,
    '}',
    '',
  ].join('\n');
}
