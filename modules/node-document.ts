import { Construct } from 'constructs';
import { NodeConfig } from '../factory/contracts/node';
import { faultsOf } from './faults';
import { sparkFaults } from './spark-rules';

/**
 * node.json of one kind of machine. A stack with a faulty one does not synthesise: every fault is
 * reported with its path, by the same rules as the node itself has.
 */
export class NodeDocument extends Construct {
  constructor(
    scope: Construct,
    id: string,
    /** Goes to the machines as it is once it is valid. */
    readonly document: NodeConfig,
    /** Of the image's record: which Spark the settings are for. */
    versions: Readonly<Record<string, string>>,
  ) {
    super(scope, id);
    this.node.addValidation({
      validate: () => {
        const faults = faultsOf(NodeConfig, document, 'node.json');
        // Without an image there is no Spark to judge for.
        const unknown = versions['spark'] === undefined;
        return faults.length > 0 || unknown ? faults : sparkFaults(this, versions, document);
      },
    });
  }
}
