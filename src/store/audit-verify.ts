// Proves that the audit log is whole, or names the first entry that is not.
// Invariant: reads in chunks, in order of the sequence; memory does not grow with the log.

import type { KeyObject } from 'node:crypto';
import { parseHead } from '../model/audit.ts';
import type { AuditHead } from '../sync/ports.ts';
import { readAuditHead } from './audit.ts';
import { emptyHead, hashPayload, macOf, type StoredEntry } from './audit-chain.ts';
import { erasedAction, erasedUpTo, upToOf } from './retention.ts';
import type { Sql } from './sql.ts';

/**
 * `altered`: a stored fact of the entry differs from what was written. `payload`: what it is about differs. `cut`: it is missing.
 * `inserted`: nobody with the key wrote it. `reordered`: it stood elsewhere. `head`: the head row is not that of the last entry.
 */
export type AuditProblem = 'altered' | 'cut' | 'inserted' | 'reordered' | 'payload' | 'head';

export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly head: AuditHead }
  | { readonly ok: false; readonly seq: number; readonly problem: AuditProblem; readonly message: string };

export interface AuditQuestion {
  /** A head noted earlier, `seq:mac`: the log must still contain it. */
  readonly head?: string;
}

export type AuditProgress = (checked: number, total: number) => void;

interface EntryRow {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly label: string;
  readonly user_id: number | null;
  readonly run_id: number | null;
  readonly change_id: number | null;
  readonly payload: string | null;
  readonly payload_hash: string;
  readonly mac: string;
  readonly change_found: number | null;
  readonly change_payload: string | null;
  readonly change_hash: string | null;
}

const chunk = 1_000;

export async function verifyAudit(
  sql: Sql,
  key: KeyObject,
  question: AuditQuestion,
  onProgress?: AuditProgress,
  signal?: AbortSignal,
): Promise<AuditVerdict> {
  // The heads first: entries that are written meanwhile come after them.
  const stored = await readAuditHead(sql);
  const notes = await readNotes(sql, question);
  if (!Array.isArray(notes)) return notes;
  const erasing: Erasing = { said: await erasedUpTo(sql), proven: 0, missing: 0 };
  let previous = emptyHead;
  for (;;) {
    signal?.throwIfAborted();
    const rows = await readChunk(sql, previous.seq);
    for (const row of rows) {
      const verdict = await checkEntry(sql, key, row, previous, stored, erasing);
      if (verdict !== undefined) return verdict;
      previous = { seq: row.seq, mac: row.mac };
      if (row.seq === stored.seq && row.mac !== stored.mac) return headMismatch(stored, previous);
      const other = notes.find(({ head }) => head.seq === row.seq && head.mac !== row.mac);
      if (other !== undefined)
        return failure(row.seq, 'altered', `Entry ${row.seq} is not the one whose head ${other.by}.`);
    }
    onProgress?.(previous.seq, Math.max(stored.seq, previous.seq));
    if (rows.length < chunk) break;
  }
  const last = previous;
  // The entry that had said so is not there any more: nobody proved it.
  if (erasing.missing > erasing.proven)
    return failure(erasing.missing, 'payload', `The payload of entry ${erasing.missing} was taken away.`);
  const unseen = notes.find(({ head }) => head.seq > last.seq);
  if (unseen !== undefined) {
    const what = `The log ends at entry ${last.seq}; the head of an entry ${unseen.head.seq} ${unseen.by}.`;
    return failure(last.seq + 1, 'cut', what);
  }
  const verdict = await compareHead(sql, last, stored);
  return verdict.ok ? ((await findUntold(sql, last)) ?? verdict) : verdict;
}

/** Up to which entry payloads may be gone: entries of the log say so, and each counts for good only when it was proven in its turn. */
interface Erasing {
  /** By all that say so, proven or not. Runs erase while the log is proven, so it is read again before a payload is missed. */
  said: number;
  /** By those that are proven. */
  proven: number;
  /** The last entry without a payload. */
  missing: number;
}

/** A head that the log must contain. `by` says who noted it: `was noted by run 7`. */
interface Note {
  readonly head: AuditHead;
  readonly by: string;
}

