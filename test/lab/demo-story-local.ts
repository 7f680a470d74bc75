// What people set here by hand, and whom they keep from sync.

import { attributeOf, explain, fieldOf, findingIn } from './demo-story-answers.ts';
import { userIDOf } from './demo-story-people.ts';
import type { Stage } from './demo-story-stage.ts';

export async function whatIsLocal(stage: Stage): Promise<void> {
  const { directory, uccx } = stage.systems;
  const { hasLocalExtension: person, isOnLoan } = stage.cast;
  stage.chapter('7. What is set here stays');
  stage.say(
    `The phone on the desk of ${person.displayName} has another extension than UCCX says. An admin sets it here. And ${isOnLoan.displayName} works for another site this month, and is to stay unchanged, whatever the directory does.`,
  );
  await stage.run(['user', 'attribute', 'set', person.login, 'extension', '4711']);
  await stage.run(['user', 'sync', 'off', isOnLoan.login, '--reason', 'on loan to Brno', '--until', '30d']);
  stage.act(
    `On UCCX the extension of ${person.displayName} changes, in the directory the title. The account of ${isOnLoan.displayName} is disabled there.`,
  );
  await uccx.act('changeResource', userIDOf(stage.systems, person), { extension: '199999' });
  await directory.modify(person.dn, [{ operation: 'replace', attribute: 'title', values: 'Senior Agent' }]);
  await directory.modify(isOnLoan.dn, [{ operation: 'replace', attribute: 'department', values: 'Somewhere Else' }]);
  await directory.disable(isOnLoan.dn);
  stage.say(
    'Sync brings the title, and notes the extension of UCCX beside the local one, which goes on to count. The user on loan stays.',
  );
  await stage.run(['sync'], { lines: [24, 0] });
  stage.say('But somebody who is disabled in the directory and works on here should be known, so there is a finding.');
  const code = 'sync-off-but-disabled';
  findingIn(await stage.run(['finding', 'list', '--code', code]), code);
  // Commands that only read may run at the same time.
  const [after, onLoan] = await Promise.all([explain(stage, person.login), explain(stage, isOnLoan.login)]);
  const extension = attributeOf(after, 'extension')?.value;
  stage.expect(extension === '4711', `the extension is ${extension}`);
  stage.expect(fieldOf(after, 'title') === 'Senior Agent', 'the title did not arrive');
  stage.expect(onLoan.user.enabled, 'the user whose sync is off was disabled');
  stage.expect(
    fieldOf(onLoan, 'department') !== 'Somewhere Else',
    'the department of a user whose sync is off changed',
  );
}
