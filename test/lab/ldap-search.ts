// Answers searches: base and scope, rights, paging, size limits, attribute selection and ranges, DirSync, as
// Active Directory does it. Faults that belong to the content of an answer are applied here.
import { randomBytes } from 'node:crypto';
import { bytesToSid } from './ad-values.ts';
import type { AttributeValue } from './directory.ts';
import type { Entry } from './directory-entry.ts';
import { foldDn, parentDn, splitDn } from './dn.ts';
import { type DnForm, encodeDn, selectAttributes } from './ldap-attributes.ts';
import { answerDirSync } from './ldap-dirsync.ts';
import type { Faults, LoggedSearch } from './ldap-faults.ts';
import { compileFilter } from './ldap-filter.ts';
import {
  type Control,
  controlOids,
  encodeAttribute,
  encodeControl,
  encodeEntry,
  pagingValue,
  type Request,
  type Result,
  readPaging,
} from './ldap-messages.ts';
import { guidOfBase, type View } from './ldap-view.ts';

export type Limits = {
  /** MaxPageSize: entries in one answer, paged or not. */
  readonly pageSize: number;
  /** MaxValRange: values of one attribute in one answer. */
  readonly valueRange: number;
  /** Whether plain `member` accompanies `member;range=0-1499`, without values, or is left out. */
  readonly rangedPlain: 'empty' | 'absent';
  /** Objects in one DirSync answer. */
  readonly dirSyncBatch: number;
};
export const activeDirectoryLimits: Limits = {
  pageSize: 1_000,
  valueRange: 1_500,
  rangedPlain: 'empty',
  dirSyncBatch: 1_000,
};

export type Search = Extract<Request, { readonly op: 'search' }>;
export type Answer = {
  readonly count: number;
  /** Nothing for an object that went away while the answer was on its way. */
  readonly encode: (index: number) => Buffer | undefined;
  readonly references: readonly (readonly string[])[];
  readonly result: Result;
  readonly controls: readonly Buffer[];
};
type Cursor = {
  readonly entries: readonly Entry[];
  readonly dcName: string;
  position: number;
  page: number;
  code: number;
};

export const failure = (code: number, diagnostic: string, more: Partial<Result> = {}): Answer => ({
  count: 0,
  encode: () => undefined,
  references: [],
  result: { code, diagnostic, ...more },
  controls: [],
});

const supported = new Set<string>(Object.values(controlOids));
const control = (request: Search, oid: string): Control | undefined => request.controls.find((one) => one.oid === oid);

export class SearchService {
  readonly #limits: Limits;
  readonly #faults: Faults;
  readonly #cursors = new Map<string, Cursor>();

  constructor(limits: Limits, faults: Faults) {
    this.#limits = limits;
    this.#faults = faults;
  }