/** What the question brings, and the greatest head that a run noted: whoever cuts the log and its head must find that one too. */
async function readNotes(sql: Sql, question: AuditQuestion): Promise<Note[] | AuditVerdict> {
  // All heads end with a MAC of the same length, so the longest text has the longest number.
  const row = await sql.first<{ id: number; audit_head: string }>(
    `SELECT id, audit_head FROM runs WHERE audit_head IS NOT NULL
     ORDER BY length(audit_head) DESC, audit_head DESC LIMIT 1`,
  );
  const notes: Note[] = [];
  for (const [text, by] of [
    [question.head, 'was noted'],
    [row?.audit_head, `was noted by run ${row?.id}`],
  ] as const) {
    if (text === undefined) continue;
    const head = parseHead(text);
    if (head === undefined) return failure(0, 'head', `What ${by} is not of the form number:mac: ${text}.`);
    notes.push({ head, by });
  }
  return notes;
}

/** A change is applied in the transaction that writes its entry, and while the entry stands, retention leaves its row. */
async function findUntold(sql: Sql, last: AuditHead): Promise<AuditVerdict | undefined> {
  const change = await sql.first<{ id: number; run_id: number }>(
    `SELECT c.id, c.run_id FROM changes c
     WHERE c.state = 'applied' AND NOT EXISTS (SELECT 1 FROM audit_entries e WHERE e.change_id = c.id)
     ORDER BY c.id LIMIT 1`,
  );
  if (change === undefined) return undefined;
  const what = `Change ${change.id} of run ${change.run_id} was applied, but the log ends at entry ${last.seq} and has none about it.`;
  return failure(last.seq + 1, 'cut', what);
}

function failure(seq: number, problem: AuditProblem, message: string): AuditVerdict {
  return { ok: false, seq, problem, message };
}

function headMismatch(head: AuditHead, last: AuditHead): AuditVerdict {
  return failure(last.seq, 'head', `The head row names entry ${head.seq} with another MAC than entry ${last.seq} has.`);
}

async function compareHead(sql: Sql, last: AuditHead, before: AuditHead): Promise<AuditVerdict> {
  // Entries and head move in one transaction; what was appended during the check is not judged by the older head.
  const head = last.seq > before.seq ? await readAuditHead(sql) : before;
  if (head.seq > last.seq && last.seq >= before.seq && head.seq !== before.seq)
    return { ok: true, entries: last.seq, head: last };
  if (head.seq > last.seq) {
    return failure(
      last.seq + 1,
      'cut',
      `The log ends at entry ${last.seq}; its head says that there was an entry ${head.seq}.`,
    );
  }
  if (head.seq < last.seq) {
    return failure(head.seq, 'head', `The head row names entry ${head.seq}, but the log goes on to entry ${last.seq}.`);
  }
  return head.mac === last.mac ? { ok: true, entries: last.seq, head: last } : headMismatch(head, last);
}

/** undefined when the entry is the right one after `previous` and says what was written. */
async function checkEntry(
  sql: Sql,
  key: KeyObject,
  row: EntryRow,
  previous: AuditHead,
  head: AuditHead,
  erasing: Erasing,
): Promise<AuditVerdict | undefined> {
  const expected = previous.seq + 1;
  if (row.seq !== expected) {
    const last = row.seq - 1;
    const missing = last === expected ? `Entry ${expected} is` : `Entries ${expected} to ${last} are`;
    return failure(expected, 'cut', `${missing} missing.`);
  }
  if (macOf(key, toStored(row), previous.mac) === row.mac) return proveEntry(sql, row, erasing);
  const problem = await diagnose(sql, key, row, previous, head);
  return failure(row.seq, problem, explanations[problem](row.seq));
}

const explanations = {
  altered: (seq: number) => `Entry ${seq} does not say what was written: one of its columns was changed.`,
  cut: (seq: number) => `An entry was cut out before entry ${seq}, and those after it were numbered anew.`,
  inserted: (seq: number) => `Entry ${seq} was not written by rosterd.`,
  reordered: (seq: number) => `Entry ${seq} stood at another place.`,
} as const;

