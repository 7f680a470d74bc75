// The DirSync control (MS-ADTS 3.1.1.3.4.1.3): what changed since a cookie, in batches. A cookie holds the controller's
// invocation id, the number up to which the client is complete, and how far the present round has come.
import { links } from './ad-schema.ts';
import { tlv } from './ber.ts';
import type { Entry } from './directory-entry.ts';
import { encodeDn, parseWanted } from './ldap-attributes.ts';
import { compileFilter } from './ldap-filter.ts';
import {
  type Control,
  controlOids,
  dirSyncValue,
  encodeAttribute,
  encodeControl,
  encodeEntry,
  readDirSync,
} from './ldap-messages.ts';
import { type Answer, failure, type Limits, type Search } from './ldap-search.ts';
import type { View } from './ldap-view.ts';

const objectSecurity = 0x1;
const incrementalValues = 0x8000_0000;
const magic = Buffer.from('MSDS');
/** Changed at every controller on its own, therefore not replicated and not in a DirSync answer. */
const notReplicated = new Set(['usnchanged', 'usncreated', 'whenchanged', 'badpwdcount', 'distinguishedname']);

type Mark = { readonly since: number; readonly upTo: number };

export function answerDirSync(view: View, request: Search, base: Entry, control: Control, limits: Limits): Answer {
  const { flags, maxBytes, cookie } = readDirSync(control.value);
  const isLimited = (flags & objectSecurity) !== 0;
  if (!isLimited && view.rights.replication === 'denied') {
    return failure(50, '00002105: LdapErr: DSID-0C0F0B0C, comment: Error processing control, data 0, v4563');
  }
  if (base.parent)
    return failure(53, '0000200E: LdapErr: DSID-0C090E9F, comment: Error processing control, data 0, v4563');
  const mark = cookie.length === 0 ? { since: 0, upTo: 0 } : readCookie(view, cookie);
  if (!mark) return failure(12, '00000057: LdapErr: DSID-0C090A4E, comment: Error processing control, data 0, v4563');
  const changed = changedSince(view, request, base, mark.upTo);
  const batch: { entry: Entry; encoded: Buffer }[] = [];
  let bytes = 0;
  let reached = mark.upTo;
  let hasMore = false;
  for (const { entry, usn } of changed) {
    if (batch.length >= limits.dirSyncBatch || (maxBytes > 0 && bytes >= maxBytes)) {
      hasMore = true;
      break;
    }
    reached = usn;
    const encoded = encodeChange(view, request, entry, mark.since, flags);
    if (!encoded) continue;
    batch.push({ entry, encoded });
    bytes += encoded.length;
  }
  const next = hasMore
    ? { since: mark.since, upTo: reached }
    : { since: view.directory.highestUsn, upTo: view.directory.highestUsn };
  return {
    count: batch.length,
    encode: (index) => batch[index]?.encoded,
    references: [],
    result: { code: 0 },
    controls: [encodeControl(controlOids.dirSync, dirSyncValue(hasMore, writeCookie(view, next)))],
  };
}

function changedSince(view: View, request: Search, base: Entry, upTo: number): { entry: Entry; usn: number }[] {
  const test = compileFilter(request.filter, view);
  const changed: { entry: Entry; usn: number }[] = [];
  for (const entry of view.directory.subtree(base)) {
    const usn = Number(entry.text('uSNChanged'));
    // Tombstones are part of the answer without the show-deleted control, if the account may see them.
    if (usn > upTo && view.isVisible(entry, 'shown') && test(entry) === true) changed.push({ entry, usn });
  }
  return changed.sort((left, right) => left.usn - right.usn);
}

function encodeChange(view: View, request: Search, entry: Entry, since: number, flags: number): Buffer | undefined {
  const wanted = parseWanted(request.attributes).map(({ key }) => key);
  const isAsked = (key: string): boolean => wanted.length === 0 || wanted.includes('*') || wanted.includes(key);
  const attributes: Buffer[] = [];
  for (const key of entry.touchedNames()) {
    const held = entry.attribute(key);
    if (!held || held.usn <= since || notReplicated.has(key)) continue;
    const isAlways = key === 'isdeleted' || key === 'objectguid' || key === 'instancetype';
    if (!isAlways && !isAsked(key)) continue;
    if (since === 0 && held.values.length === 0) continue;
    if (key !== 'objectguid' && key !== 'instancetype')
      attributes.push(encodeAttribute(held.name, view.values(entry, key)));
  }
  for (const key of links.keys()) if (isAsked(key)) attributes.push(...encodeLinks(view, entry, key, since, flags));
  if (attributes.length === 0 && since > 0) return undefined;
  const head = ['objectguid', 'instancetype'].map((key) => encodeAttribute(entry.nameOf(key), view.values(entry, key)));
  return encodeEntry(request.id, encodeDn(entry, 'plain'), [...attributes, ...head]);
}

function encodeLinks(view: View, entry: Entry, key: string, since: number, flags: number): Buffer[] {
  const rows = [...entry.linkRows(key)].filter((row) => row.usn > since);
  if (rows.length === 0) return [];
  const name = entry.nameOf(key);
  if ((flags & incrementalValues) === 0) return [encodeAttribute(name, view.values(entry, key))];
  const dns = (presence: 'added' | 'removed'): Buffer[] =>
    rows
      .filter((row) => row.isPresent === (presence === 'added'))
      .map((row) => Buffer.from(typeof row.target === 'string' ? row.target : row.target.dn));
  const added = dns('added');
  const removed = since === 0 ? [] : dns('removed');
  return [
    ...(added.length > 0 ? [encodeAttribute(`${name};range=1-1`, added)] : []),
    ...(removed.length > 0 ? [encodeAttribute(`${name};range=0-0`, removed)] : []),
  ];
}

function writeCookie(view: View, mark: Mark): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(BigInt(mark.since), 0);
  numbers.writeBigUInt64LE(BigInt(mark.upTo), 8);
  return Buffer.concat([magic, tlv(0x04, view.dc.invocationId), numbers]);
}

function readCookie(view: View, cookie: Buffer): Mark | undefined {
  const numbers = cookie.length - 16;
  if (numbers !== magic.length + 18 || !cookie.subarray(0, 4).equals(magic)) return undefined;
  if (!cookie.subarray(6, numbers).equals(view.dc.invocationId)) return undefined;
  return { since: Number(cookie.readBigUInt64LE(numbers)), upTo: Number(cookie.readBigUInt64LE(numbers + 8)) };
}
