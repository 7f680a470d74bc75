import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programs, runCli } from './cli-process.ts';

const run = promisify(execFile);

/** Asks the script as bash does when Tab is pressed after `line`. */
const askInBash = (script: string, line: string): string => `
rosterd() { ${process.execPath} ${programs.fake} "$@"; }
source ${script}
COMP_WORDS=(${line
  .split(' ')
  .map((word) => `'${word}'`)
  .join(' ')})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_rosterd
printf '%s\\n' "\${COMPREPLY[@]}"
`;

describe('completion', { timeout: 30_000 }, () => {
  let folder: string;
  let script: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rosterd-completion-'));
    script = join(folder, 'rosterd.bash');
    await writeFile(script, (await runCli(['completion', 'bash'])).stdout);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const complete = async (line: string): Promise<string[]> => {
    const { stdout } = await run('bash', ['--norc', '-c', askInBash(script, line)]);
    return stdout.split('\n').filter((word) => word !== '');
  };

  it.each([
    ['rosterd us', ['user']],
    ['rosterd user sync ', ['off', 'on', 'diff']],
    ['rosterd --config r.yaml user sync o', ['off', 'on']],
    ['rosterd user pin mira ma', ['main-team']],
    ['rosterd user list --sync ', ['on', 'off']],
    ['rosterd user list --sy', ['--sync']],
    ['rosterd run show 7 --h', ['--held', '--help']],
    ['rosterd audit export --format ', ['csv', 'jsonl']],
    ['rosterd finding list --code email-', ['email-conflict', 'email-invalid']],
    ['rosterd user show ', []],
  ])('completes "%s"', async (line, words) => {
    expect(await complete(line)).toEqual(words);
  });

  it('asks for names of sources where a command wants one', async () => {
    expect(await complete('rosterd plan d')).toEqual(['down', 'deaf']);
    expect(await complete('rosterd source check he')).toEqual(['held']);
    expect(await complete('rosterd run list --source sl')).toEqual(['slow']);
  });

  it('prints scripts for the other shells', async () => {
    expect((await runCli(['completion', 'zsh'])).stdout).toMatch(/^#compdef rosterd\n/u);
    const fish = (await runCli(['completion', 'fish'])).stdout;
    expect(fish).toContain(
      "complete -c rosterd -n '__fish_seen_subcommand_from user; and __fish_seen_subcommand_from sync; and not __fish_seen_subcommand_from off on diff' -a off",
    );
  });
});
