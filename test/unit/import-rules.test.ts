// Proves that each rule of "who may import whom" fires, with advice, and leaves alone what is allowed.
// All snippets are laid out in a temporary folder as they would be in the repository, and linted in one run.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

interface Refusal {
  readonly file: string;
  readonly code: string;
  readonly says: string;
}

const importing = (specifier: string) => `import { thing } from '${specifier}';\nthing();\n`;

const refusals: readonly Refusal[] = [
  { file: 'src/model/zod.ts', code: importing('zod'), says: 'src/model imports nothing outside src/model' },
  { file: 'src/model/builtin.ts', code: importing('node:crypto'), says: 'src/model imports nothing outside' },
  { file: 'src/model/up.ts', code: importing('../reconcile/plan.ts'), says: 'src/model imports nothing outside' },
  { file: 'src/model/contract.ts', code: importing('../connector.ts'), says: 'src/model imports nothing outside' },
  { file: 'src/model/detour.ts', code: importing('./../store/client.ts'), says: 'src/model imports nothing outside' },
  {
    file: 'src/model/type.ts',
    code: "export type { Run } from '../store/runs.ts';\n",
    says: 'src/model imports nothing',
  },
  {
    file: 'src/model/inline.ts',
    code: "export type Run = import('../store/runs.ts').Run;\n",
    says: 'inline import() type',
  },
  {
    file: 'src/model/lazy.ts',
    code: "export const run = import('../store/runs.ts');\n",
    says: 'src/model imports nothing',
  },
  { file: 'src/reconcile/contract.ts', code: importing('../connector.ts'), says: 'Take what you need as a parameter' },
  { file: 'src/reconcile/sync.ts', code: importing('../sync/ports.ts'), says: 'src/reconcile imports only src/model' },
  { file: 'src/reconcile/guard/nested.ts', code: importing('../../store/client.ts'), says: 'imports only src/model' },
  { file: 'src/connector.ts', code: importing('./sync/ports.ts'), says: 'src/connector.ts is the contract' },
  { file: 'src/sync/store.ts', code: importing('../store/client.ts'), says: 'Declare what you need as a port' },
  { file: 'src/sync/admin.ts', code: importing('../admin/users.ts'), says: "each other's ports" },
  { file: 'src/sync/winston.ts', code: importing('winston'), says: 'to log, emit an event' },
  { file: 'src/sync/cron.ts', code: importing('node-cron'), says: 'Declare what you need as a port' },
  { file: 'src/sync/schedule.ts', code: importing('../store/leases.ts'), says: 'src/sync/schedule.ts imports only' },
  { file: 'src/admin/connectors.ts', code: importing('../../connectors/registry.ts'), says: 'Declare what you need' },
  { file: 'src/admin/prisma.ts', code: importing('@prisma/client'), says: 'Declare what you need as a port' },
  { file: 'src/store/config.ts', code: importing('../config/load.ts'), says: 'take settings as parameters' },
  { file: 'src/store/plan.ts', code: importing('../reconcile/plan.ts'), says: 'Move a decision to src/reconcile' },
  { file: 'src/config/store.ts', code: importing('../store/client.ts'), says: 'src/config imports only zod, yaml' },
  { file: 'src/observe/config.ts', code: importing('../config/load.ts'), says: 'src/observe imports only winston' },
  { file: 'src/observe/mail.ts', code: importing('nodemailer'), says: 'src/observe imports only winston' },
  { file: 'src/observe/notify/log.ts', code: importing('winston'), says: 'src/observe/notify imports only nodemailer' },
  { file: 'src/mail.ts', code: importing('nodemailer'), says: 'Only src/observe/notify sends mail' },
  { file: 'src/cli/store.ts', code: importing('../store/client.ts'), says: 'Call a use case of src/sync or src/admin' },
  {
    file: 'src/cli/connector.ts',
    code: importing('../../connectors/registry.ts'),
    says: 'Call a use case of src/sync',
  },
  { file: 'src/cli/compose.ts', code: importing('../compose.ts'), says: 'src/main.ts hands in' },
  { file: 'src/api/store.ts', code: importing('../store/client.ts'), says: 'Add a use case to src/sync or src/admin' },
  { file: 'src/compose.ts', code: importing('ldapts'), says: 'Only connectors/active-directory speaks LDAP' },
  { file: 'src/main.ts', code: importing('@prisma/client'), says: 'Only src/store opens the database' },
  {
    file: 'src/client.ts',
    code: importing('./store/generated/sqlite/client.ts'),
    says: 'Only src/store opens the database',
  },
  { file: 'src/newfolder/prisma.ts', code: importing('@prisma/client'), says: 'Only src/store opens the database' },
  { file: 'connectors/other/ldap.ts', code: importing('ldapts'), says: 'Only connectors/active-directory' },
  { file: 'src/fetch.ts', code: importing('axios'), says: 'Ask through a session of connectors/http-source.ts' },
  { file: 'src/xml.ts', code: importing('fast-xml-parser'), says: 'Use parseXml() of it' },
  { file: 'connectors/http-body.ts', code: importing('axios'), says: 'A file beside the connectors imports only' },
  {
    file: 'connectors/uccx/parse.ts',
    code: importing('fast-xml-parser'),
    says: 'import only connectors/http-source.ts',
  },
  { file: 'connectors/ucce/fetch.ts', code: importing('axios'), says: 'import only connectors/http-source.ts' },
  {
    file: 'connectors/active-directory/xml.ts',
    code: importing('../xml-document.ts'),
    says: 'imports only src/connector.ts',
  },
  { file: 'src/log.ts', code: importing('winston'), says: 'Only src/observe logs' },
  {
    file: 'connectors/registry.ts',
    code: importing('../src/store/client.ts'),
    says: 'Let src/compose.ts hand in the rest',
  },
  {
    file: 'connectors/active-directory/store.ts',
    code: importing('../../src/store/client.ts'),
    says: 'neither stores, logs',
  },
  {
    file: 'connectors/active-directory/http.ts',
    code: importing('../http-source.ts'),
    says: 'imports only src/connector.ts',
  },
  {
    file: 'connectors/uccx/ldap.ts',
    code: importing('ldapts'),
    says: 'connectors/uccx and connectors/ucce import only',
  },
  {
    file: 'connectors/ucce/sibling.ts',
    code: importing('../uccx/client.ts'),
    says: 'connectors/uccx and connectors/ucce import',
  },
  { file: 'src/model/now.ts', code: 'export const now = Date.now();\n', says: 'knows the time or chance' },
  { file: 'src/model/date.ts', code: 'export const now = new Date();\n', says: 'Take `now`' },
  {
    file: 'src/reconcile/dice.ts',
    code: 'export const dice = Math.random();\n',
    says: 'Take `now` (or the chosen value)',
  },
  { file: 'src/reconcile/a.ts', code: 'export async function plan() {}\n', says: 'src/sync does the waiting' },
  { file: 'src/reconcile/b.ts', code: 'export const plan = async () => 1;\n', says: 'is async' },
  { file: 'src/reconcile/c.ts', code: 'export const plan = { async run() {} };\n', says: 'is async' },
  { file: 'src/reconcile/d.ts', code: 'export class Plan {\n  static async run() {}\n}\n', says: 'is async' },
  { file: 'src/reconcile/e.ts', code: 'export const plan = async function () {};\n', says: 'is async' },
  { file: 'src/reconcile/f.ts', code: "export const plan = await Promise.resolve('now');\n", says: 'is async' },
  {
    file: 'src/sync/environment.ts',
    code: "export const home = process.env['HOME'];\n",
    says: 'Only src/config reads the environment',
  },
  { file: 'src/sync/process.ts', code: importing('node:process'), says: 'Declare what you need' },
  { file: 'connectors/uccx/environment.ts', code: 'export const home = process.env;\n', says: 'Only src/config reads' },
];

