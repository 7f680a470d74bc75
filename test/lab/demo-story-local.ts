// What people set here by hand, and whom they keep from sync.

import { attributeOf, explain, fieldOf, openFindings } from './demo-story-answers.ts';
import { castOf } from './demo-story-people.ts';
import type { Stage } from './demo-story-stage.ts';

export async function whatIsLocal(stage: Stage): Promise<void> {
  await aLocalValueStays(stage);
  await aSwitchedOffUserStays(stage);
}

async function aLocalValueStays(stage: Stage): Promise<void> {
  const { directory } = stage;
  const { hasLocalExtension: person } = castOf(directory.facts);
  stage.chapter('6. What an admin sets stays');
  stage.say(
    `The phone on the desk of ${person.displayName} has another extension than the directory says. An admin sets it here.`,
  );
  await stage.run(['user', 'attribute', 'set', person.login, 'extension', '4711']);
  stage.act('In the directory: title and extension of the same account change.');
  await directory.modify(person.dn, [
    { operation: 'replace', attribute: 'ipPhone', values: '199999' },
    { operation: 'replace', attribute: 'title', values: 'Senior Agent' },
  ]);
  stage.say(
    'Sync brings the title. The extension of the directory is noted beside the local one, which goes on to count.',
  );
  await stage.run(['sync', 'ad-hq']);
  const after = await explain(stage, person.login);
  stage.expect(attributeOf(after, 'extension') === '4711', `the extension is ${attributeOf(after, 'extension')}`);
  stage.expect(fieldOf(after, 'title') === 'Senior Agent', 'the title did not arrive');
}

async function aSwitchedOffUserStays(stage: Stage): Promise<void> {
  const { directory } = stage;
  const { isOnLoan: person } = castOf(directory.facts);
  stage.chapter('7. A user whose sync is off');
  stage.say(
    `${person.displayName} works for another site this month, and is to stay here unchanged, whatever the directory does.`,
  );
  await stage.run(['user', 'sync', 'off', person.login, '--reason', 'on loan to Brno', '--until', '30d']);
  stage.act('In the directory: the account is disabled, and its department changes.');
  await directory.modify(person.dn, [{ operation: 'replace', attribute: 'department', values: 'Somewhere Else' }]);
  await directory.disable(person.dn);
  await stage.run(['sync', 'ad-hq']);
  stage.say(
    'Nothing changed. But somebody who is disabled in the directory and works on here should be known, so there is a finding.',
  );
  await stage.run(['finding', 'list', '--code', 'sync-off-but-disabled']);
  const [after, findings] = await Promise.all([explain(stage, person.login), openFindings(stage)]);
  stage.expect(after.user.enabled, 'the user whose sync is off was disabled');
  stage.expect(fieldOf(after, 'department') !== 'Somewhere Else', 'the department of a user whose sync is off changed');
  const found = findings.filter((finding) => finding.code === 'sync-off-but-disabled');
  stage.expect(found.length === 1, `${found.length} findings say that the directory disabled a user whose sync is off`);
}
