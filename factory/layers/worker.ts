import { serve } from '../ports/threads';
import { firstDifference } from './tree-check';

/* What a thread runs that compares unpacked trees. */
serve(firstDifference);