/** Why the MAC of `row` is wrong: a changed entry keeps its place in the chain, a foreign or moved one does not. */
async function diagnose(
  sql: Sql,
  key: KeyObject,
  row: EntryRow,
  previous: AuditHead,
  head: AuditHead,
): Promise<keyof typeof explanations> {
  const trueMac = macOf(key, toStored(row), previous.mac);
  const next = (await readChunk(sql, row.seq, 1))[0];
  if (next === undefined) return row.seq > head.seq ? 'inserted' : 'altered';
  // The next entry was chained to this one as it was: to its stored MAC (a fact was changed), or to the right one (the MAC was).
  const follows = (mac: string, seq: number): boolean => macOf(key, { ...toStored(next), seq }, mac) === next.mac;
  if (follows(row.mac, next.seq) || follows(trueMac, next.seq)) return 'altered';
  const { last } = (await sql.first<{ last: number }>('SELECT max(seq) AS last FROM audit_entries')) ?? { last: 0 };
  const removed = head.seq - Number(last);
  if (removed > 0 && follows(row.mac, next.seq + removed)) return 'cut';

  const original = await findOriginal(sql, key, row.seq, previous.mac);
  if (original === undefined) return 'inserted';
  // Is this one genuine at the place where the right one stands now? Then the two were exchanged.
  const before = original.seq === row.seq + 1 ? original.mac : await macAt(sql, original.seq - 1);
  return macOf(key, { ...toStored(row), seq: original.seq }, before) === row.mac ? 'reordered' : 'inserted';
}

/** The entry that belongs at `seq` after `previousMac`, wherever it stands now. */
async function findOriginal(sql: Sql, key: KeyObject, seq: number, previousMac: string): Promise<EntryRow | undefined> {
  let after = seq;
  for (;;) {
    const rows = await readChunk(sql, after);
    const found = rows.find((row) => macOf(key, { ...toStored(row), seq }, previousMac) === row.mac);
    if (found !== undefined || rows.length < chunk) return found;
    after = rows.at(-1)?.seq ?? after;
  }
}

async function macAt(sql: Sql, seq: number): Promise<string> {
  return (await sql.first<{ mac: string }>('SELECT mac FROM audit_entries WHERE seq = $1', seq))?.mac ?? '';
}

async function proveEntry(sql: Sql, row: EntryRow, erasing: Erasing): Promise<AuditVerdict | undefined> {
  const isErased =
    row.change_id === null ? row.payload === null : row.change_found !== null && row.change_payload === null;
  if (isErased) {
    // One transaction erases and says so: whoever sees the one sees the other.
    if (row.seq > erasing.said) erasing.said = await erasedUpTo(sql);
    erasing.missing = row.seq;
  }
  const verdict = checkPayload(row, erasing.said);
  if (verdict === undefined && row.action === erasedAction && row.payload !== null)
    erasing.proven = Math.max(erasing.proven, upToOf(row.payload));
  return verdict;
}

/** `erased`: up to this entry a payload may be gone, leaving its hash. */
function checkPayload(row: EntryRow, erased: number): AuditVerdict | undefined {
  const wrong = (what: string): AuditVerdict => failure(row.seq, 'payload', `The payload of entry ${row.seq} ${what}.`);
  if (row.change_id === null) {
    if (row.payload === null)
      return row.seq <= erased && row.action !== erasedAction ? undefined : wrong('was taken away');
    return hashPayload(row.payload) === row.payload_hash ? undefined : wrong('was changed');
  }
  // Nobody hashed what stands here: the change's payload is the one that counts.
  if (row.payload !== null) return wrong(`was added: it is about change ${row.change_id}, which has its own`);
  if (row.change_found === null) return wrong(`(change ${row.change_id}) is gone`);
  if (row.change_hash !== row.payload_hash) return wrong(`(change ${row.change_id}) was replaced`);
  if (row.change_payload === null)
    return row.seq <= erased ? undefined : wrong(`(change ${row.change_id}) was taken away`);
  if (hashPayload(row.change_payload) === row.payload_hash) return undefined;
  return wrong(`(change ${row.change_id}) was changed`);
}

function toStored(row: EntryRow): StoredEntry {
  const { seq, at, actor, action, subject, label } = row;
  const keys = { userId: row.user_id, runId: row.run_id, changeId: row.change_id };
  return { seq, at, actor, action, subject, label, ...keys, payloadHash: row.payload_hash };
}

function readChunk(sql: Sql, after: number, limit = chunk): Promise<EntryRow[]> {
  return sql.all<EntryRow>(
    `SELECT e.seq, e.at, e.actor, e.action, e.subject, e.label, e.user_id, e.run_id, e.change_id, e.payload, e.payload_hash,
       e.mac, c.id AS change_found, c.payload AS change_payload, c.payload_hash AS change_hash
     FROM audit_entries e LEFT JOIN changes c ON c.id = e.change_id WHERE e.seq > $1 ORDER BY e.seq LIMIT $2`,
    after,
    limit,
  );
}
