import type { Gate } from '../../contracts/spec';
import type { Evidence, GateResult } from './gate';
import { reproduced } from './reproduced';
import { verified } from './verified';

/** One small file a kind; a kind without one does not compile. */
const GATES: { readonly [Kind in Gate['kind']]: (evidence: Evidence) => GateResult } = {
  reproduced,
  verified,
};

export const judge = (gates: readonly Gate[], evidence: Evidence): readonly GateResult[] =>
  gates.map((gate) => GATES[gate.kind](evidence));
