// What the daemon's process does with what comes from outside of the work: signals, a stop that hangs, errors that nobody caught.
// Invariant: what ends the process hard is told before; the next start goes on where it was, as after kill -9.

import { exitCodes } from './cli/exit-codes.ts';
import type { Logger } from './observe/logger.ts';

type EndNow = (code: number) => void;

/** SIGINT and SIGTERM are those of every command (src/cli/run-cli.ts). */
export function tendProcess(logger: Logger, endNow: EndNow): void {
  process.on('SIGHUP', () => logger.warn('SIGHUP: the configuration is read at start; restart to change it'));
  // By default the one opens a debugger for everybody on this machine, and the other ends the process.
  for (const name of ['SIGUSR1', 'SIGUSR2'] as const) process.on(name, () => undefined);
  // Promises that nobody waited for arrive here too. What such an error left behind is unknown: only a new process knows its state.
  process.on('uncaughtException', (error: unknown) => {
    const because = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logger.error('the daemon ends because of a fault of rosterd', { errorCode: 'bug', because });
    void logger.close().finally(() => endNow(exitCodes.bug));
  });
}

/** A stop ends by itself between two transactions; what hangs for longer than people want to wait is ended hard. Returns its end. */
export function limitTheStop(
  { stopWithinMs }: { readonly stopWithinMs: number },
  logger: Logger,
  { signal, endNow }: { readonly signal: AbortSignal; readonly endNow: EndNow },
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    logger.error('the daemon did not stop in time and is ended; the next start goes on where it was', { stopWithinMs });
    void logger.close().finally(() => endNow(exitCodes.store));
  };
  const onStop = (): void => {
    timer = setTimeout(end, stopWithinMs);
  };
  if (signal.aborted) onStop();
  else signal.addEventListener('abort', onStop, { once: true });
  return () => {
    signal.removeEventListener('abort', onStop);
    clearTimeout(timer);
  };
}
