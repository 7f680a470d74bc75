// The image, built without a builder: what the Dockerfile copies is copied into an empty folder and started there.
// What stays unproven here: the base image, and npm's own download. The packages are those that the lock file leaves
// after --omit=dev --omit=optional, taken from this installation.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseDuration } from '../../src/config/schema-values.ts';
import { fileWith, load } from './config-fixture.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const { serve } = load(fileWith(''));

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The stages of a Dockerfile, each from its FROM on. What stands before the first is left out. */
function stagesOf(text: string): readonly (readonly Instruction[])[] {
  const lines = text
    .replaceAll(/^#.*\n/gmu, '')
    .replaceAll(/\\\n/gu, ' ')
    .split('\n');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, word, rest] = /^([A-Z]+) +(.*)$/u.exec(line.trim()) ?? [];
    if (word === undefined || rest === undefined) continue;
    if (word === 'FROM') stages.push([]);
    stages.at(-1)?.push({ word, rest });
  }
  return stages;
}

const stages = stagesOf(read('Dockerfile'));
const image = stages.at(-1) ?? [];
const instructions = stages.flat();
const of = (word: string): string => image.findLast((instruction) => instruction.word === word)?.rest ?? '';

interface Copy {
  /** A stage, or undefined for the repository. */
  readonly from: string | undefined;
  readonly paths: readonly string[];
  readonly to: string;
}

function readCopy({ rest }: Instruction): Copy {
  const words = rest.split(/ +/u);
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  return { from, paths: words.slice(0, -1), to: words.at(-1) ?? '' };
}

const copiesOf = (stage: readonly Instruction[]): readonly Copy[] =>
  stage.filter(({ word }) => word === 'COPY').map(readCopy);
const fromRepository = stages.flatMap(copiesOf).filter(({ from }) => from === undefined);

describe('Dockerfile', () => {
  it('copies only what is there and what the builder is given', () => {
    const given = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const paths = fromRepository.flatMap((copy) => copy.paths);
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect([...new Set(paths)].sort()).toEqual(given.sort());
  });

  it('gives the builder nothing of this machine', () => {
    const lines = read('.dockerignore').split('\n');
    expect(lines.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    expect(lines).toContain('src/store/generated');
  });

  it('runs the Node and bears the version of package.json', () => {
    expect(read('Dockerfile')).toContain(`ARG NODE_IMAGE=node:${manifest.devDependencies.node}-bookworm-slim`);
    const bases = instructions.filter(({ word }) => word === 'FROM').map(({ rest }) => rest);
    expect(bases.filter((base) => !/^\$\{NODE_IMAGE\}/u.test(base))).toEqual([]);
    expect(image).toContainEqual({ word: 'ARG', rest: `VERSION=${manifest.version}` });
  });

  it('calls no shell, is not root and is stopped by SIGTERM', () => {
    const commands = instructions.filter(({ word }) => ['RUN', 'CMD', 'ENTRYPOINT'].includes(word));
    expect(commands.map(({ rest }) => Array.isArray(JSON.parse(rest)))).toEqual(commands.map(() => true));
    expect(of('USER')).toMatch(/^[1-9]\d+:[1-9]\d+$/u);
    expect(of('STOPSIGNAL')).toBe('SIGTERM');
  });

  it('asks for life where the daemon answers by default', () => {
    expect(of('HEALTHCHECK')).toContain(`http://127.0.0.1:${serve.listen?.port}/livez`);
    expect(of('EXPOSE')).toBe(String(serve.listen?.port));
  });
});

// --- the image as a folder -------------------------------------------------------------

interface Locked {
  readonly dev?: true;
  readonly optional?: true;
  readonly devOptional?: true;
}

/** What `npm ci --omit=dev --omit=optional` installs. */
function runtimePackages(): readonly string[] {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Locked>> };
  return Object.entries(packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional)
    .map(([path]) => path);
}

async function copyPackages(to: string): Promise<void> {
  for (const path of runtimePackages()) {
    const from = join(root, path);
    await cp(from, join(to, path), {
      recursive: true,
      filter: (file) => file === from || !relative(from, file).split('/').includes('node_modules'),
    });
  }
}

