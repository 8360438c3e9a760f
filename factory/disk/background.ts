import { giveWay, serve } from '../processes/threads';
import { doTask } from './tasks';

/* What a thread of an assembly runs whose task has time until the end. */
giveWay();
serve(doTask);
