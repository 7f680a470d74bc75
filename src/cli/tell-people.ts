// After a command that may have written notices: they are sent at once, because without a daemon nobody else would.
// Invariant: what does not arrive is a note beside the output and no exit code; the outbox keeps it.

import type { App } from './app.ts';
import type { Cli } from './cli.ts';
import { printable } from './table.ts';

export async function tellPeople({ terminal, signal }: Cli, app: App): Promise<void> {
  if (signal.aborted) return;
  for (const trouble of await app.notify.deliver(signal))
    terminal.errorLine(`${terminal.styleError('yellow', 'Note:')} ${printable(trouble)}`);
}
