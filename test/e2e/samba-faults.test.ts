// A real domain behind a bad network: whatever the network does, nobody is disabled and nothing is taken away, and when it
// is good again the next scheduled run brings what changed meanwhile.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../describe-with.ts';
import { createTestCertificates } from '../lab/certificates.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../lab/fault-proxy.ts';
import { type SambaLab, startSamba } from '../lab/samba.ts';
import { readDomain } from './samba-domain.ts';
import { Installation } from './samba-installation.ts';

const people = 300;
const isEnd = (message: string): boolean => message.startsWith('run ended: ');

describeWith('samba', 'a daemon, a bad network and a real domain', () => {
  let samba: SambaLab;
  let proxy: FaultProxy;
  let rosterd: Installation;
  let daemon: DaemonProcess;
  let dns: readonly string[];
  let turn = 0;

  beforeAll(async () => {
    samba = await startSamba();
    await samba.populate(people);
    const [ou, groups] = [`OU=People,OU=Lab,${samba.baseDn}`, `OU=Groups,OU=Lab,${samba.baseDn}`];
    const domain = await readDomain(samba, { people: ou, groups, prefix: '', roles: {} });
    dns = [...domain.people.values()].map((person) => person.dn).sort();
    rosterd = new Installation(samba, {
      people: ou,
      groups,
      head: 'log: { level: info }\nserve: { listen: off }\n',
      rest: '    schedule: { full: "*/2 * * * * *" }\n',
    });
    await rosterd.init();
    const certificates = createTestCertificates(join(rosterd.folder, 'certificates'));
    proxy = await startFaultProxy({
      target: samba.url,
      targetCaFile: samba.caFile,
      targetHostName: samba.hostName,
      certificate: certificates.good,
    });
    rosterd.configure({
      servers: [proxy.url],
      ca: readFileSync(certificates.caFile, 'utf8'),
      timeouts: { connectMs: 1_500, requestMs: 4_000, idleMs: 1_500 },
      pageSize: 50,
    });
    daemon = new DaemonProcess(join(rosterd.folder, 'rosterd.yaml'));
    await daemon.run('done');
  });
  afterAll(async () => {
    await daemon?.end();
    await proxy?.stop();
    await rosterd?.close();
    await samba?.stop();
  });

  const users = async (): Promise<readonly object[]> =>
    (await rosterd.ask<{ users: readonly object[] }>(['user', 'list', '--all'])).users;

  /** Gives somebody another phone number, so that the next complete read has something to bring. */
  async function change(): Promise<void> {
    turn += 1;
    const person = dns[turn];
    if (person === undefined) throw new Error('nobody is left to change');
    await samba.modify(person, [{ operation: 'replace', attribute: 'telephoneNumber', values: `+49 30 ${turn}` }]);
  }

  /** The first run that met the fault, after it ended. */
  async function endOfSpoiltRun(): Promise<string> {
    const started = await daemon.line(({ message }) => message === 'run started', daemon.lines.length);
    const { message } = await daemon.line((line) => line['run'] === started['run'] && isEnd(line.message));
    return proxy.spoilt() === 0 ? endOfSpoiltRun() : message;
  }

  async function recover(): Promise<void> {
    const from = daemon.lines.length;
    proxy.spoil(undefined);
    await daemon.line((line) => line.message === 'run ended: done' && Number(line['applied'] ?? 0) > 0, from);
  }

  it.each<[string, Fault]>([
    ['is reset before the first entry', { kind: 'reset', afterBytes: 30 }],
    ['is reset in the middle of a page', { kind: 'reset', afterBytes: 40_000 }],
    ['ends in good order in the middle of an entry', { kind: 'truncate', afterBytes: 61_234 }],
    ['ends in good order in the middle of the bind', { kind: 'truncate', afterBytes: 7 }],
    ['says nothing any more in the middle of an entry', { kind: 'half-open', afterBytes: 54_321 }],
    ['says nothing after the bind', { kind: 'half-open', afterBytes: 22 }],
    ['never ends the TLS handshake', { kind: 'stall-handshake' }],
  ])('loses nobody when the connection %s', async (_, fault) => {
    const before = await users();
    expect(before).toHaveLength(people);
    proxy.spoil(fault);
    expect(await endOfSpoiltRun()).toMatch(/run ended: (failed|partial)/u);
    // Not before: a run that began on the good network would bring it.
    await change();

    expect(await endOfSpoiltRun()).toMatch(/run ended: (failed|partial)/u);

    const during = await users();
    expect(during.map(standing)).toEqual(before.map(standing));
    await recover();
    expect((await users()).map(standing)).toEqual(before.map(standing));
  });

  it.each<[string, Fault]>([
    ['answers late', { kind: 'latency', ms: 40 }],
    ['is narrow', { kind: 'throttle', bytesPerSecond: 400_000 }],
  ])('brings everything when the network %s', async (_, fault) => {
    proxy.spoil(fault);
    await daemon.run('done', daemon.lines.length);
    const from = daemon.lines.length;

    await change();

    await daemon.line((line) => line.message === 'run ended: done' && Number(line['applied'] ?? 0) > 0, from);
    expect(proxy.spoilt()).toBeGreaterThan(0);
    proxy.spoil(undefined);
  });

  it('is still the same process, with no run left open and no connection left', async () => {
    await daemon.run('done', daemon.lines.length);
    daemon.kill('SIGTERM');

    expect(await daemon.ended).toEqual({ code: 0, signal: null });

    const { runs } = await rosterd.ask<{ runs: readonly { state: string }[] }>(['run', 'list', '--limit', '500']);
    expect(runs.filter(({ state }) => ['reading', 'planning', 'applying', 'verifying'].includes(state))).toEqual([]);
    expect(await rosterd.ask(['audit', 'verify'])).toMatchObject({ ok: true });
    await expect.poll(proxy.open).toBe(0);
    expect(daemon.lines.filter((line) => line['errorCode'] === 'bug')).toEqual([]);
  });
});

/** What a user may lose by a bad read: access, teams, roles. */
function standing(user: object): object {
  const { phone: _, ...rest } = user as { readonly phone?: unknown };
  return rest;
}
