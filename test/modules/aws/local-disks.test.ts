import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { disksOf, localDisks } from '../../../modules/aws/local-disks';
import table from '../../../modules/aws/local-disks.json';

const ROOT = resolve(__dirname, '../../..');

describe('local disks of an instance type', () => {
  it.each([
    ['m6id.large', 1],
    ['i4i.32xlarge', 8],
    ['c5ad.4xlarge', 2],
    ['m6i.large', undefined], // no disks
    ['m7gd.large', undefined], // arm64
    ['i3.large', undefined], // no UEFI
    ['d3.xlarge', undefined], // rotating disks
    ['m6id', undefined],
    ['', undefined],
  ])('%s: %s', (type, disks) => {
    expect(localDisks(type)).toBe(disks);
  });

  it('are equally many for all types of a group, or there is a fault', () => {
    expect(disksOf(['m6id.large', 'm5d.2xlarge'], 'x')).toEqual({ disks: 1, faults: [] });
    expect(disksOf(['i4i.16xlarge', 'i7i.16xlarge'], 'x')).toEqual({ disks: 4, faults: [] });
    expect(disksOf(['m6id.large', 'i4i.16xlarge'], 'x').faults).toHaveLength(1);
  });

  it.skipIf(process.env['KILN_TEST_ALL'] !== '1')(
    'are as EC2’s own description says (make test-all)',
    () => {
      const venv = spawnSync(join(ROOT, 'tools/moto/venv'), [], { encoding: 'utf8' });
      expect(venv.status, venv.stderr).toBe(0);
      const program = join(ROOT, 'tools/moto/local-disks.py');
      const { stdout } = spawnSync(join(venv.stdout.trim(), 'bin/python'), [program], { encoding: 'utf8' });
      expect(JSON.parse(stdout)).toEqual(table);
    },
    600_000,
  );
});
