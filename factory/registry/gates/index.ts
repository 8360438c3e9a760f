import type { Gate } from '../../contracts/spec';
import { KilnError } from '../../errors';
import { command } from './command';
import { nameOf, type Evidence, type GateResult } from './gate';
import { hours } from './hours';
import { reproduced } from './reproduced';
import { supported } from './supported';
import { verified } from './verified';

type Judge<Kind extends Gate['kind']> = (
  gate: Extract<Gate, { kind: Kind }>,
  evidence: Evidence,
) => GateResult | Promise<GateResult>;

/** One small file a kind; a kind without one does not compile. */
const GATES: { readonly [Kind in Gate['kind']]: Judge<Kind> } = {
  command,
  hours,
  reproduced: (_, evidence) => reproduced(evidence),
  supported: (_, evidence) => supported(evidence),
  verified: (_, evidence) => verified(evidence),
};

/** What each gate finds, in the order of factory.yaml. */
export async function judge(gates: readonly Gate[], evidence: Evidence): Promise<readonly GateResult[]> {
  const results: GateResult[] = [];
  for (const gate of gates) {
    // The kind picks the judge that takes this gate; TypeScript does not follow that through the table.
    const of = GATES[gate.kind] as Judge<Gate['kind']>;
    results.push(await of(gate, evidence));
  }
  return results;
}

/**
 * Marks the gates that somebody answers for. One that holds needs no answer and gets none.
 * @throws KilnError `unknown-gate` naming those that there are.
 */
export function override(results: readonly GateResult[], names: readonly string[]): readonly GateResult[] {
  const unknown = names.find((name) => !results.some((result) => nameOf(result) === name));
  if (unknown !== undefined) {
    throw new KilnError({
      code: 'unknown-gate',
      what: `no gate before this channel is called ${unknown}`,
      hint: `there are: ${results.map(nameOf).join(', ') || 'none'}`,
      exitCode: 2,
    });
  }
  return results.map((result) =>
    !result.holds && names.includes(nameOf(result)) ? { ...result, overridden: true } : result,
  );
}