/** Every file with its size and time, so that a write shows. */
function filesOf(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path} ${statSync(path).size} ${statSync(path).mtimeMs}`)
    .sort();
}

/** Where the daemon listens, as its log says. */
async function addressOf(log: Readable): Promise<string> {
  for await (const line of createInterface({ input: log })) {
    const { message, address } = JSON.parse(line) as Readonly<Record<string, string>>;
    if (message === 'health and metrics' && address !== undefined) return address;
  }
  throw new Error('the daemon ended before it listened');
}

describe('the image as a folder', () => {
  let folder: string;
  let app: string;
  let config: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rosterd-image-'));
    app = join(folder, 'app');
    config = join(folder, 'etc/rosterd.yaml');
    const words = JSON.parse(of('ENTRYPOINT')) as readonly string[];
    entry = words.slice(1).map((word) => word.replace(of('WORKDIR'), app));
    // Nothing of this environment: a home that is not there, no PATH to find anything by.
    env = { HOME: join(folder, 'no-home'), XDG_CACHE_HOME: join(folder, 'tmp') };
    for (const { from, paths, to } of copiesOf(image)) {
      if (from === 'dependencies') await copyPackages(app);
      else if (from === 'clients') await cp(join(root, 'src/store/generated'), join(app, to), { recursive: true });
      else for (const path of paths) await copyPath(path, to);
    }
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  /** As the builder does: a folder's content goes into `to`, a file keeps its name. .dockerignore holds the clients back. */
  async function copyPath(path: string, to: string): Promise<void> {
    const isFolder = statSync(join(root, path)).isDirectory();
    const target = isFolder ? join(app, to) : join(app, to, path);
    await mkdir(isFolder ? target : join(app, to), { recursive: true });
    const filter = (file: string): boolean => !relative(root, file).startsWith('src/store/generated');
    await cp(join(root, path), target, { recursive: true, filter });
  }

  let entry: readonly string[];
  let env: Readonly<Record<string, string>>;
  const rosterd = (...args: readonly string[]) => run(process.execPath, [...entry, ...args], { cwd: folder, env });

  it('is started by Node itself, and opens no debugger by a signal', () => {
    const words = JSON.parse(of('ENTRYPOINT'));
    expect(words[0]).toBe('node');
    expect(words).toContain('--disable-sigusr1');
  });

  it('has no tools in it', () => {
    const packages = readdirSync(join(app, 'node_modules'));
    expect(packages).toContain('fastify');
    expect(packages.filter((name) => ['prisma', 'typescript', 'vitest', 'node', '@biomejs'].includes(name))).toEqual(
      [],
    );
    expect(existsSync(join(app, 'test'))).toBe(false);
  });

  it('starts, writes a configuration and makes its database, and changes nothing of itself', async () => {
    const before = filesOf(app);
    expect((await rosterd('--version')).stdout).toBe(`${manifest.version}\n`);
    await rosterd('init', join(folder, 'etc'));
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replace('/var/lib/rosterd/', `${folder}/`));
    expect((await rosterd('--config', config, 'config', 'check')).stdout).toContain('rosterd.yaml is right.');
    expect((await rosterd('--config', config, 'db', 'migrate')).stdout).toContain('applied 0001_initial');
    expect((await rosterd('--config', config, 'source', 'list')).stdout).toContain('ad-hq');
    expect(filesOf(app)).toEqual(before);
  }, 60_000);

  it('serves, is healthy by its own HEALTHCHECK, and ends with 0 at its STOPSIGNAL', async () => {
    const text = await readFile(config, 'utf8');
    await mkdir(join(folder, 'etc/secrets'));
    await writeFile(join(folder, 'etc/secrets/ad-hq-password'), 'x', { mode: 0o600 });
    // Nobody listens on port 1: the source fails, and the daemon lives with that.
    const quiet = text.replace(/- "ldaps:.*/gu, '- "ldaps://127.0.0.1:1"');
    await writeFile(config, `${quiet}\nserve: { listen: "127.0.0.1:0" }\n`);
    const daemon = spawn(process.execPath, [...entry, '--config', config, 'serve'], { cwd: folder, env });
    const ended = once(daemon, 'exit');
    try {
      const address = await addressOf(daemon.stdout);
      const [node, flag, code = ''] = JSON.parse(of('HEALTHCHECK').replace(/^.* CMD /u, '')) as readonly string[];
      expect([node, flag]).toEqual(['node', '-e']);
      const check = (at: string) => run(process.execPath, ['-e', code.replace(/http:[^/]*\/\/[^/]*/u, at)]);
      await expect(check(address)).resolves.toBeDefined();
      await expect(check('http://127.0.0.1:1')).rejects.toMatchObject({ code: 1 });
    } finally {
      daemon.kill(of('STOPSIGNAL') as NodeJS.Signals);
    }
    expect(await ended).toEqual([0, null]);
  }, 60_000);

  it('has the client for PostgreSQL too', async () => {
    await writeFile(join(folder, 'url'), 'postgresql://rosterd:x@127.0.0.1:1/rosterd', { mode: 0o600 });
    const text = (await readFile(config, 'utf8')).replace(/sqlite: .*/u, `postgresql: { file: ${folder}/url }`);
    await writeFile(join(folder, 'etc/pg.yaml'), text);
    const failed = rosterd('--config', join(folder, 'etc/pg.yaml'), 'db', 'migrate');
    await expect(failed).rejects.toMatchObject({ code: 6, stderr: expect.stringContaining('127.0.0.1') });
  }, 60_000);
});

// --- compose.yaml ----------------------------------------------------------------------

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly secrets?: readonly string[];
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

describe('compose.yaml', () => {
  const file = parse(read('compose.yaml'), { merge: true }) as {
    services: Readonly<Record<string, Service>>;
    secrets: Readonly<Record<string, { readonly file: string }>>;
  };
  const services = Object.entries(file.services);
  const own = services.filter(([, service]) => service.image.startsWith('rosterd:'));

  it('gives no service more than it needs', () => {
    for (const [name, service] of services) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(Object.keys(file.secrets), name).toEqual(expect.arrayContaining([...(service.secrets ?? [])]));
    }
  });

  it('migrates before the daemon starts, with the image of this version', () => {
    expect(own.map(([name]) => name)).toEqual(['migrate', 'rosterd']);
    expect(own.map(([, service]) => service.image)).toEqual(own.map(() => `rosterd:${manifest.version}`));
    expect(file.services['migrate']?.command).toEqual(['db', 'migrate']);
    expect(file.services['rosterd']?.depends_on?.['migrate']?.condition).toBe('service_completed_successfully');
    expect(file.services['migrate']?.depends_on?.['database']?.condition).toBe('service_healthy');
  });

  it('waits for a stop longer than the daemon takes for it by default', () => {
    expect(parseDuration(file.services['rosterd']?.stop_grace_period ?? '')).toBeGreaterThan(serve.stopWithinMs);
  });
});
