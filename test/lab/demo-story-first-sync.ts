// An empty folder becomes an installation, and the directory becomes users and teams.

import { countUsers, lastRun } from './demo-story-answers.ts';
import type { Stage } from './demo-story-stage.ts';

export async function firstSync(stage: Stage): Promise<void> {
  stage.chapter('1. A configuration');
  stage.say('init writes a commented configuration and the key of the audit log. Nothing is ever overwritten.');
  await stage.run(['init', stage.folder]);
  stage.act(
    'The demo fills the configuration in: address, CA file, a plain reader account, whom to read. The password stays in a file of its own.',
  );
  stage.configure({});
  console.log(`\n$ export ROSTERD_CONFIG=${stage.configFile}`);
  stage.say(
    'Before anything is connected, the file itself is checked: an unknown key or a wrong value would show with its line.',
  );
  await stage.run(['config', 'check']);
  stage.say('Then the connection: server, encryption, rights, and one account as it would be mapped.');
  await stage.run(['source', 'check', 'ad-hq'], { lines: [30, 0] });
  stage.say(
    'And the database, here an SQLite file. Only this command makes one: what is missing later is never made anew.',
  );
  await stage.run(['db', 'migrate']);

  stage.chapter('2. The first sync');
  stage.say(
    'plan is a dry run. It reads, decides and judges like a real run and changes nothing; exit code 2 says that something would change.',
  );
  await stage.run(['plan', 'ad-hq'], { exit: 2, lines: [6, 3] });
  stage.expect((await countUsers(stage)) === 0, 'the dry run left users behind');
  stage.say('The same for real.');
  await stage.run(['sync', 'ad-hq'], { lines: [4, 2] });
  stage.say('A second run finds nothing to do, and so writes nothing but the fact that it ran.');
  await stage.run(['sync', 'ad-hq']);
  const [total, again] = await Promise.all([countUsers(stage), lastRun(stage)]);
  const people = stage.directory.facts.people.length;
  stage.expect(total === people, `${total} users for ${people} people`);
  const { planned, mirrorChanged } = again.counts;
  stage.expect(planned === 0 && mirrorChanged === 0, 'a run without changes in the directory changed something');
}
