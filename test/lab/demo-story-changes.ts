// People come, change their names and go. The systems say so, and rosterd follows.

import { staffDomain } from './cisco-staff.ts';
import { users } from './demo-story-answers.ts';
import type { Stage } from './demo-story-stage.ts';
import { addUser } from './directory.ts';

const joiner = { login: 'nhorak', givenName: 'Nadia', familyName: 'Horak', agentId: '800999' } as const;

export async function changesInTheDirectory(stage: Stage): Promise<void> {
  const { marries, leaves } = stage.cast;
  stage.chapter('6. Somebody joins, somebody marries, somebody leaves');
  const before = await users(stage);
  const team = await somebodyJoins(stage);
  const login = await somebodyMarries(stage);
  stage.act(`In the directory: the account of ${leaves.displayName} (${leaves.login}) is deleted.`);
  await stage.systems.directory.delete(leaves.dn);
  stage.say(
    'One run of all sources. The newcomer becomes one user, with the team that UCCE says. Who marries keeps everything: an account is known by its object id, not by its name. And a missing account is not yet a deleted one: rosterd asks for it by its id, and only when the directory knows it no more is the user disabled. Nothing is deleted here: name, teams and history stay.',
  );
  await stage.run(['sync'], { lines: [44, 0] });
  const after = await users(stage);
  const [nadia, married, gone] = [after.get(joiner.login), after.get(login), after.get(leaves.login)];
  const sources = nadia?.sources.length;
  stage.expect(
    nadia?.enabled === true && nadia.mainTeam === team && sources === 2,
    `Nadia's main team is ${nadia?.mainTeam}, from ${sources} sources`,
  );
  const bride = before.get(marries.login);
  stage.expect(married !== undefined && married.id === bride?.id, 'the renamed person is another user');
  stage.expect(
    married?.email === `${login}@example.test` && married.displayName?.endsWith('Lindqvist') === true,
    'the new name did not arrive',
  );
  stage.expect(married?.teams.join() === bride?.teams.join(), 'the renamed person lost a team');
  stage.expect(gone?.enabled === false, 'the person who left is still enabled');
  stage.expect(gone?.teams.join() === before.get(leaves.login)?.teams.join(), 'the person who left lost a team');
}

/** Answers the name of the team. */
async function somebodyJoins(stage: Stage): Promise<string> {
  const { directory, staff, ucce } = stage.systems;
  const [team] = staff.ucce.teams;
  if (team === undefined) throw new Error('the UCCE of the demo has no team');
  const { login, givenName, familyName, agentId } = joiner;
  const name = `${givenName} ${familyName}`;
  stage.act(`In the directory ${name} gets an account, and on UCCE she is agent ${agentId} of the team ${team.name}.`);
  await addUser(directory, {
    parentDn: directory.facts.peopleDn,
    cn: name,
    login,
    upnSuffix: staffDomain,
    attributes: { givenName, sn: familyName, displayName: name, mail: `${login}@example.test` },
  });
  await ucce.act('addAgent', {
    agentId,
    peripheralId: team.peripheralId,
    teamId: team.id,
    person: { firstName: givenName, lastName: familyName, userName: `${login}@${staffDomain}`, loginEnabled: true },
  });
  return team.name;
}

/** Answers the new login. */
async function somebodyMarries(stage: Stage): Promise<string> {
  const { directory } = stage.systems;
  const { marries } = stage.cast;
  const given = marries.displayName.split(' ')[0] ?? '';
  const login = `${given.slice(0, 1).toLowerCase()}lindqvist`;
  stage.act(
    `In the directory ${marries.displayName} (${marries.login}) becomes ${given} Lindqvist (${login}), with a new e-mail address.`,
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
  return login;
}
