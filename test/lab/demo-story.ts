// The story of the demo, in order; what is kept or removed at its end.

import { changesInTheDirectory } from './demo-story-changes.ts';
import { theContactCentreChanges } from './demo-story-contact-centre.ts';
import { byItself } from './demo-story-daemon.ts';
import { firstSync } from './demo-story-first-sync.ts';
import { whatIsLocal } from './demo-story-local.ts';
import { theMistake } from './demo-story-mistake.ts';
import { onePerson } from './demo-story-one-person.ts';
import { theProof } from './demo-story-proof.ts';
import { Stage } from './demo-story-stage.ts';

export interface Telling {
  readonly afterwards: 'keep' | 'remove';
  readonly signal: AbortSignal;
}

/** Throws an Error that names the step whose outcome was not the expected one. */
export async function tellStory({ afterwards, signal }: Telling): Promise<void> {
  const startedAt = performance.now();
  const stage = await Stage.set(signal);
  let isKept = false;
  try {
    const { staff, directory } = stage.systems;
    stage.say(
      'rosterd keeps the users and teams of a contact centre in step with its directories. It only reads them; it never writes to a source. ' +
        'This demo starts an invented contact centre on this machine: an Active Directory ' +
        `(${directory.facts.people.length} people), a Cisco UCCX (${staff.uccx.resources.length} agents) and a Cisco UCCE ` +
        `(${staff.ucce.agents.length} agents), with the same people in them, and plays a week with it. ` +
        'The lines that begin with $ are what you would type; long output is cut, and says so.',
    );
    await firstSync(stage);
    await onePerson(stage);
    await changesInTheDirectory(stage);
    await whatIsLocal(stage);
    await theContactCentreChanges(stage);
    await theMistake(stage);
    await theProof(stage);
    await byItself(stage);
    stage.chapter('The end');
    stage.say(`Every step ended as it should (${((performance.now() - startedAt) / 1_000).toFixed(0)} s).`);
    isKept = afterwards === 'keep';
    if (isKept) await stage.leave();
    else stage.say('The systems and their folder are removed. To keep them and try more: npm run demo -- --keep');
  } finally {
    if (!isKept) await stage.strike();
  }
}
