// Why is this so, who did it, and is the log whole?

import { castOf } from './demo-story-people.ts';
import type { Stage } from './demo-story-stage.ts';

export async function theProof(stage: Stage): Promise<void> {
  const { hasLocalExtension: person } = castOf(stage.directory.facts);
  stage.chapter('9. Why, and who');
  stage.say(
    `For every value of a user: where it comes from, who else had a say, and which run changed it last. Of ${person.displayName}:`,
  );
  const explained = await stage.run(['user', 'explain', person.login], { lines: [9, 18] });
  stage.expect(explained.includes('4711'), 'the explanation does not name the local extension');
  stage.say('Each change and each act is one entry of the audit log.');
  await stage.run(['audit', 'list', '--limit', '8']);
  stage.say(
    'The entries are chained with a key outside the database. A changed, cut, inserted or reordered one would be named.',
  );
  const proof = await stage.run(['audit', 'verify']);
  stage.expect(proof.includes('The log is whole'), 'the audit log is not whole');
}
