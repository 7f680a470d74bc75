// The scripted directory as a process of its own, with an invented contact centre in it:
//   node test/lab/demo-directory.ts [--port 0] [--tls-port 0] [--people 250 | --uccx-agents N --ucce-agents N] [--seed N]
// With agents it holds the staff that such a UCCX and UCCE share. Prints one JSON line when ready, obeys JSON commands on stdin (demo-protocol.ts), ends when stdin closes.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ciscoStaff } from './cisco-staff.ts';
import { plantStaff } from './cisco-staff-directory.ts';
import { plantContactCentre } from './contact-centre.ts';
import {
  type DemoAnswer,
  type DemoCommand,
  type DemoReady,
  fromWireAttributes,
  fromWireValues,
  toWireEntry,
} from './demo-protocol.ts';
import type { Fault } from './ldap-faults.ts';
import { type LdapServer, startLdapServer } from './ldap-server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'tls-port': { type: 'string', default: '0' },
    people: { type: 'string', default: '250' },
    'uccx-agents': { type: 'string' },
    'ucce-agents': { type: 'string' },
    seed: { type: 'string' },
  },
});
const print = (line: DemoReady | DemoAnswer): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const server = await startLdapServer({ port: Number(values.port), tlsPort: Number(values['tls-port']) });
const seed = values.seed === undefined ? {} : { seed: Number(values.seed) };
const { 'uccx-agents': uccxAgents, 'ucce-agents': ucceAgents } = values;
const centre =
  uccxAgents === undefined || ucceAgents === undefined
    ? await plantContactCentre(server.directory, { people: Number(values.people), ...seed })
    : await plantStaff(
        server.directory,
        ciscoStaff({ uccxAgents: Number(uccxAgents), ucceAgents: Number(ucceAgents), ...seed }),
      );
print({
  url: server.url,
  urls: server.urls,
  port: server.port,
  tlsPort: server.tlsPort,
  caFile: server.caFile,
  hostName: server.controller().hostName,
  baseDn: server.directory.baseDn,
  peopleDn: centre.peopleDn,
  groupsDn: centre.groupsDn,
  admin: server.admin,
  reader: server.reader,
  people: centre.people.map(({ dn, person }) => ({
    dn,
    login: person.login,
    displayName: person.displayName,
    mail: person.mail,
  })),
  groups: centre.groups,
});

const stop = async (): Promise<never> => {
  await server.stop();
  process.exit(0);
};
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  try {
    const command = JSON.parse(line) as DemoCommand;
    if (command.do === 'stop') break;
    print(await obey(server, command));
  } catch (reason) {
    print({ ok: false, error: reason instanceof Error ? reason.message : 'failed without a message' });
  }
}
await stop();

async function obey({ directory, faults, ...rest }: LdapServer, command: DemoCommand): Promise<DemoAnswer> {
  switch (command.do) {
    case 'add':
      await directory.add(command.dn, fromWireAttributes(command.attributes));
      return { ok: true, dn: command.dn };
    case 'modify':
      await directory.modify(
        command.dn,
        command.changes.map(({ operation, attribute, values: wire }) => ({
          operation,
          attribute,
          ...(wire === undefined ? {} : { values: fromWireValues(wire) }),
        })),
      );
      return { ok: true };
    case 'rename':
      return { ok: true, dn: await directory.rename(command.dn, command.rdn) };
    case 'move':
      return { ok: true, dn: await directory.move(command.dn, command.parentDn) };
    case 'delete':
    case 'enable':
    case 'disable':
      await directory[command.do](command.dn);
      return { ok: true };
    case 'read': {
      const entry = await directory.read(command.dn);
      return { ok: true, ...(entry ? { entry: toWireEntry(entry) } : {}) };
    }
    case 'setPassword':
      await directory.setPassword(command.dn, command.password);
      return { ok: true };
    case 'expire':
      await directory.expire(command.dn, command.at === 'never' ? 'never' : new Date(command.at));
      return { ok: true };
    case 'addMembers':
    case 'removeMembers':
      await directory[command.do](command.dn, command.members);
      return { ok: true };
    case 'addFault':
      faults.add(command.fault as Fault);
      return { ok: true };
    case 'clearFaults':
      faults.clear();
      return { ok: true };
    case 'switchDc':
    case 'dropConnections':
      rest[command.do]();
      return { ok: true };
    case 'searches':
      return { ok: true, searches: rest.searches };
    case 'stop':
      return { ok: true };
    default:
      command satisfies never;
      return { ok: false, error: `unknown command ${JSON.stringify((command as { do: unknown }).do)}` };
  }
}
