import { describe, expect, it } from 'vitest';
import { nspawnArguments } from '../../../factory/machines/nspawn';
import { planMachines } from '../../../factory/machines/plan';
import { FakeSandboxes } from '../../../factory/ports/sandbox/sandbox-fake';
import { startTime } from '../../../factory/processes/process-id';
import { IMAGE, launchGroup } from './group';

describe('a container', () => {
  it('has a read-only root, overlays and scratch in its folder, and its secrets by file', async () => {
    const input = { kind: 'nspawn' as const, image: IMAGE, folder: '/state', credentialsDigest: '' };
    const [machine] = planMachines(launchGroup(), input);
    if (machine === undefined) throw new Error('no machine');
    const sandbox = await new FakeSandboxes().start({ dir: '/run/x', name: 'x', net: true });
    const credentials = {
      'store-ca': '/run/kiln-secrets/store-ca',
      'a-secret': '/run/kiln-secrets/a-secret',
    };
    const words = nspawnArguments(machine, { sandbox, bridge: 'kiln0', credentials });
    expect(words).toEqual(
      expect.arrayContaining([
        '--read-only',
        '--hostname=local-worker-1',
        '--overlay=+/etc:/state/local-worker-1/etc:/etc',
        '--overlay=+/var:/state/local-worker-1/var:/var',
        '--bind=/state/local-worker-1/scratch:/scratch',
        '--bind-ro=/state/local-worker-1/seed:/var/lib/cloud/seed/nocloud',
        '--network-bridge=kiln0',
      ]),
    );
    expect(words.filter((word) => word.startsWith('--load-credential'))).toEqual([
      '--load-credential=a-secret:/run/kiln-secrets/a-secret',
      '--load-credential=store-ca:/run/kiln-secrets/store-ca',
    ]);
  });
});

describe("a process's start time", () => {
  const fields = (state: string): string =>
    `12 (a) b (c) ${state} 1 12 12 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 100`;

  it('is found behind any name', () => {
    expect(startTime(fields('S'))).toBe('987654');
  });

  it('is none for a process that has ended and was not reaped', () => {
    expect(startTime(fields('Z'))).toBeUndefined();
  });
});
