// One person in three systems; somebody with a login that is not hers; and what the systems disagree on.

import { agentRowOf } from './cisco-staff.ts';
import { attributeOf, explain, findingIn, users } from './demo-story-answers.ts';
import { userIDOf } from './demo-story-people.ts';
import type { Stage } from './demo-story-stage.ts';
import { contractor } from './demo-story-systems.ts';

export async function onePerson(stage: Stage): Promise<void> {
  await whereValuesComeFrom(stage);
  await somebodyElsesLogin(stage);
  await whatTheyDisagreeOn(stage);
}

async function whereValuesComeFrom(stage: Stage): Promise<void> {
  const { isInAllThree: person } = stage.cast;
  stage.chapter('3. One person, three systems');
  stage.say(
    `${person.displayName} supervises teams and has an account in each system, where not even the first name is the same. Here she is one user. For every value rosterd says where it comes from, who else had a say, and which run set it: extension from UCCX, agent ID from UCCE, teams and rights to manage each with its owner.`,
  );
  const explained = await stage.run(['user', 'explain', person.login], { lines: [25, 36] });
  const written = agentRowOf(stage.systems.staff, person)?.person.firstName;
  stage.expect(
    written !== undefined && !person.displayName.startsWith(written) && explained.includes(`says "${written}"`),
    `nothing says that UCCE writes ${written}`,
  );
  const known = await explain(stage, person.login);
  const sources = [...known.user.sources].sort().join();
  stage.expect(sources === 'ad-hq,ucce-main,uccx-main', `${person.login} is known to ${sources}`);
  const [extension, agentId] = [attributeOf(known, 'extension'), attributeOf(known, 'agentId')];
  stage.expect(
    extension?.owner === 'uccx-main' && agentId?.owner === 'ucce-main',
    `the extension is from ${extension?.owner}, the agent ID from ${agentId?.owner}`,
  );
  stage.expect(known.grants.length > 0, `${person.login} manages nobody`);
}

async function somebodyElsesLogin(stage: Stage): Promise<void> {
  const { userID, ownerInDirectory: owner } = stage.systems.staff.traps.otherPersonsLogin;
  const { firstName, lastName, username } = contractor;
  stage.chapter("4. Somebody else's login");
  stage.say(
    `On UCCX ${userID} is ${firstName} ${lastName}, who works for an agency. In the directory it is ${owner.displayName}. Whoever only compares logins gives the one the teams and conversations of the other. rosterd waits, and asks.`,
  );
  const waiting = findingIn(await stage.run(['finding', 'list', '--code', 'other-person']), 'other-person');
  stage.say('They are two people, so the account gets a user of its own; what it says follows with the next run.');
  const reason = 'asked the agency';
  await stage.run(['finding', 'resolve', waiting, '--new', '--username', username, '--reason', reason]);
  await stage.run(['sync', 'uccx-main'], { lines: [24, 0] });
  const now = await users(stage);
  const [hers, his] = [now.get(username), now.get(owner.login)];
  stage.expect(hers?.sources.join() === 'uccx-main' && hers.mainTeam !== null, `${username} has no team`);
  stage.expect(his?.sources.includes('uccx-main') === false, `${owner.login} is linked to UCCX`);
}

async function whatTheyDisagreeOn(stage: Stage): Promise<void> {
  const { staff } = stage.systems;
  stage.chapter('5. What the systems disagree on');
  stage.say(
    'What rosterd cannot mend, because it never writes to a source, becomes a list for those who can: here the first items for the administrator of UCCX, in words that need no rosterd.',
  );
  const list = await stage.run(['finding', 'list', '--for', 'uccx-main', '--format', 'md'], { lines: [51, 0] });
  for (const { userID } of [staff.traps.notInDirectory, staff.traps.disabledInDirectory])
    stage.expect(list.includes(userID), `the list does not name ${userID}`);
  stage.expect(!list.includes(userIDOf(stage.systems, stage.cast.leavesUccx)), 'the list names somebody without cause');
}
