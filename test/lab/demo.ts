// `npm run demo`: rosterd against an invented contact centre, from an empty folder to a held mistake and back. Every command is a
// real one, and every step checks its own outcome. `npm run demo -- --keep` leaves folder and systems for playing on.

import { parseArgs } from 'node:util';
import { tellStory } from './demo-story.ts';

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });

// A second Ctrl-C ends at once; the first lets the story remove what it made.
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

try {
  await tellStory({ afterwards: values.keep ? 'keep' : 'remove', signal: stop.signal });
} catch (error) {
  console.error(`\ndemo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
