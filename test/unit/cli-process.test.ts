import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { initConfig } from '../../src/config/init.ts';
import { ended, runCli, said, startCli } from './cli-process.ts';

const second = 1_000;

describe('the command line as a process', { timeout: 60 * second }, () => {
  it('prints help with examples for every command, and ends well', async () => {
    const { code, stdout } = await runCli(['user', 'sync', 'off', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Examples:\n  rosterd user sync off mira.novak');
    expect(stdout).toContain('--config <file>');
    expect((await runCli(['--version'])).stdout).toBe('1.2.3\n');
  });

  it('suggests the nearest command and exits with 4', async () => {
    expect(await runCli(['usr', 'list'])).toMatchObject({
      code: 4,
      stdout: '',
      stderr: "rosterd: Unknown command 'usr' (Did you mean user?) [usage]\n  See the command with --help.\n",
    });
    expect((await runCli(['sync', 'ok', '--ful'])).stderr).toContain('Did you mean --full?');
    expect((await runCli(['user', 'sync', 'off', 'mira'])).stderr).toContain("'--reason <text>' not specified");
  });

  it('says an expected error in two lines without a stack', async () => {
    expect(await runCli(['sync', 'down', '-q'])).toEqual({
      code: 5,
      signal: null,
      stdout: '',
      stderr:
        'rosterd: dc1.corp.example:636 refused the connection. [source-unreachable]\n' +
        '  Check host name, port and firewall from this machine; the source may be down. Nothing was removed.\n',
    });
  });

  it('says a fault of rosterd with its stack and exits with 70', async () => {
    const { code, stderr } = await runCli(['sync', 'bug', '-q']);
    expect(code).toBe(70);
    expect(stderr).toContain('rosterd: undefined is not a roster [bug]');
    expect(stderr).toMatch(/ {4}at .*cli-fake\.ts/u);
  });

  it('prints errors as one JSON document with --json', async () => {
    const { code, stdout, stderr } = await runCli(['plan', 'nowhere', '--json']);
    expect({ code, stderr }).toEqual({ code: 4, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'source-unknown',
        message: 'No source "nowhere" (configured: ok, held, partial, down, slow, deaf, bug).',
        advice: expect.any(String),
        exit: 4,
        subject: 'nowhere',
        detail: {},
      },
    });
    expect(JSON.parse((await runCli(['usr', '--json'])).stdout)).toMatchObject({ error: { code: 'usage', exit: 4 } });
  });

  it.each([
    [['plan', 'ok'], 2],
    [['plan', 'held'], 3],
    [['sync', 'ok'], 0],
    [['sync', 'held'], 3],
    [['sync', 'partial'], 5],
    [['run', 'show', '7'], 0],
    [['run', 'show', '8'], 4],
    [['run', 'show', 'x'], 4],
    [['audit', 'verify'], 6],
    [['audit', 'verify', '--json'], 6],
    [['user'], 4],
  ])('%j exits with %i', async (args, code) => {
    expect((await runCli(args)).code).toBe(code);
  });

  it('groups a plan by kind, cuts it at 20 lines each and says the verdict', async () => {
    const { stdout, stderr } = await runCli(['plan', 'held']);
    expect(stderr).toBe('held: read 250 accounts, 12 groups, 300 members in 1.5 s\n');
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.startsWith('  ~ user'))).toHaveLength(40);
    expect(
      stdout
        .split('\n')
        .filter((line) => !/^ {2}~ user(?!1 )/u.test(line))
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "Fields (131)
        ~ user1   email "a@x" -> "u1@x" (local -> ok, precedence) [held]
        and 111 more (--all)

      Main team (131)
        ~ user1   Brno -> Sales (left the main team; first of the others by name) [held]
        and 111 more (--all)

      Main team impact (131 users)
        Brno -> Sales: 131 users (first by name), held
        who they are: rosterd run show 7 --main-teams

      Totals: 131 changes: 131 fields, 131 main teams.
      Run 7 of held (full, dry run): held in 2.0 s; read 0 accounts, 0 groups; 131 planned.
      HELD: 131 of 250 users would lose access (52 %; limit 5 % and more than 5, or more than 500)
      A real run would hold 131 changes for a decision; a dry run applies nothing.
      "
    `);
    expect(
      (await runCli(['plan', 'held', '--all'])).stdout.split('\n').filter((line) => line.startsWith('  ~ user')),
    ).toHaveLength(262);
  });

  it('says what waits, where to look, how to release and how to silence', async () => {
    const { stdout } = await runCli(['run', 'show', '7', '--held']);
    expect(stdout.slice(stdout.indexOf('HELD'))).toMatchInlineSnapshot(`
      "HELD: 131 of 250 users would lose access (52 %; limit 5 % and more than 5, or more than 500)
      Nothing of this was applied: 131 changes wait for a decision.
        look:    rosterd run show 7 --held
        release: rosterd run approve 7 --reason "..."
        silence: rosterd run reject 7 --reason "..." --until 30d
      "
    `);
  });

  it('streams a plan as one JSON document', async () => {
    const report = JSON.parse((await runCli(['plan', 'held', '--json'])).stdout);
    expect(report.run).toMatchObject({
      id: 7,
      source: 'held',
      dryRun: true,
      attempt: 1,
      startedAt: '2026-11-01T08:00:00.000Z',
      heldRun: null,
    });
    expect(report.run.holds[0].text).toBe(
      '131 of 250 users would lose access (52 %; limit 5 % and more than 5, or more than 500)',
    );
    expect(report.changes).toHaveLength(131);
    expect(report.changes[0]).toMatchObject({ id: 1, state: 'held', subject: { kind: 'user', id: 1 }, label: 'user1' });
  });

  it('goes on with the other sources when one fails, and exits with the worst', async () => {
    const child = startCli(['sync', '--json']);
    const result = ended(child);
    await said(child.stdout, '"source":"partial"');
    // `down` fails at once, then `slow` waits for the signal; `deaf` and `bug` are not begun any more.
    await wait(500);
    child.kill('SIGINT');
    const { code, stdout } = await result;
    expect(code).toBe(6);
    const { runs, errors } = JSON.parse(stdout);
    expect(runs.map((report: { run: { source: string } }) => report.run.source)).toEqual(['ok', 'held', 'partial']);
    expect(errors.map((one: { source: string; error: { code: string } }) => [one.source, one.error.code])).toEqual([
      ['down', 'source-unreachable'],
      ['slow', 'interrupted'],
    ]);
  });

  it('stops between two transactions at the first signal', async () => {
    const child = startCli(['sync', 'slow']);
    const result = ended(child);
    await said(child.stderr, 'slow: read');
    child.kill('SIGTERM');
    expect(await result).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/Stopping after[^\n]*\nrosterd: Stopped by a signal\. \[interrupted\]/u),
    });
  });

  it('ends at once at the second signal', async () => {
    const child = startCli(['sync', 'deaf']);
    const result = ended(child);
    await said(child.stderr, 'deaf: read');
    child.kill('SIGINT');
    await said(child.stderr, 'Stopping after');
    child.kill('SIGINT');
    expect(await result).toMatchObject({ code: 130 });
  });

  it('ends quietly when its reader goes away, without reading the whole log', async () => {
    const child = startCli(['audit', 'export', '--format', 'jsonl']);
    child.stdout.once('data', () => child.stdout.destroy());
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = await new Promise<[number | null]>((resolve) => child.once('exit', (exit) => resolve([exit])));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('runs the real program without an installation for help and completion', async () => {
    expect((await runCli(['--help'], 'real')).code).toBe(0);
    expect((await runCli(['completion', 'bash'], 'real')).stdout).toContain('complete -F _rosterd rosterd');
    expect(await runCli(['--config', '/nowhere/r.yaml', 'user', 'list'], 'real')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('[config-not-found]'),
    });
  });
});

describe('an audit key that others may read', { timeout: 60 * second }, () => {
  it('is warned of once when the store is opened', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rosterd-key-'));
    try {
      const config = join(folder, 'rosterd.yaml');
      await writeFile(config, initConfig({ storePath: join(folder, 'rosterd.db') }));
      await writeFile(join(folder, 'audit.key'), 'ab'.repeat(32));
      await chmod(join(folder, 'audit.key'), 0o640);
      expect(await runCli(['db', 'migrate', '--config', config], 'real')).toMatchObject({ code: 0 });
      const { code, stderr } = await runCli(['run', 'list', '--config', config], 'real');
      expect(code).toBe(0);
      expect(stderr.match(/audit\.key has the mode 0640/gu)).toHaveLength(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
