// Secrets: read late, exactly as stored, never in a message.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { configPathFrom } from '../../src/config/environment.ts';
import { inspectSecrets, resolveSecret, resolveSettings } from '../../src/config/secret.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { directory as directoryType, fileWith, load, problemsOf } from './config-fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-secrets-'));
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const write = async (name: string, content: string | Uint8Array, mode = 0o600): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content, { mode });
  await chmod(path, mode);
  return path;
};

const failure = async (attempt: Promise<unknown>): Promise<RosterdError> => {
  const error = await attempt.catch((caught: unknown) => caught);
  if (!(error instanceof RosterdError)) throw new Error('expected a RosterdError', { cause: error });
  return error;
};

const withPassword = (reference: string) =>
  load(
    fileWith('').replace('"ldaps://dc1" }', `"ldaps://dc1", password: ${reference} }`),
    join(folder, 'rosterd.yaml'),
  );

describe('resolveSecret', () => {
  it.each([
    ['as it is', 'geheim', 'geheim'],
    ['that looks like a number as text', '0123', '0123'],
    ['that looks like a switch as text', 'true', 'true'],
    ['with one line end taken off', 'geheim\n', 'geheim'],
    ['with a Windows line end taken off', 'geheim\r\n', 'geheim'],
    ['with one line end of two taken off', 'geheim\n\n', 'geheim\n'],
    ['with its blanks', '  ge heim \t', '  ge heim \t'],
    ['of every script', 'пароль 密码 🔑 é', 'пароль 密码 🔑 é'],
    ['of a single line end as nothing', '\n', undefined],
  ])('gives a file %s', async (_, content, value) => {
    const ref = { file: await write('pw', content) };
    if (value === undefined) expect((await failure(resolveSecret(ref, 'x'))).message).toContain('is empty');
    else expect(await resolveSecret(ref, 'x')).toBe(value);
  });

  it('gives a variable exactly as it is', async () => {
    vi.stubEnv('ROSTERD_TEST_SECRET', '0123\n');
    expect(await resolveSecret({ env: 'ROSTERD_TEST_SECRET' }, 'x')).toBe('0123\n');
  });

  it('names the key of the source when something is missing', async () => {
    const what = 'connection.password of source hq';
    const unset = await failure(resolveSecret({ env: 'ROSTERD_TEST_UNSET' }, what));
    expect(unset).toMatchObject({
      code: 'secret-missing',
      subject: what,
      message: `${what}: the variable ROSTERD_TEST_UNSET is not set`,
    });
    vi.stubEnv('ROSTERD_TEST_EMPTY', '');
    expect((await failure(resolveSecret({ env: 'ROSTERD_TEST_EMPTY' }, what))).message).toContain('is empty');
    const gone = await failure(resolveSecret({ file: join(folder, 'gone') }, what));
    expect(gone).toMatchObject({
      code: 'secret-missing',
      message: `${what}: the file ${join(folder, 'gone')} does not exist`,
    });
  });

  it('refuses a folder, a large file and bytes that are no text', async () => {
    await mkdir(join(folder, 'd'));
    expect((await failure(resolveSecret({ file: join(folder, 'd') }, 'x'))).message).toContain('is a folder');
    const large = await write('large', 'x'.repeat(70_000));
    expect((await failure(resolveSecret({ file: large }, 'x'))).message).toContain('is too large to be a secret');
    const binary = await write('binary', Uint8Array.of(0xff, 0xfe, 0x41));
    expect((await failure(resolveSecret({ file: binary }, 'x'))).message).toContain('is not UTF-8 text');
  });

  it('gives up on a file that does not answer, and asks it only once as long as it does not', async () => {
    const file = join(folder, 'pipe');
    execFileSync('mkfifo', [file]);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const attempts = [failure(resolveSecret({ file }, 'x')), failure(resolveSecret({ file }, 'y'))];

    await vi.advanceTimersByTimeAsync(10_000);

    const [first, second] = await Promise.all(attempts);
    expect(first).toMatchObject({ code: 'secret-missing', subject: 'x' });
    expect(first?.message).toContain(`the file ${file} could not be read within 10 s`);
    expect(second?.subject).toBe('y');
    // It answers after all: whoever asks meanwhile has the answer of the first read, for who else would have taken it?
    const third = resolveSecret({ file }, 'z');
    await writeFile(file, 'geheim\n');
    expect(await third).toBe('geheim');
  });
});

