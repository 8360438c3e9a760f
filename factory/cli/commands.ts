import type { Command } from 'commander';
import { assemble } from './assemble';
import { bake } from './bake';
import { blame } from './blame';
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
import { layer } from './layer';
import { lock } from './lock';
import { machines } from './machines';
import { nightly } from './nightly';
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
 * Every subcommand, one file each. A file only declares its options; what it does is imported when
 * it runs, so that `kiln --help` starts in a blink.
 */
export const COMMANDS: readonly (() => Command)[] = [
  bake,
  blame,
  clusters,
  doctor,
  gc,
  history,
  image,
  images,
  inUse,
  lock,
  machines,
  nightly,
  pin,
  promote,
  publish,
  registry,
  reproduce,
  revoke,
  rollback,
  store,
  run,
  status,
  unpin,
  vault,
  verify,
];

/** What images/spark-node.pkr.hcl and a synth call; not listed by `kiln --help`. */
export const PLUMBING: readonly (() => Command)[] = [assemble, layer, resolve];
