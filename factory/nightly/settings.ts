import type { Spec } from '../contracts/spec';
import { KilnError, type Fault } from '../errors';

export interface NightlySettings {
  readonly channel: string;
  readonly promote: readonly string[];
  readonly branch: string | undefined;
}

/**
 * factory.yaml's `nightly` with its defaults, held against the channels that there are.
 * @throws KilnError `spec-invalid` with all faults.
 */
export function nightlySettings({ channels, nightly }: Spec): NightlySettings {
  const names = Object.keys(channels);
  const hint = names.length === 0 ? 'declare one under channels' : `there are: ${names.join(', ')}`;
  const faults: Fault[] = [];
  const fault = (where: string, what: string): void => {
    faults.push({ where: `factory.yaml: nightly.${where}`, what, hint });
  };
  const channel = nightly.channel ?? names[0];
  if (channel === undefined || !names.includes(channel))
    fault(
      'channel',
      channel === undefined ? 'there is no channel to register images in' : `there is no channel ${channel}`,
    );
  nightly.promote.forEach((name, at) => {
    const where = `promote[${String(at)}]`;
    if (!names.includes(name)) fault(where, `there is no channel ${name}`);
    else if (name === channel) fault(where, `${name} is where images are registered`);
    else if (nightly.promote.indexOf(name) < at) fault(where, `${name} is there twice`);
  });
  if (faults.length > 0 || channel === undefined)
    throw new KilnError({
      code: 'spec-invalid',
      exitCode: 2,
      what: `${String(faults.length)} ${faults.length === 1 ? 'fault' : 'faults'} in what a night may do`,
      faults,
    });
  return { channel, promote: nightly.promote, branch: nightly.branch };
}
