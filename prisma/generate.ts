// Derives the SQLite and the PostgreSQL schema from models.prisma and generates both clients into src/store/generated.
// Runs after every install. Invariant: works offline, so Prisma must never look for an engine to download.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { clientPath, modelsPath, type Provider, providers, root, schemaOf } from './providers.ts';

const run = promisify(execFile);

async function generate(provider: Provider, cli: string): Promise<void> {
  const output = clientPath(provider);
  const folder = await mkdtemp(join(tmpdir(), `rosterd-prisma-${provider}-`));
  try {
    const generator = [
      'generator client {',
      '  provider            = "prisma-client"',
      '  output              = "./client"',
      '  importFileExtension = "ts"',
      '  moduleFormat        = "esm"',
      '  runtime             = "nodejs"',
      '}',
      '',
    ].join('\n');
    const files = [
      ...schemaOf(provider, await readFile(modelsPath, 'utf8')),
      { path: 'generator.prisma', content: generator },
    ];
    await Promise.all(files.map((file) => writeFile(join(folder, file.path), file.content)));
    await run(process.execPath, [cli, 'generate', '--no-hints', '--schema', folder], {
      cwd: root,
      env: {
        ...process.env,
        // Any existing file will do: `generate` does not run the engine, it only wants to know that it need not download one.
        PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
        CHECKPOINT_DISABLE: '1',
      },
    });
    await replaceFiles(join(folder, 'client'), output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes only what differs, so that a running test or watcher never sees the client missing. */
async function replaceFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const wanted = await listFiles(from);
  for (const path of wanted) {
    const content = await readFile(join(from, path), 'utf8');
    const present = existsSync(join(to, path)) ? await readFile(join(to, path), 'utf8') : undefined;
    if (content === present) continue;
    await mkdir(dirname(join(to, path)), { recursive: true });
    await writeFile(join(to, path), content);
  }
  const stale = (await listFiles(to)).filter((path) => !wanted.includes(path));
  await Promise.all(stale.map((path) => rm(join(to, path))));
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function findPrismaCli(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('prisma/build/index.js');
  } catch {
    return undefined;
  }
}

const cli = findPrismaCli();
if (cli === undefined) {
  console.log(
    'prisma is a devDependency and is not installed: the store clients in src/store/generated stay as they are.',
  );
} else {
  try {
    await Promise.all(providers.map((provider) => generate(provider, cli)));
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    console.error(`prisma generate failed for prisma/models.prisma:\n${stdout ?? ''}${stderr ?? ''}`.trimEnd());
    if (stderr === undefined) console.error(error);
    process.exitCode = 1;
  }
}