describe('resolveSettings', () => {
  it('puts the secret into the settings of its source', async () => {
    await write('pw', '0123\n');
    const [source] = withPassword('{ file: pw }').sources;
    if (source === undefined) throw new Error('no source');
    expect(JSON.stringify(source)).not.toContain('0123');
    expect(await resolveSettings(source, directoryType)).toEqual({
      connection: { url: 'ldaps://dc1', password: '0123', tls: 'on', timeoutMs: 1_000 },
    });
  });

  it('names source and key when the secret is missing', async () => {
    const [source] = withPassword('{ file: pw }').sources;
    if (source === undefined) throw new Error('no source');
    expect((await failure(resolveSettings(source, directoryType))).message).toContain(
      'connection.password of source hq: the file',
    );
  });
});

describe('inspectSecrets', () => {
  it('is silent about a file that only its owner and group may read', async () => {
    await write('pw', 'x', 0o640);
    expect(await inspectSecrets(withPassword('{ file: pw }'))).toEqual([]);
  });

  it('warns with the line when everyone may read it, also through a link', async () => {
    const path = await write('real', 'hunter2', 0o644);
    await symlink(path, join(folder, 'pw'));
    const [problem, ...others] = await inspectSecrets(withPassword('{ file: pw }'));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ severity: 'warning', line: 7, column: 39, path: 'sources[0].connection.password' });
    expect(problem?.message).toContain('can be read by every user');
    expect(problem?.message).not.toContain('hunter2');
  });

  it.each(['640', '604', '620', '660'])('warns when the audit key has the mode %s, with its line', async (mode) => {
    await write('audit.key', 'ab'.repeat(32), Number.parseInt(mode, 8));
    await write('pw', 'x');
    const [problem, ...others] = await inspectSecrets(withPassword('{ file: pw }'));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ severity: 'warning', line: 3, column: 10, path: 'audit.keyFile' });
    expect(problem?.message).toContain(`audit.key has the mode 0${mode}`);
    expect(problem?.message).toContain('chmod 600');
  });

  it('is silent about an audit key that is private or not there', async () => {
    await write('pw', 'x');
    expect(await inspectSecrets(withPassword('{ file: pw }'))).toEqual([]);
    await write('audit.key', 'ab'.repeat(32));
    expect(await inspectSecrets(withPassword('{ file: pw }'))).toEqual([]);
  });

  it('warns of what is missing, also for the store', async () => {
    const text = fileWith('').replace('{ sqlite: rosterd.db }', '{ postgresql: { env: ROSTERD_TEST_UNSET } }');
    expect(await inspectSecrets(load(text))).toMatchObject([
      { line: 2, path: 'store.postgresql', message: 'store.postgresql: the variable ROSTERD_TEST_UNSET is not set' },
    ]);
  });
});

describe('a secret in the file', () => {
  const said = (value: string) =>
    problemsOf(fileWith('').replace('"ldaps://dc1" }', `x, password: ${value} }`)).join('\n');

  it.each(['hunter2', '"hunter2"', '42424242', '[hunter2]', 'true'])(
    'is refused without being repeated: %s',
    (value) => {
      expect(said(value)).toContain('7:37: sources[0].connection.password: must say where the secret is');
      expect(said(value)).not.toContain('hunter2');
      expect(said(value)).not.toContain('4242');
    },
  );

  it('is refused when it is given by both ways, by none, or by a wrong key', () => {
    expect(said('{ env: A, file: b }')).toContain('must have exactly one of env and file');
    expect(said('{}')).toContain('must have exactly one of env and file');
    expect(said('{ evn: A }')).toContain('is not a known key; did you mean "env"?');
    expect(said('{ env: "no such name" }')).toContain('is not the name of an environment variable');
  });
});

describe('configPathFrom', () => {
  it('takes the option, else the variable, else the usual place', () => {
    vi.stubEnv('ROSTERD_CONFIG', '/srv/a.yaml');
    expect(configPathFrom('/b.yaml')).toBe('/b.yaml');
    expect(configPathFrom(undefined)).toBe('/srv/a.yaml');
    vi.stubEnv('ROSTERD_CONFIG', '');
    expect(configPathFrom(undefined)).toBe('/etc/rosterd/rosterd.yaml');
  });
});