const allowed: readonly Omit<Refusal, 'says'>[] = [
  { file: 'src/model/ok.ts', code: importing('./ids.ts') },
  { file: 'src/model/parse.ts', code: 'export const at = (text: string) => new Date(text);\n' },
  { file: 'src/reconcile/ok.ts', code: importing('../model/user.ts') },
  { file: 'src/reconcile/guard/ok.ts', code: importing('../../model/user.ts') + importing('../plan.ts') },
  { file: 'src/sync/ok.ts', code: importing('../reconcile/plan.ts') + importing('../admin/ports.ts') },
  { file: 'src/sync/schedule/ok.ts', code: importing('node-cron') + importing('p-retry') },
  { file: 'src/admin/ok.ts', code: importing('../connector.ts') + importing('../sync/ports.ts') },
  { file: 'src/store/ok.ts', code: importing('./generated/sqlite/client.ts') + importing('@prisma/adapter-pg') },
  { file: 'src/config/ok.ts', code: `${importing('zod')}export const home = process.env['HOME'];\n` },
  { file: 'src/observe/ok.ts', code: importing('winston') + importing('../sync/events.ts') },
  { file: 'src/observe/notify/ok.ts', code: importing('nodemailer') + importing('../redact.ts') },
  { file: 'src/sync/notices/ok.ts', code: importing('../ports/daemon.ts') + importing('../deps.ts') },
  { file: 'src/cli/ok.ts', code: `${importing('../sync/run-source.ts')}console.log('done');\n` },

  { file: 'connectors/active-directory/ok.ts', code: importing('ldapts') + importing('../../src/connector.ts') },
  { file: 'connectors/uccx/ok.ts', code: importing('../http-source.ts') + importing('../../src/model/ids.ts') },
  { file: 'connectors/uccx/xml.ts', code: importing('../xml-document.ts') + importing('../network-failures.ts') },
  { file: 'connectors/http-exchange.ts', code: importing('axios') + importing('./http-body.ts') },
  { file: 'connectors/http-source.ts', code: importing('./http-exchange.ts') + importing('./connector-type.ts') },
  { file: 'connectors/xml-document.ts', code: importing('fast-xml-parser') + importing('../src/model/errors.ts') },
  { file: 'test/lab/ok.ts', code: importing('ldapts') + importing('../../src/store/client.ts') },
];

interface Diagnostic {
  readonly message: string;
  readonly category: string;
  readonly location: { readonly path: string };
}

let folder: string;
let diagnostics: readonly Diagnostic[];

function messagesFor(file: string): string[] {
  return diagnostics
    .filter(({ category, location }) => /plugin|noRestrictedImports/.test(category) && location.path.endsWith(file))
    .map(({ message }) => message);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-import-rules-'));
  const config = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8')) as object;
  await writeFile(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }));
  await cp(join(root, 'lint'), join(folder, 'lint'), { recursive: true });
  for (const { file, code } of [...refusals, ...allowed]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), code);
  }
  diagnostics = await lint();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Biome ends with 1 when it has complaints, so the exit code says nothing here. */
function lint(): Promise<readonly Diagnostic[]> {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (stdout === '') reject(error ?? new Error(stderr));
        else resolve((JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics);
      },
    );
  });
}

describe('import rules', () => {
  it.each(refusals)('refuse $file and say what to do instead', ({ file, says }) => {
    expect(messagesFor(file)).toContainEqual(expect.stringContaining(says));
  });

  it.each(allowed)('leave $file alone', ({ file }) => {
    expect(messagesFor(file)).toEqual([]);
  });
});
