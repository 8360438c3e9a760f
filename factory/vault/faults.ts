import { fileName, type Input } from '../contracts/lock';
import { KilnError } from '../errors';

export const label = (input: Input): string => `${input.source} ${input.name} ${input.version}`;

export const pinsGone = (inputs: readonly Input[]): KilnError =>
  new KilnError({
    code: 'pins-gone',
    exitCode: 1,
    what: `${String(inputs.length)} locked ${inputs.length === 1 ? 'input is' : 'inputs are'} gone: no mirror, archive or registry has ${inputs.length === 1 ? 'it' : 'them'} any more`,
    hint: 'lock what the mirrors have now: kiln lock --refresh',
    faults: inputs.map((input) => ({
      where: label(input),
      what: `${fileName(input)} is not there any more`,
    })),
  });

export const offline = (inputs: readonly Input[]): KilnError =>
  new KilnError({
    code: 'offline',
    what: `${String(inputs.length)} locked ${inputs.length === 1 ? 'input is' : 'inputs are'} not in the vault, and --offline forbids the network`,
    hint: 'fetch them while there is a network: kiln vault fetch, or from a registry that keeps them: kiln vault pull',
    faults: inputs.map((input) => ({ where: label(input), what: `${fileName(input)} is missing` })),
  });

export const wrongContent = (
  input: Input,
  from: string,
  got: { readonly size: number; readonly sha256: string },
): KilnError => {
  const sizes =
    got.size > input.size
      ? `more than the ${String(input.size)} bytes expected`
      : got.size < input.size
        ? `${String(got.size)} bytes, expected ${String(input.size)}`
        : `sha256 ${got.sha256}\n  expected ${input.sha256}`;
  return new KilnError({
    code: 'wrong-content',
    what: `${label(input)}: ${fileName(input)} is not what was locked: got ${sizes}`,
    hint: `from ${from}\nnothing of it was kept. Try again; if it persists, the mirror changed the file: look at why before kiln lock --refresh`,
  });
};

const WANTS_CREDENTIAL = [401, 403];

export const badStatus = (input: Input, from: string, status: number): KilnError =>
  new KilnError({
    code: 'bad-status',
    what: `${label(input)}: ${input.source === 'conda' ? `the channel ${input.channel}` : new URL(from).host} answers with status ${String(status)}`,
    hint:
      input.source === 'conda' && WANTS_CREDENTIAL.includes(status)
        ? `the channel wants another credential: docs/conda.md says where it is kept`
        : `wanted ${from}\ntry again later, or point kiln to another mirror (KILN_MIRROR_…)`,
  });
