// Starts the demo directory in a process of its own and controls it: a Directory, plus its faults and its log.
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  type DemoAnswer,
  type DemoCommand,
  type DemoReady,
  fromWireEntry,
  toWireAttributes,
  toWireValues,
  type WireFault,
} from './demo-protocol.ts';
import type { Attributes, Directory, DirectoryEntry, Modification } from './directory.ts';
import type { LoggedSearch } from './ldap-faults.ts';

export type DemoDirectoryOptions = {
  /** Port of plain LDAP and StartTLS; a free one unless given. */
  readonly port?: number;
  readonly tlsPort?: number;
  readonly people?: number;
  /** In place of `people`: those whom a UCCX and a UCCE of this size share with the directory. */
  readonly staff?: { readonly uccxAgents: number; readonly ucceAgents: number };
  readonly seed?: number;
};

export interface DemoDirectory extends Directory {
  readonly facts: DemoReady;
  readonly pid: number;
  addFault(fault: WireFault): Promise<void>;
  clearFaults(): Promise<void>;
  switchDc(): Promise<void>;
  dropConnections(): Promise<void>;
  searches(): Promise<readonly LoggedSearch[]>;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
  /** Lets the process outlive this one for as long as the folder is there; answers the process that watches the folder. */
  leaveRunning(folder: string): number;
}

export async function startDemoDirectory(options: DemoDirectoryOptions = {}): Promise<DemoDirectory> {
  const flags = [
    ['--port', options.port],
    ['--tls-port', options.tlsPort],
    ['--people', options.people],
    ['--uccx-agents', options.staff?.uccxAgents],
    ['--ucce-agents', options.staff?.ucceAgents],
    ['--seed', options.seed],
  ].flatMap(([name, value]) => (value === undefined ? [] : [String(name), String(value)]));
  const script = fileURLToPath(new URL('./demo-directory.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint = `${complaint}${text.toString()}`.slice(-4_000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the demo directory ended: ${complaint || `exit code ${child.exitCode}`}`);
    return value;
  };
  const facts = JSON.parse(await nextLine()) as DemoReady;
  return new ChildDirectory(child, facts, nextLine);
}

type Success = Extract<DemoAnswer, { readonly ok: true }>;

class ChildDirectory implements DemoDirectory {
  readonly facts: DemoReady;
  readonly baseDn: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #nextLine: () => Promise<string>;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(child: ChildProcess, facts: DemoReady, nextLine: () => Promise<string>) {
    this.#child = child;
    this.facts = facts;
    this.baseDn = facts.baseDn;
    this.pid = child.pid ?? 0;
    this.#nextLine = nextLine;
  }

  /** Commands are answered in order, one line each. */
  #tell(command: DemoCommand): Promise<Success> {
    const answer = this.#queue.then(async () => {
      this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
      const told = JSON.parse(await this.#nextLine()) as DemoAnswer;
      if (!told.ok) throw new Error(told.error);
      return told;
    });
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  async add(dn: string, attributes: Attributes): Promise<void> {
    await this.#tell({ do: 'add', dn, attributes: toWireAttributes(attributes) });
  }

  async modify(dn: string, changes: readonly Modification[]): Promise<void> {
    const wire = changes.map(({ operation, attribute, values }) => ({
      operation,
      attribute,
      ...(values === undefined ? {} : { values: toWireValues(values) }),
    }));
    await this.#tell({ do: 'modify', dn, changes: wire });
  }

  async rename(dn: string, rdn: string): Promise<string> {
    return (await this.#tell({ do: 'rename', dn, rdn })).dn ?? '';
  }

  async move(dn: string, parentDn: string): Promise<string> {
    return (await this.#tell({ do: 'move', dn, parentDn })).dn ?? '';
  }

  async delete(dn: string): Promise<void> {
    await this.#tell({ do: 'delete', dn });
  }

  async setPassword(dn: string, password: string): Promise<void> {
    await this.#tell({ do: 'setPassword', dn, password });
  }

  async enable(dn: string): Promise<void> {
    await this.#tell({ do: 'enable', dn });
  }

  async disable(dn: string): Promise<void> {
    await this.#tell({ do: 'disable', dn });
  }

  async expire(dn: string, at: Date | 'never'): Promise<void> {
    await this.#tell({ do: 'expire', dn, at: at === 'never' ? at : at.toISOString() });
  }

  async addMembers(groupDn: string, memberDns: readonly string[]): Promise<void> {
    await this.#tell({ do: 'addMembers', dn: groupDn, members: memberDns });
  }

  async removeMembers(groupDn: string, memberDns: readonly string[]): Promise<void> {
    await this.#tell({ do: 'removeMembers', dn: groupDn, members: memberDns });
  }

  async read(dn: string): Promise<DirectoryEntry | undefined> {
    const { entry } = await this.#tell({ do: 'read', dn });
    return entry ? fromWireEntry(entry) : undefined;
  }

  async addFault(fault: WireFault): Promise<void> {
    await this.#tell({ do: 'addFault', fault });
  }

  async clearFaults(): Promise<void> {
    await this.#tell({ do: 'clearFaults' });
  }

  async switchDc(): Promise<void> {
    await this.#tell({ do: 'switchDc' });
  }

  async dropConnections(): Promise<void> {
    await this.#tell({ do: 'dropConnections' });
  }

  async searches(): Promise<readonly LoggedSearch[]> {
    return (await this.#tell({ do: 'searches' })).searches ?? [];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.stdin?.end();
    await ended;
  }

  leaveRunning(folder: string): number {
    const { stdin, stdout, stderr } = this.#child;
    if (!(stdin && stdout instanceof Socket && stderr instanceof Socket))
      throw new Error('the demo directory has no pipes');
    // The watcher holds the directory's stdin open in our place; when it ends, the directory does too.
    const watch = 'while [ -d "$1" ]; do sleep 1; done';
    const watcher = spawn('sh', ['-c', watch, 'sh', folder], { stdio: ['ignore', stdin, 'ignore'], detached: true });
    watcher.unref();
    this.#child.unref();
    stdout.unref();
    stderr.unref();
    stdin.destroy();
    return watcher.pid ?? 0;
  }
}
