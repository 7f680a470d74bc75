// An empty folder becomes an installation, and three systems become users and teams.

import { expectNothingToDo, runIn } from './demo-story-answers.ts';
import type { Stage } from './demo-story-stage.ts';

export async function firstSync(stage: Stage): Promise<void> {
  await aConfiguration(stage);
  stage.chapter('2. The first sync');
  await whoWaits(stage);
  await theDirectory(stage);
  await theContactCentre(stage);
}

async function aConfiguration(stage: Stage): Promise<void> {
  stage.chapter('1. A configuration');
  stage.say('init writes a commented configuration and the key of the audit log. Nothing is ever overwritten.');
  await stage.run(['init', stage.folder]);
  stage.act(
    'The demo fills the configuration in: addresses, CA files, logins, whom to read. Passwords stay in files of their own.',
  );
  stage.configure({});
  console.log(`\n$ export ROSTERD_CONFIG=${stage.configFile}`);
  stage.say(
    'Before anything is connected, the file itself is checked: an unknown key or a wrong value would show with its line.',
  );
  await stage.run(['config', 'check']);
  stage.say('Then a connection, here to UCCX: server, encryption, rights, and one account as it would be mapped.');
  await stage.run(['source', 'check', 'uccx-main'], { lines: [30, 0] });
  stage.say(
    'And the database, here an SQLite file. Only this command makes one: what is missing later is never made anew.',
  );
  await stage.run(['db', 'migrate']);
}

async function whoWaits(stage: Stage): Promise<void> {
  stage.say(
    'Who works here is for the directory to say, so both Cisco systems are configured with "correlateAfter: [ad-hq]": their agents are to find the people of the directory. Too early, UCCX is read and waits.',
  );
  const output = await stage.run(['sync', 'uccx-main'], { exit: 3, lines: [6, 0] });
  stage.expect(output.includes('applied 0, held 0'), 'UCCX did not wait for the directory');
}

async function theDirectory(stage: Stage): Promise<void> {
  stage.say(
    'plan is a dry run. It reads, decides and judges like a real run and changes nothing; exit code 2 says that something would change.',
  );
  const everybody = `New users (${stage.systems.directory.facts.people.length})`;
  const plan = await stage.run(['plan', 'ad-hq'], { exit: 2, lines: [4, 3] });
  stage.expect(plan.includes(everybody), 'the plan does not make everybody a user');
  stage.say('The same for real.');
  const sync = await stage.run(['sync', 'ad-hq'], { lines: [4, 3] });
  stage.expect(sync.includes(everybody), 'not everybody became a user');
}

async function theContactCentre(stage: Stage): Promise<void> {
  const { ucce, uccx } = stage.systems.staff;
  stage.say(
    `Now the ${ucce.agents.length} agents of UCCE. Each finds its user by the login, with its domain or without. But the first run of a source links its accounts to people who are here already, and gives some of them the right to manage others; so the guard asks once.`,
  );
  await syncAndApprove(stage, 'ucce-main');
  stage.say(`The same for the ${uccx.resources.length} of UCCX. Who is not in the directory becomes a user too.`);
  const totals = await syncAndApprove(stage, 'uccx-main');
  const [links, created] = [numberOf('links', totals), numberOf('new users', totals)];
  stage.expect(links === uccx.resources.length - 1, `${links} of ${uccx.resources.length} agents of UCCX have a user`);
  stage.say(
    `${links - created} of them found their user, ${created} are new. The one that is left waits for a person: chapter 4.`,
  );
  stage.say(
    'From now on, all three in one go. Nothing has changed, and so nothing is written but that they were read.',
  );
  expectNothingToDo(stage, await stage.run(['sync']), 3);
}

/** Answers what the approved run says of itself. */
async function syncAndApprove(stage: Stage, source: string): Promise<string> {
  const held = await stage.run(['sync', source], { exit: 3, lines: [6, 9] });
  const approve = ['run', 'approve', runIn(held), '--reason', 'first run, looked at the links'];
  const approved = await stage.run(approve, { lines: [0, 5] });
  stage.expect(/ done in .* held 0/u.test(approved), 'the approval did not release everything');
  return approved;
}

/** How many of a kind the totals of a run name. */
const numberOf = (kind: string, output: string): number =>
  Number(new RegExp(`^Totals: .* (\\d+) ${kind}`, 'mu').exec(output)?.[1]);
