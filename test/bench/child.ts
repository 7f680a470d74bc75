// One task in a process of its own, so that memory and CPU are its own too. Started by in-child.ts, answers over IPC.

import { bareRead } from './bare-read.ts';
import { connectorRead } from './connector-read.ts';
import type { Answer, Reply, Task } from './protocol.ts';

async function perform(task: Task): Promise<Answer> {
  switch (task.do) {
    case 'bare-read':
      return bareRead(task.server);
    case 'connector-read':
      return connectorRead(task.server);
    case 'ucce-decode':
    case 'ucce-read': {
      const { ucceDecode, ucceRead } = await import('./ucce-read.ts');
      return task.do === 'ucce-decode' ? ucceDecode(task.server) : ucceRead(task.server);
    }
    case 'sync': {
      // The daemon is loaded only where it is measured: its code would count as memory of the bare read.
      const { syncRun } = await import('./sync-run.ts');
      return syncRun(task.config, task.intent);
    }
    default:
      return task satisfies never;
  }
}

const reply = await perform(JSON.parse(process.argv[2] ?? '') as Task).then(
  (answer): Reply => ({ ok: true, answer }),
  (error: unknown): Reply => ({
    ok: false,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }),
);
process.send?.(reply, () => process.disconnect());
