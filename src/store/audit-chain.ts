// The arithmetic of the audit chain, without any database: what an entry's MAC covers.
// Invariant: each MAC covers every stored fact of its entry and the MAC before it, so none can change, move or go unnoticed.

import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import type { AuditHead } from '../sync/ports.ts';

/** An entry as it is stored; times are text, because the text is what the MAC covers. */
export interface StoredEntry {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly label: string;
  readonly userId: number | null;
  readonly runId: number | null;
  readonly changeId: number | null;
  readonly payloadHash: string;
}

/** Before the first entry. */
export const emptyHead: AuditHead = { seq: 0, mac: '0'.repeat(64) };

/** SHA-256 of a payload's text, hex. */
export function hashPayload(payload: string): string {
  return hash('sha256', payload);
}

/** The key as node:crypto wants it; made once, because making it costs more than a MAC. */
export function chainKey(key: Buffer): KeyObject {
  return createSecretKey(key);
}

/** HMAC-SHA256, hex, over a JSON array: quoting keeps neighbouring fields apart. */
export function macOf(key: KeyObject, entry: StoredEntry, previousMac: string): string {
  const { seq, at, actor, action, subject, label, userId, runId, changeId, payloadHash } = entry;
  const facts = [seq, at, actor, action, subject, label, userId, runId, changeId, payloadHash, previousMac];
  return createHmac('sha256', key).update(JSON.stringify(facts)).digest('hex');
}
