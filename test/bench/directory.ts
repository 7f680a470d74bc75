// A real OpenLDAP with generated users and groups, in a process of its own, and the changes that the bench makes to it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Directory } from '../lab/directory.ts';
import { escapeRdnValue } from '../lab/dn.ts';
import { writeActiveDirectoryLdif } from '../lab/ldif.ts';
import { generatePeople } from '../lab/people.ts';
import { startSlapd } from '../lab/slapd.ts';
import type { ServerAccess } from './protocol.ts';

export interface BenchDirectory {
  readonly access: ServerAccess;
  readonly memberships: number;
  /** Gives this many users another telephone number. */
  changeUsers(count: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startBenchDirectory(users: number): Promise<BenchDirectory> {
  const folder = mkdtempSync(join(tmpdir(), 'rosterd-bench-data-'));
  try {
    const ldif = join(folder, 'data.ldif');
    const { peopleDn, groupsDn, memberships } = await writeActiveDirectoryLdif(ldif, { users });
    const slapd = await startSlapd({ schema: 'ad', ldif });
    let round = 0;
    return {
      access: { url: slapd.url, caFile: slapd.caFile, ...slapd.reader, peopleDn, groupsDn },
      memberships,
      changeUsers: (count) => {
        round += 1;
        return changePhones(slapd, peopleDn, { users, count, round });
      },
      stop: slapd.stop,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Changes {
  readonly users: number;
  readonly count: number;
  /** Makes the numbers differ from those of the round before. */
  readonly round: number;
}

const atOnce = 50;

async function changePhones(directory: Directory, peopleDn: string, { users, count, round }: Changes): Promise<void> {
  const people = generatePeople({ count: users }).slice(0, count);
  for (let start = 0; start < people.length; start += atOnce) {
    await Promise.all(
      people.slice(start, start + atOnce).map(({ displayName, site, index }) =>
        directory.modify(`CN=${escapeRdnValue(displayName)},OU=${site},${peopleDn}`, [
          {
            operation: 'replace',
            attribute: 'telephoneNumber',
            values: `+49 40 ${round}${String(index).padStart(6, '0')}`,
          },
        ]),
      ),
    );
  }
}
