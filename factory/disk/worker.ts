import { serve } from '../processes/threads';
import { doTask } from './tasks';

/* What a thread of an assembly runs. */
serve(doTask);
