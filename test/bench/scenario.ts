// The life of one installation of a given size, each step measured in a fresh process.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Installation, installAt } from './bench-config.ts';
import { type BenchDirectory, startBenchDirectory } from './directory.ts';
import { inChild } from './in-child.ts';
import type { Answer, Task } from './protocol.ts';
import { startCounting, stopCounting, type Writes } from './writes.ts';

export const stepNames = [
  'bare read (ldapts)',
  'connector alone',
  'first import',
  'nothing changed',
  '100 changed',
  'all decided again, same result',
  '10,000 changed',
  'all decided again, all differ (dry run)',
] as const;
export type StepName = (typeof stepNames)[number];

export interface SizeResult {
  readonly users: number;
  readonly memberships: number;
  readonly databaseMb: number | undefined;
  /** One answer per round. */
  readonly steps: Readonly<Partial<Record<StepName, readonly Answer[]>>>;
  /** Rows written by the run in which nothing had changed; absent with PostgreSQL. */
  readonly idleWrites: Writes | undefined;
  /** What ended the scenario before its end. */
  readonly failed: string | undefined;
}

export interface ScenarioOptions {
  readonly rounds: number;
  readonly profileFolder: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function runScenario(users: number, options: ScenarioOptions): Promise<SizeResult> {
  const folder = mkdtempSync(join(tmpdir(), 'rosterd-bench-'));
  options.say(`${users} users: loading the directory`);
  const directory = await startBenchDirectory(users);
  try {
    const installation = await installAt(folder, directory.access, options.databaseUrl);
    return await new Scenario(users, directory, installation, options).run();
  } finally {
    await directory.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Scenario {
  readonly #users: number;
  readonly #directory: BenchDirectory;
  readonly #installation: Installation;
  readonly #options: ScenarioOptions;
  readonly #answers: Partial<Record<StepName, Answer[]>> = {};
  #idleWrites: Writes | undefined;

  constructor(users: number, directory: BenchDirectory, installation: Installation, options: ScenarioOptions) {
    this.#users = users;
    this.#directory = directory;
    this.#installation = installation;
    this.#options = options;
  }

  /** What was measured before a step failed is still worth reading. */
  async run(): Promise<SizeResult> {
    const { sqliteFile } = this.#installation;
    const failed = await this.#perform().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const size = statSync(sqliteFile, { throwIfNoEntry: false })?.size;
    return {
      users: this.#users,
      memberships: this.#directory.memberships,
      databaseMb: size === undefined ? undefined : size / 1_048_576,
      steps: this.#answers,
      idleWrites: this.#idleWrites,
      failed,
    };
  }

  async #perform(): Promise<void> {
    const { access: server } = this.#directory;
    const { configure } = this.#installation;
    const { rounds } = this.#options;
    for (let round = 0; round < rounds; round += 1) await this.#step('bare read (ldapts)', { do: 'bare-read', server });
    for (let round = 0; round < rounds; round += 1)
      await this.#step('connector alone', { do: 'connector-read', server });
    await this.#sync('first import');
    this.#idleWrites = await this.#nothingChanged();
    await this.#directory.changeUsers(Math.min(100, this.#users));
    await this.#sync('100 changed');
    configure({ phoneMaxDigits: 16 });
    await this.#sync('all decided again, same result');
    await this.#directory.changeUsers(Math.min(10_000, this.#users));
    await this.#sync('10,000 changed');
    configure({ phoneMaxDigits: 16, site: 'Prague' });
    await this.#sync('all decided again, all differ (dry run)', 'plan');
  }

  /** The first round counts rows, too; triggers fire only for rows that are written. */
  async #nothingChanged(): Promise<Writes | undefined> {
    const { sqliteFile } = this.#installation;
    const isCounted = this.#options.databaseUrl === undefined;
    if (isCounted) startCounting(sqliteFile);
    await this.#sync('nothing changed');
    const writes = isCounted ? stopCounting(sqliteFile) : undefined;
    for (let round = 1; round < this.#options.rounds; round += 1) await this.#sync('nothing changed');
    return writes;
  }

  #sync(name: StepName, intent: 'apply' | 'plan' = 'apply'): Promise<void> {
    return this.#step(name, { do: 'sync', config: this.#installation.config, intent });
  }

  async #step(name: StepName, task: Task): Promise<void> {
    const { profileFolder, say, signal } = this.#options;
    const profile = profileFolder === undefined ? undefined : join(profileFolder, `${this.#users} ${name}`);
    const answer = await inChild(task, profile, signal);
    const answers = this.#answers[name] ?? [];
    answers.push(answer);
    this.#answers[name] = answers;
    const state = answer.run === undefined ? '' : ` (run ${answer.run.state})`;
    say(`${this.#users} users: ${name}: ${(answer.figures.wallMs / 1_000).toFixed(2)} s${state}`);
    if (answer.run !== undefined && answer.run.state !== 'done') {
      throw new Error(`${name}: the run ended as ${answer.run.state}: ${answer.run.because ?? 'no reason given'}`);
    }
    if (answer.read.users !== this.#users)
      throw new Error(`${name}: ${answer.read.users} of ${this.#users} users were read`);
  }
}