  /** Which page a request asks for, and how large; for the log and for faults bound to a page. */
  pageOf(request: Search): { page: number; pageSize: number | undefined } {
    const paging = control(request, controlOids.paging);
    if (!paging) return { page: 1, pageSize: undefined };
    const { size, cookie } = readPaging(paging.value);
    return { page: (this.#cursors.get(cookie.toString('hex'))?.page ?? 0) + 1, pageSize: size };
  }

  answer(view: View, request: Search, account: 'anonymous' | 'bound', log: LoggedSearch): Answer {
    if (request.base === '' && request.scope === 'base') return this.#rootDse(view, request);
    if (account === 'anonymous') {
      return failure(
        1,
        '000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563',
      );
    }
    const unknown = request.controls.find((one) => one.isCritical && !supported.has(one.oid));
    if (unknown) return failure(12, '00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0');
    const base = findBase(view, request.base);
    const deleted = control(request, controlOids.showDeleted) ? 'shown' : 'hidden';
    if (!base || !view.isVisible(base, deleted)) return missingBase(view, request.base);
    const dirSync = control(request, controlOids.dirSync);
    if (dirSync) return answerDirSync(view, request, base, dirSync, this.#limits);
    return this.#page(view, request, () => this.#match(view, request, base, deleted), base, log);
  }

  #match(view: View, request: Search, base: Entry, deleted: 'shown' | 'hidden'): Entry[] {
    const test = compileFilter(request.filter, view);
    const found: Entry[] = [];
    const consider = (entry: Entry): void => {
      if (view.isVisible(entry, deleted) && test(entry) === true) found.push(entry);
    };
    if (request.scope === 'base') consider(base);
    else if (request.scope === 'one') for (const child of base.children.values()) consider(child);
    else
      for (const entry of view.directory.subtree(base)) if (entry !== base || request.scope === 'sub') consider(entry);
    return found;
  }

  #page(view: View, request: Search, match: () => Entry[], base: Entry, log: LoggedSearch): Answer {
    const paging = control(request, controlOids.paging);
    const asked = paging ? readPaging(paging.value) : undefined;
    const held = asked && asked.cookie.length > 0 ? this.#cursors.get(asked.cookie.toString('hex')) : undefined;
    if (asked && asked.cookie.length > 0 && (!held || held.dcName !== view.dc.name)) {
      return failure(12, '00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0');
    }
    if (asked?.size === 0 && held) {
      this.#cursors.delete(asked.cookie.toString('hex'));
      return { ...failure(0, ''), controls: [encodeControl(controlOids.paging, pagingValue(Buffer.alloc(0)))] };
    }
    const cursor = held ?? this.#open(view, request, match, log);
    const size = Math.min(asked?.size ?? Number.POSITIVE_INFINITY, this.#limits.pageSize);
    const isEmpty = asked !== undefined && this.#faults.take(['empty-page'], 'search', log) !== undefined;
    const repeated = cursor.page > 0 ? (this.#faults.take(['duplicates'], 'search', log)?.entries ?? 0) : 0;
    const end = isEmpty
      ? cursor.position
      : Math.min(cursor.position + Math.max(1, size - repeated), cursor.entries.length);
    const slice = cursor.entries.slice(Math.max(0, cursor.position - (isEmpty ? 0 : repeated)), end);
    const isLast = end >= cursor.entries.length && !isEmpty;
    const controls: Buffer[] = [];
    if (asked) {
      const cookie = this.#nextCookie(cursor, asked.cookie, end, isLast, log);
      controls.push(encodeControl(controlOids.paging, pagingValue(cookie)));
    }
    const code = asked || isLast ? (isLast ? cursor.code : 0) : 4;
    const encode = selectAttributes(view, request, this.#limits);
    const dnForm = dnFormOf(request);
    return {
      count: slice.length,
      encode: (index) => {
        const entry = slice[index];
        if (!entry || (entry.isDeleted && !control(request, controlOids.showDeleted))) return undefined;
        return encodeEntry(request.id, encodeDn(entry, dnForm), encode(entry));
      },
      references:
        isLast && base === view.directory.root && request.scope === 'sub'
          ? references(view, request, this.#faults, log)
          : [],
      result: {
        code,
        diagnostic: code === 4 ? '00002023: SvcErr: DSID-03190F0A, problem 5003 (WILL_NOT_PERFORM), data 0' : '',
      },
      controls,
    };
  }

  #open(view: View, request: Search, match: () => Entry[], log: LoggedSearch): Cursor {
    let entries = match();
    const cut = this.#faults.take(['truncate'], 'search', log);
    if (cut) entries = entries.slice(0, cut.entries);
    const isOver = request.sizeLimit > 0 && entries.length > request.sizeLimit;
    return {
      entries: isOver ? entries.slice(0, request.sizeLimit) : entries,
      dcName: view.dc.name,
      position: 0,
      page: 0,
      code: isOver ? 4 : 0,
    };
  }

  #nextCookie(cursor: Cursor, before: Buffer, end: number, isLast: boolean, log: LoggedSearch): Buffer {
    if (cursor.page > 0 && this.#faults.take(['cookie-loop'], 'search', log)) return before;
    if (isLast) return Buffer.alloc(0);
    const cookie = randomBytes(24);
    // Objects change hands from cookie to cookie, so that an old one still answers its own page again.
    this.#cursors.set(cookie.toString('hex'), { ...cursor, position: end, page: cursor.page + 1 });
    if (this.#cursors.size > 2_000) this.#cursors.delete(this.#cursors.keys().next().value ?? '');
    return cookie;
  }

  #rootDse(view: View, request: Search): Answer {
    const all = view.rootDse();
    const asked = new Set(request.attributes.map((name) => name.toLowerCase()));
    const isAll = asked.size === 0 || asked.has('*') || asked.has('+');
    const rows = Object.entries(all).filter(([name]) => isAll || asked.has(name.toLowerCase()));
    const attributes = rows.map(([name, values]) => encodeAttribute(name, request.typesOnly ? [] : values));
    return { ...failure(0, ''), count: 1, encode: () => encodeEntry(request.id, '', attributes) };
  }
}

function dnFormOf(request: Search): DnForm {
  const extended = control(request, controlOids.extendedDn);
  if (!extended) return 'plain';
  return extended.value.at(-1) === 1 ? 'extended-text' : 'extended-hex';
}

function findBase(view: View, base: string): Entry | undefined {
  const guid = guidOfBase(base);
  if (guid) return view.directory.findByGuid(guid);
  const sid = /^<SID=([^>]+)>/i.exec(base)?.[1];
  if (sid === undefined) return view.directory.find(base);
  const wanted = sid.startsWith('S-') ? sid : bytesToSid(Buffer.from(sid, 'hex'));
  const isWanted = (value: AttributeValue | undefined): boolean =>
    Buffer.isBuffer(value) && bytesToSid(value) === wanted;
  return view.directory.subtree(view.directory.root).find((entry) => isWanted(entry.values('objectsid')[0]));
}

function missingBase(view: View, base: string): Answer {
  const { baseDn } = view.directory;
  if (base === '' || base.startsWith('<') || foldDn(base).endsWith(foldDn(baseDn))) {
    let best = base;
    while (best !== '' && !view.directory.find(best)) best = parentDn(best);
    return failure(
      32,
      `0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'${best}'\n`,
      { matchedDn: best },
    );
  }
  const domain = splitDn(base)
    .filter((rdn) => /^dc=/i.test(rdn))
    .map((rdn) => rdn.slice(3))
    .join('.');
  const url = `ldap://${domain || view.directory.domain}/${encodeURI(base)}`;
  return failure(10, `0000202B: RefErr: DSID-03100835, data 0, 1 access points\n\tref 1: '${domain}'\n`, {
    referrals: [url],
  });
}

/** A search of the whole domain names its other partitions, unless the client asks to be spared (1339). */
function references(view: View, request: Search, faults: Faults, log: LoggedSearch): readonly (readonly string[])[] {
  const extra = faults.take(['references'], 'search', log)?.urls.map((url) => [url]) ?? [];
  if (control(request, controlOids.domainScope)) return extra;
  const { domain, baseDn } = view.directory;
  const partitions = [
    ['ForestDnsZones', `DC=ForestDnsZones,${baseDn}`],
    ['DomainDnsZones', `DC=DomainDnsZones,${baseDn}`],
  ] as const;
  return [
    ...partitions.map(([name, dn]) => [`ldap://${name}.${domain}/${dn}`]),
    [`ldap://${domain}/CN=Configuration,${baseDn}`],
    ...extra,
  ];
}
