import type { Gate } from '../../contracts/spec';
import type { Evidence, GateResult } from './gate';

/** `command`: a program of the team's own says yes by exit code 0. */
export async function command(
  gate: Extract<Gate, { kind: 'command' }>,
  { run }: Evidence,
): Promise<GateResult> {
  const { code, said } = await run(gate.run, gate.timeout);
  const detail = `${gate.run.join(' ')}: exit code ${code}${said === '' ? '' : `: ${said}`}`;
  return {
    kind: 'command',
    name: gate.name,
    holds: code === 0,
    detail,
    ...(code === 0 ? {} : { hint: `run it by hand in the project's folder: ${gate.run.join(' ')}` }),
  };
}
