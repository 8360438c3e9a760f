import { join } from 'node:path';
import type { Spec } from '../contracts/spec';
import { readAsked } from '../lock/asked';
import type { Exec } from '../ports/machine/exec';
import type { Kiln } from '../ports/kiln/kiln';
import type { Project } from '../project';
import { bakeAnswer, promoteAnswer, reproduceAnswer, verifyAnswer } from './answers';
import type { Effects, Night } from './effects';
import { writeWhole } from './files';
import { isUnchanged } from './plan';
import { commitProposal } from './propose';
import { changeOf, LOCK_FILE, readChangeText, SPEC_FILE, writeProposal } from './propose-change';
import type { Resolved } from './refresh/resolve';
import { gather } from './report/gather';
import { reportPage } from './report/page';
import type { Move, Step } from './steps';

export interface World {
  readonly project: Project;
  readonly spec: Spec;
  readonly channel: string;
  readonly exec: Exec;
  readonly kiln: Kiln;
  readonly resolve: () => Promise<Resolved>;
  /** A line of what a step says while it goes on. */
  readonly progress: (step: Step, line: string) => void;
  readonly host: string;
}

/** Where the newest page is, whatever its night is called. */
export const newestReport = (project: Project): string => join(project.state, 'nightly', 'report.html');

/** The steps as they are done for real. */
export function hostEffects(world: World): Effects {
  const { project, spec, exec, kiln, progress } = world;
  const proposed = (night: Night): Project => ({
    ...project,
    spec: join(night.folder, SPEC_FILE),
    lock: join(night.folder, LOCK_FILE),
  });
  const say = (step: Step, night: Night) => ({
    spec: proposed(night).spec,
    onLine: (line: string): void => {
      progress(step, line);
    },
  });
  const move = async (step: Step, night: Night, digest: string, channel: string): Promise<Move> => {
    const words = ['promote', digest, channel, '--reason', `night ${night.run}`, '--apply'];
    const { onLine } = say(step, night);
    return promoteAnswer(channel, (await kiln.run(words, { onLine })).answer);
  };

  return {
    async refresh(night, { sources }) {
      const resolved = await world.resolve();
      const { digest: lock, how } = resolved;
      // Nothing of a night in which nothing changed is looked at again.
      if (isUnchanged(lock, sources, night.previous)) return { lock, how, packages: 0 };
      writeWhole(join(night.folder, SPEC_FILE), resolved.specText);
      const found = await changeOf(project, readAsked(proposed(night)), resolved, night.previous);
      await writeProposal(exec, project, night, resolved, found);
      return { lock, how, packages: found.change.packages.length };
    },

    async bake(night) {
      const words = ['bake', '--lock', proposed(night).lock];
      return bakeAnswer((await kiln.run(words, say('bake', night))).answer);
    },

    async verify(night, { digest }) {
      return verifyAnswer((await kiln.run(['verify', digest], say('verify', night))).answer);
    },

    async reproduce(night, { digest }) {
      return reproduceAnswer((await kiln.run(['reproduce', digest], say('reproduce', night))).answer);
    },

    register: (night, { digest, channel }) => move('register', night, digest, channel),

    async promote(night, { digest, channels }) {
      const moves: Move[] = [];
      for (const channel of channels) {
        const made = await move('promote', night, digest, channel);
        moves.push(made);
        // What one channel does not take, the next one is not offered.
        if (!made.taken) break;
      }
      return { moves };
    },

    async propose(night, { branch }) {
      if (branch === undefined) return { branch: null, commit: null };
      const commit = await commitProposal(exec, {
        project,
        branch,
        folder: night.folder,
        message: readChangeText(night),
        run: night.run,
        at: night.began,
      });
      return commit === undefined ? { branch: null, commit: null } : { branch, commit };
    },

    report(night, { result }) {
      const about = { image: spec.image, channel: world.channel, host: world.host };
      const page = reportPage(gather(project, night, result, about));
      const file = join(night.folder, 'report.html');
      for (const each of [file, newestReport(project)]) writeWhole(each, page);
      return Promise.resolve({ file });
    },
  };
}
