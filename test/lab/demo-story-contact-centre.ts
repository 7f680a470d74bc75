// Somebody leaves UCCX, a team vanishes there, and two systems break: who loses what, and who loses nothing.

import { membersOf, runIn, users } from './demo-story-answers.ts';
import { userIDOf } from './demo-story-people.ts';
import type { Stage } from './demo-story-stage.ts';

export async function theContactCentreChanges(stage: Stage): Promise<void> {
  stage.chapter('8. Somebody leaves UCCX, and a team vanishes');
  await somebodyLeavesUccx(stage);
  await aTeamVanishes(stage);
  await theSystemsBreak(stage);
}

async function somebodyLeavesUccx(stage: Stage): Promise<void> {
  const { leavesUccx: person } = stage.cast;
  const before = (await users(stage)).get(person.login);
  stage.act(
    `On UCCX: ${person.displayName} is removed. On UCCE and in the directory everything stays: it is a change of work, not the end of it.`,
  );
  await stage.systems.uccx.act('removeResource', userIDOf(stage.systems, person));
  stage.say('What UCCX gave goes: the extension and the team there. The user works on.');
  await stage.run(['sync', 'uccx-main'], { lines: [20, 0] });
  const after = (await users(stage)).get(person.login);
  stage.expect(after?.enabled === true, `${person.login} was disabled`);
  stage.expect(
    before?.teams.length === 2 && after?.teams.join() === after?.mainTeam && after?.mainTeam === before.mainTeam,
    `${person.login} is in ${after?.teams.join(', ') || 'no team'}`,
  );
}

async function aTeamVanishes(stage: Stage): Promise<void> {
  const { uccx, nightShift } = stage.systems;
  const { team, members } = nightShift;
  stage.act(`On UCCX: somebody deletes the team ${team.name}. UCCX puts its ${members.length} members into Default.`);
  await uccx.act('removeTeam', team.id);
  stage.say(
    'Quality Management goes by the main team, so every plan says whose main team it would change. And nobody is taken out of a team that loses all of its members, until a person approves it: exit code 3.',
  );
  await stage.run(['plan', 'uccx-main'], { exit: 3, lines: [3, 10] });
  const held = await stage.run(['sync', 'uccx-main'], { exit: 3, lines: [0, 8] });
  const still = membersOf(team.name, await users(stage));
  stage.expect(still === members.length, `${still} of ${members.length} are in ${team.name}`);
  stage.say('Who moves from which main team to which, and by which rule:');
  const moves = await stage.run(['run', 'show', runIn(held), '--main-teams'], { lines: [3, 0] });
  stage.expect(moves.includes(`${team.name} -> `), 'the moves do not name the team');
  stage.act('On UCCX: it was a slip. The team and its members are put back.');
  await uccx.act('addTeam', team);
  for (const userID of members) await uccx.act('changeResource', userID, { teamId: team.id });
  stage.say(
    'Nobody has to repair anything: what was held is gone by itself, and the supervisors, who lost the team at once because they were few, have it again.',
  );
  const mended = await stage.run(['sync', 'uccx-main'], { lines: [20, 0] });
  stage.expect(/ done in .* held 0/u.test(mended), 'something is still held');
  const after = membersOf(team.name, await users(stage));
  stage.expect(after === members.length, `${after} of ${members.length} are in ${team.name}`);
}

async function theSystemsBreak(stage: Stage): Promise<void> {
  const { uccx, ucce } = stage.systems;
  stage.chapter('9. The systems break');
  stage.act(
    'UCCX restarts and answers with a page for people, in HTML and with status 200. UCCE gives out the first hundred agents, then refuses the login.',
  );
  await Promise.all([
    uccx.addFault({ kind: 'html' }),
    ucce.addFault({ kind: 'unauthorized', path: '/config/agent[?]', after: 1 }),
  ]);
  stage.say(
    'A page for people is no empty list, and a hundred agents are not all of them. What cannot be proven complete takes nothing away; each run says why, and the other sources go on.',
  );
  const output = await stage.run(['sync'], { exit: 5, lines: [24, 0], width: 'whole' });
  const ends = [...output.matchAll(/^Run \d+ of (\S+) \(full\): (\w+) in .* applied (\d+), held (\d+)/gmu)];
  const told = ends.map(([, source, state, applied, held]) => `${source} ${state} ${applied} ${held}`).join(', ');
  stage.expect(told === 'ad-hq done 0 0, ucce-main partial 0 0, uccx-main failed 0 0', `the runs ended as ${told}`);
  stage.act('Both are mended.');
  await Promise.all([uccx.clearFaults(), ucce.clearFaults()]);
}
