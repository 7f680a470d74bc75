// Nobody types anything: the daemon reads the three systems on their schedules, and is asked how it is.

import { DaemonProcess, type LogLine } from './daemon-process.ts';
import { explain, fieldOf } from './demo-story-answers.ts';
import { userIDOf } from './demo-story-people.ts';
import type { Stage } from './demo-story-stage.ts';

export async function byItself(stage: Stage): Promise<void> {
  const { directory, uccx, nightShift } = stage.systems;
  const { hasLocalExtension: person } = stage.cast;
  stage.chapter('12. By itself');
  stage.say(
    'Until now each run was a command. In earnest a daemon runs, under systemd or in a container, and reads each source on a schedule of its own: here every two seconds.',
  );
  stage.configure({ cron: '*/2 * * * * *' });
  stage.begin(['serve']);
  const daemon = new DaemonProcess(stage.configFile);
  try {
    for (const source of ['ad-hq', 'ucce-main', 'uccx-main'])
      await daemon.line((line) => line.message === 'run ended: done' && line['source'] === source);
    stage.act(
      `In the directory ${person.displayName} gets another title, and on UCCX a place in the team ${nightShift.team.name}.`,
    );
    await directory.modify(person.dn, [{ operation: 'replace', attribute: 'title', values: 'Team lead' }]);
    await uccx.act('changeResource', userIDOf(stage.systems, person), { teamId: nightShift.team.id });
    const ends = await Promise.all(
      ['ad-hq', 'uccx-main'].map((name) =>
        daemon.line((line) => line.message === 'run ended: done' && line['applied'] === 1 && line['source'] === name),
      ),
    );
    stage.say('Seconds later the daemon has logged (as JSON lines; here without most of their facts):');
    stage.show(daemon.lines.filter((line) => ends.some((end) => line['run'] === end['run'])).map(told));
    const after = await explain(stage, person.login);
    stage.expect(fieldOf(after, 'title') === 'Team lead', 'the new title did not arrive');
    stage.expect(after.user.teams.includes(nightShift.team.name), 'the new team did not arrive');
    stage.say('One screen says how everything is, and its exit code tells monitoring:');
    const status = await stage.run(['status'], { lines: [24, 2] });
    stage.expect(status.includes(String(daemon.pid)), 'the status does not show the daemon');
    stage.say(
      'SIGTERM ends it between two transactions. Had it been kill -9, the next start would go on where it was.',
    );
    daemon.kill('SIGTERM');
    const { code } = await daemon.ended;
    stage.show(daemon.lines.slice(-2).map(told));
    stage.expect(code === 0, `the daemon ended with ${code}`);
  } finally {
    await daemon.end();
    // Who keeps the folder starts with sources that wait for commands.
    stage.configure({});
  }
}

function told({ timestamp, level, message, run, source, applied }: LogLine): string {
  const time = String(timestamp).slice(11, 19);
  const facts = Object.entries({ run, source, applied }).flatMap(([name, fact]) =>
    fact === undefined ? [] : [`${name}=${String(fact)}`],
  );
  return [time, level.padEnd(5), message, ...facts].join(' ');
}
