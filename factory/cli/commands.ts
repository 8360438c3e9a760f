import type { Command } from 'commander';
import { assemble } from './assemble';
import { bake } from './bake';
import { blame } from './blame';
import { cancel } from './cancel';
import { gc } from './gc';
import { inUse } from './in-use';
import { pin, unpin } from './pin';
import { revoke } from './revoke';
import { store } from './store';
import { clusters } from './clusters';
import { doctor } from './doctor';
import { history } from './history';
import { image } from './image';
import { images } from './images';
import { jobs } from './jobs';
import { layer } from './layer';
import { lock } from './lock';
import { logs } from './logs';
import { machines } from './machines';
import { nightly } from './nightly';
import { open } from './open';
import { promote } from './promote';
import { publish } from './publish';
import { registry } from './registry';
import { reproduce } from './reproduce';
import { resolve } from './resolve';
import { rollback } from './rollback';
import { run } from './run';
import { status } from './status';
import { vault } from './vault';
import { verify } from './verify';

/**
 * Every subcommand under the heading of those who use it most, one file each. A file only declares its options; what
 * it does is imported when it runs, so that `kiln --help` starts in a blink.
 */
export const COMMANDS: readonly (readonly [heading: string, commands: readonly (() => Command)[]])[] = [
  [
    'Data engineer, images and jobs:',
    [lock, bake, verify, reproduce, images, image, run, jobs, logs, cancel],
  ],
  ['Infra team, clusters of this machine:', [status, clusters, open, machines, store, doctor]],
  [
    'Release owner, what runs and what is kept:',
    [promote, rollback, revoke, history, blame, publish, registry, pin, unpin, gc, inUse],
  ],
  ['Pipeline:', [nightly, vault]],
];

/** What images/spark-node.pkr.hcl and a synth call; not listed by `kiln --help`. */
export const PLUMBING: readonly (() => Command)[] = [assemble, layer, resolve];
