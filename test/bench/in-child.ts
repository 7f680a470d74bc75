// Runs a task in a fresh process and waits for its answer.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Reply, Task } from './protocol.ts';

const script = fileURLToPath(new URL('./child.ts', import.meta.url));

/** `profileFolder`: a CPU profile of the process is written there. */
export async function inChild(task: Task, profileFolder: string | undefined, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const execArgv = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const child = fork(script, [JSON.stringify(task)], { execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  let complaint = '';
  child.stderr?.on('data', (text: Buffer) => {
    complaint = `${complaint}${text.toString()}`.slice(-4_000);
  });
  let reply: Reply | undefined;
  child.once('message', (message) => {
    reply = message as Reply;
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (reply === undefined) throw new Error(`${task.do} ended with ${code} and no answer: ${complaint}`);
  if (!reply.ok) throw new Error(`${task.do} failed: ${reply.error}`);
  return reply.answer;
}
