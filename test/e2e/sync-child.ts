// A rosterd process of its own that syncs once and, where it is told to, dies in the middle of it.
// node sync-child.ts <config> [<phase> <nth event of the phase> <signal>]: prints the state of the run, or what was thrown.

import { createRosterd } from '../../src/compose.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { asSourceName } from '../../src/model/ids.ts';

const [config = '', phase, nth = '1', signal = 'SIGKILL'] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const app = await createRosterd('test').open({ config });
let seen = 0;
try {
  const { run } = await app.sync(asSourceName('hq'), { mode: 'full', intent: 'apply' }, stop.signal, (event) => {
    if (!('phase' in event) || event.phase !== phase) return;
    seen += 1;
    // A signal to oneself arrives at once; SIGTERM as an event in a later turn.
    if (seen === Number(nth)) process.kill(process.pid, signal as NodeJS.Signals);
  });
  process.stdout.write(run.state);
} catch (error) {
  process.stdout.write(error instanceof RosterdError ? error.code : String(error));
} finally {
  await app.close();
}
