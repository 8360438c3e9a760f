import type { Command } from 'commander';
import { assemble } from './assemble';
import { bake } from './bake';
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
import { registry } from './registry';
import { reproduce } from './reproduce';
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
  clusters,
  doctor,
  history,
  image,
  images,
  lock,
  machines,
  nightly,
  promote,
  registry,
  reproduce,
  rollback,
  store,
  run,
  status,
  vault,
  verify,
];

/** Steps that images/spark-node.pkr.hcl calls; not listed by `kiln --help`. */
export const PLUMBING: readonly (() => Command)[] = [assemble, layer];
