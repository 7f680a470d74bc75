// Nobody types anything: the daemon reads the directory on its schedule, and is asked how it is.

import { DaemonProcess, type LogLine } from './daemon-process.ts';
import { explain, fieldOf } from './demo-story-answers.ts';
import { castOf } from './demo-story-people.ts';
import type { Stage } from './demo-story-stage.ts';

export async function byItself(stage: Stage): Promise<void> {
  const { hasLocalExtension: person } = castOf(stage.directory.facts);
  stage.chapter('10. By itself');
  stage.say(
    'Until now each run was a command. In earnest a daemon runs, under systemd or in a container, and reads each source on a schedule of its own: here every second.',
  );
  stage.configure({ cron: '* * * * * *' });
  stage.begin(['serve']);
  const daemon = new DaemonProcess(stage.configFile);
  try {
    await daemon.run('done');
    stage.act(`In the directory: ${person.displayName} gets another title.`);
    await stage.directory.modify(person.dn, [{ operation: 'replace', attribute: 'title', values: 'Team lead' }]);
    const end = await daemon.line(({ message, applied }) => message === 'run ended: done' && applied === 1);
    stage.say('A second later the daemon has logged (as JSON lines; here without most of their facts):');
    stage.show(daemon.lines.filter((line) => line['run'] === end['run']).map(told));
    stage.expect(fieldOf(await explain(stage, person.login), 'title') === 'Team lead', 'the new title did not arrive');
    stage.say('One screen says how everything is, and its exit code tells monitoring:');
    const status = await stage.run(['status'], { lines: [14, 2] });
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
    // Who keeps the folder starts with a source that waits for commands.
    stage.configure({});
  }
}

function told({ timestamp, level, message, run, applied }: LogLine): string {
  const time = String(timestamp).slice(11, 19);
  const facts = [run === undefined ? '' : ` run=${run}`, applied === undefined ? '' : ` applied=${applied}`].join('');
  return `${time} ${level.padEnd(5)} ${message}${facts}`;
}
