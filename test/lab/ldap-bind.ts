// Simple binds as Active Directory judges them: forms of the name, sub-codes of result 49, lock-out.
import { accountFlags, neverExpires } from './ad-values.ts';
import type { Entry } from './directory-entry.ts';
import type { Rights } from './ldap-view.ts';
import type { MemoryDirectory } from './memory-directory.ts';

export type Account = { readonly entry: Entry; readonly rights: Rights };
export type BindOutcome = { readonly code: number; readonly diagnostic?: string; readonly account?: Account };
export type BindPolicy = {
  /** Wrong passwords after which the account is locked; 0 means never. */
  readonly lockoutThreshold: number;
  readonly rights: ReadonlyMap<string, Rights>;
};

const noRights: Rights = { deletedObjects: 'hidden', replication: 'denied' };
/** 525 unknown user, 52e wrong password, 533 disabled, 701 expired, 775 locked. */
const refused = (data: string): BindOutcome => ({
  code: 49,
  diagnostic: `80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data ${data}, v4563`,
});

export function checkPassword(
  directory: MemoryDirectory,
  bind: { readonly name: string; readonly password: string },
  transport: 'secure' | 'allow' | 'refuse',
  policy: BindPolicy,
): BindOutcome {
  // RFC 4513, 5.1: no name is anonymous; a name without a password is "unauthenticated" and just as anonymous.
  if (bind.name === '' || bind.password === '') return { code: 0 };
  if (transport === 'refuse') {
    return {
      code: 8,
      diagnostic:
        '00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking if SSL\\TLS are not already active on the connection, data 0, v4563',
    };
  }
  const entry = accountOf(directory, bind.name);
  if (!entry || entry.isDeleted) return refused('525');
  if (Number(entry.text('lockoutTime') || '0') > 0) return refused('775');
  if (directory.passwordOf(entry) !== bind.password) {
    const failures = Number(entry.text('badPwdCount') || '0') + 1;
    entry.set('badPwdCount', [String(failures)], directory.highestUsn);
    if (policy.lockoutThreshold > 0 && failures >= policy.lockoutThreshold)
      entry.set('lockoutTime', ['1'], directory.highestUsn);
    return refused('52e');
  }
  if ((Number(entry.text('userAccountControl')) & accountFlags.disabled) !== 0) return refused('533');
  if (isExpired(entry, directory.now())) return refused('701');
  return {
    code: 0,
    account: { entry, rights: policy.rights.get(entry.text('sAMAccountName').toLowerCase()) ?? noRights },
  };
}

/** DN, user principal name, DOMAIN\login or login@domain; a bare login name is not accepted. */
function accountOf(directory: MemoryDirectory, name: string): Entry | undefined {
  const [domain = '', login] = name.split('\\');
  if (login !== undefined)
    return domain.toLowerCase() === directory.netbiosName.toLowerCase() ? directory.findByLogin(login) : undefined;
  if (/^[a-z]+=/i.test(name)) return directory.find(name);
  const at = name.lastIndexOf('@');
  if (at < 0) return undefined;
  const folded = name.toLowerCase();
  const byName = directory
    .subtree(directory.root)
    .find((entry) => entry.text('userPrincipalName').toLowerCase() === folded);
  return byName ?? (folded.slice(at + 1) === directory.domain ? directory.findByLogin(name.slice(0, at)) : undefined);
}

function isExpired(entry: Entry, now: Date): boolean {
  const ticks = entry.text('accountExpires');
  if (ticks === '' || ticks === '0' || ticks === neverExpires) return false;
  return Number(BigInt(ticks) / 10_000n - 11_644_473_600_000n) <= now.getTime();
}
