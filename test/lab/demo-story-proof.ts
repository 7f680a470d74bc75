// Who did what, and is the log whole?

import type { Stage } from './demo-story-stage.ts';

export async function theProof(stage: Stage): Promise<void> {
  stage.chapter('11. Who did it');
  stage.say('Each change and each act is one entry of the audit log.');
  await stage.run(['audit', 'list', '--limit', '8']);
  stage.say(
    'The entries are chained with a key outside the database. A changed, cut, inserted or reordered one would be named.',
  );
  const proof = await stage.run(['audit', 'verify']);
  stage.expect(proof.includes('The log is whole'), 'the audit log is not whole');
}
