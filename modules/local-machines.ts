import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { Resource } from '@cdktf/provider-null/lib/resource';
import { App, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { LaunchGroup } from '../factory/contracts/launch';
import { defined } from '../factory/defined';
import { faultsOf } from './faults';
import { projectOf, relativePath } from './project';

export interface LocalMachinesProps {
  readonly launch: LaunchGroup;
  /** Machines that must be there before these, and whose replacement replaces these. @default none */
  readonly after?: LocalMachines;
}

/**
 * A group of like machines on this one, started and ended by `kiln machines`.
 *
 * Two resources, whatever the number of machines. The first stands for the group and ends it: it is
 * made before anything can fail, because terraform runs no destroy provisioner of a resource whose
 * creation failed. The second starts the machines. Any change of the group replaces both.
 */
export class LocalMachines extends Construct {
  /** Changes whenever the machines are replaced. */
  readonly id: string;

  constructor(scope: Construct, id: string, props: LocalMachinesProps) {
    super(scope, id);
    const { launch, after } = props;
    const { cluster, group } = launch;
    const text = JSON.stringify(launch);
    const here = kilnHere(this);

    const stands = new Resource(this, 'group', {
      triggers: {
        cluster,
        group,
        count: String(launch.count),
        image: launch.image.digest,
        config: createHash('sha256').update(text).digest('hex'),
        kiln: here.kiln,
        ...defined({ after: after?.id }),
      },
      provisioners: [
        {
          type: 'local-exec',
          when: 'destroy',
          workingDir: here.workingDir,
          command:
            '${self.triggers.kiln} machines down --cluster ${self.triggers.cluster} --group ${self.triggers.group}',
        },
      ],
    });
    const runs = new Resource(this, 'machines', {
      triggers: { group: stands.id },
      provisioners: [
        {
          type: 'local-exec',
          workingDir: here.workingDir,
          environment: { KILN_LAUNCH_GROUP: verbatim(text) },
          command: `printf %s "$KILN_LAUNCH_GROUP" | ${here.kiln} machines up --spec -`,
        },
      ],
    });
    this.id = runs.id;

    this.node.addValidation({
      // node.json's own faults are told by NodeConfig.
      validate: () =>
        faultsOf(LaunchGroup, launch, 'launch group').filter(
          (fault) => !fault.startsWith('launch group: node.'),
        ),
    });
  }
}

/** Terraform reads every string as a template; this one is to arrive as it is. */
const verbatim = (text: string): string => text.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);

export interface KilnHere {
  /** The project's folder as terraform sees it from the stack's. */
  readonly workingDir: string;
  /** The kiln command as seen from the project's folder. */
  readonly kiln: string;
}

/** Where provisioners find things, without an absolute path. */
export function kilnHere(scope: Construct): KilnHere {
  const { root, home } = projectOf(scope);
  const outdir = resolve(App.of(scope).outdir);
  return {
    workingDir: relativePath(join(outdir, 'stacks', TerraformStack.of(scope).node.id), root),
    kiln: join(relativePath(root, home), 'bin', 'kiln'),
  };
}
