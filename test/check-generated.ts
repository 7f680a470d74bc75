// Files that are made from code and committed, so that they can be read without running anything.
// `npm run check` compares each with what would be made now; `npm run fix` (--fix) writes it.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkMigrations } from '../prisma/snapshot.ts';

interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly make: () => Promise<string>;
}

// One entry per generated file. Import what makes it inside `make`, so that one broken generator does not hide the others.
const generatedFiles: readonly GeneratedFile[] = [
  {
    path: 'config/rosterd.schema.json',
    make: async () => {
      const [{ configJsonSchema }, { connectorTypes }] = await Promise.all([
        import('../src/config/json-schema.ts'),
        import('../connectors/registry.ts'),
      ]);
      return configJsonSchema(connectorTypes);
    },
  },
  { path: 'docs/errors.md', make: async () => (await import('./errors-page.ts')).makeErrorsPage() },
  { path: 'docs/cli.md', make: async () => (await import('./cli-page.ts')).makeCliPage() },
];

// What is made from code but must be written by a person's command, each answering with its complaints.
const comparisons: readonly (() => Promise<readonly string[]>)[] = [checkMigrations];

const root = join(import.meta.dirname, '..');
const isFixing = process.argv.includes('--fix');

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

async function checkFile({ path, make }: GeneratedFile): Promise<string[]> {
  const wanted = await make();
  if ((await readIfThere(join(root, path))) === wanted) return [];
  if (!isFixing) return [`${path} differs from what the code makes now. Run: npm run fix`];
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), wanted);
  console.log(`wrote ${path}`);
  return [];
}

const tasks = [...generatedFiles.map((file) => () => checkFile(file)), ...comparisons];
const complaints: string[] = [];
for (const task of tasks) {
  try {
    complaints.push(...(await task()));
  } catch (error) {
    complaints.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
