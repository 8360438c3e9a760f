import { serve } from '../processes/threads';
import { firstDifference, type Unpacked } from './tree-check';

/* What a thread runs that compares unpacked trees. */
serve((tree: Unpacked) => Promise.resolve(firstDifference(tree)));
