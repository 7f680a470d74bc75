// People come, change their names and go. The directory says so, and rosterd follows.

import { explain, fieldOf } from './demo-story-answers.ts';
import { castOf, type DemoPerson } from './demo-story-people.ts';
import type { Stage } from './demo-story-stage.ts';
import { addUser } from './directory.ts';

type Explained = Awaited<ReturnType<typeof explain>> | undefined;

export async function changesInTheDirectory(stage: Stage): Promise<void> {
  await somebodyJoins(stage);
  const { marries, leaves } = castOf(stage.directory.facts);
  // Commands that only read may run at the same time.
  const [nadia, before, beforeLeaving] = await Promise.all(
    ['nhorak', marries.login, leaves.login].map((login) => explain(stage, login)),
  );
  stage.expect(
    nadia?.user.enabled === true && nadia.user.mainTeam === 'Billing',
    `Nadia's main team is ${nadia?.user.mainTeam}`,
  );
  await somebodyMarries(stage, marries, before);
  await somebodyLeaves(stage, leaves, beforeLeaving);
}

async function somebodyJoins(stage: Stage): Promise<void> {
  const { directory } = stage;
  const billing = directory.facts.groups['CC Billing'] ?? '';
  stage.chapter('3. Somebody joins');
  stage.act('In the directory: Nadia Horak gets an account and becomes a member of CC Billing.');
  const dn = await addUser(directory, {
    parentDn: directory.facts.peopleDn,
    cn: 'Nadia Horak',
    login: 'nhorak',
    upnSuffix: 'example.test',
    attributes: {
      givenName: 'Nadia',
      sn: 'Horak',
      displayName: 'Nadia Horak',
      mail: 'nhorak@example.test',
      telephoneNumber: '+49 30 5550100',
    },
  });
  await directory.addMembers(billing, [dn]);
  stage.say('The next run creates her and puts her into the team Billing, which is the first and so her main team.');
  await stage.run(['sync', 'ad-hq']);
}

async function somebodyMarries(stage: Stage, marries: DemoPerson, before: Explained): Promise<void> {
  const { directory } = stage;
  const given = marries.displayName.split(' ')[0] ?? '';
  const login = `${given.slice(0, 1).toLowerCase()}lindqvist`;
  stage.chapter('4. Somebody marries');
  stage.act(
    `In the directory: ${marries.displayName} (${marries.login}) becomes ${given} Lindqvist (${login}), with a new e-mail address.`,
  );
  const values = {
    sn: 'Lindqvist',
    displayName: `${given} Lindqvist`,
    mail: `${login}@example.test`,
    sAMAccountName: login,
  };
  await directory.modify(
    marries.dn,
    Object.entries(values).map(([attribute, value]) => ({ operation: 'replace', attribute, values: value })),
  );
  await directory.rename(marries.dn, `CN=${given} Lindqvist`);
  stage.say(
    'An account is known by its object id, not by its name: nobody is deleted and created anew. The same user gets the new name, and keeps teams and history.',
  );
  await stage.run(['sync', 'ad-hq']);
  const after = await explain(stage, login);
  stage.expect(after.user.id === before?.user.id, 'the renamed person is another user');
  stage.expect(
    after.user.email === `${login}@example.test` && fieldOf(after, 'lastName') === 'Lindqvist',
    'the new name did not arrive',
  );
  stage.expect(after.user.teams.join() === before?.user.teams.join(), 'the renamed person lost a team');
}

async function somebodyLeaves(stage: Stage, leaves: DemoPerson, before: Explained): Promise<void> {
  const { directory } = stage;
  stage.chapter('5. Somebody leaves');
  stage.act(`In the directory: the account of ${leaves.displayName} (${leaves.login}) is deleted.`);
  await directory.delete(leaves.dn);
  stage.say(
    'A missing account is not yet a deleted one. rosterd asks for it by its id, and only when the directory knows it no more is the user disabled. Nothing is deleted here: name, teams and history stay.',
  );
  await stage.run(['sync', 'ad-hq']);
  await stage.run(['user', 'list', '--search', leaves.login]);
  const after = await explain(stage, leaves.login);
  stage.expect(!after.user.enabled, 'the person who left is still enabled');
  stage.expect(after.accounts[0]?.presence === 'absent', `the account is ${after.accounts[0]?.presence}`);
  stage.expect(after.user.teams.join() === before?.user.teams.join(), 'the person who left lost a team');
}
