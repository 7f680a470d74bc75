// Evaluates the mapping: attributes of an account -> one value of a user's field or attribute.
// Invariant: "cleared" comes out only when every attribute that could have given a value is positively empty.

import { readingOf, type SourceAccount } from '../model/account.ts';
import type { MappingRule, SourceMapping, Transform } from '../model/policy.ts';
import type { AttributeName, FieldName } from '../model/user.ts';

/** What a source says of one field, after the mapping. `unread`: nobody knows, so nothing may be removed for it. */
export type MappedReading =
  | { readonly kind: 'present'; readonly value: string }
  | { readonly kind: 'cleared' }
  | { readonly kind: 'unread' };

type Readable = Pick<SourceAccount, 'attributes' | 'unread'>;

const cleared: MappedReading = { kind: 'cleared' };
const unread: MappedReading = { kind: 'unread' };

/** undefined when the source does not map the field at all, which is no statement about it. */
export function mapField(account: Readable, mapping: SourceMapping, field: FieldName): MappedReading | undefined {
  const rule = mapping.fields[field];
  return rule === undefined ? undefined : mapAccount(account, rule);
}

/** undefined when the source does not map the attribute. */
export function mapAttribute(
  account: Readable,
  mapping: SourceMapping,
  name: AttributeName,
): MappedReading | undefined {
  const rule = mapping.attributes[name];
  return rule === undefined ? undefined : mapAccount(account, rule);
}

/** Evaluates one rule on one account. Of several values the first that is not blank counts. */
export function mapAccount(account: Readable, rule: MappingRule): MappedReading {
  switch (rule.kind) {
    case 'constant':
      return asReading(rule.value);
    case 'first':
      return mapFirst(account, rule.attributes, rule.transform);
    case 'template':
      return mapTemplate(account, rule.template, rule.transform);
    default:
      return rule satisfies never;
  }
}

function mapFirst(account: Readable, attributes: readonly string[], transform: Transform | undefined): MappedReading {
  for (const attribute of attributes) {
    const reading = readOne(account, attribute);
    // It might hold the value that wins: going on would let a lower attribute win for want of a right to read.
    if (reading.kind === 'unread') return unread;
    if (reading.kind === 'cleared') continue;
    const result = asReading(transformed(reading.value, transform));
    if (result.kind === 'present') return result;
  }
  return cleared;
}

function mapTemplate(account: Readable, template: string, transform: Transform | undefined): MappedReading {
  let holes = 0;
  let filled = 0;
  let isUnread = false;
  const text = template.replace(/\{([^{}]+)\}/gu, (_, hole: string) => {
    holes += 1;
    const reading = readOne(account, hole.trim());
    if (reading.kind === 'unread') isUnread = true;
    if (reading.kind !== 'present') return '';
    filled += 1;
    return reading.value;
  });
  if (isUnread) return unread;
  if (holes > 0 && filled === 0) return cleared;
  return asReading(transformed(text.replace(/\s+/gu, ' '), transform));
}

function readOne(account: Readable, attribute: string): MappedReading {
  const reading = readingOf(account, attribute);
  if (reading.kind !== 'present') return reading.kind === 'cleared' ? cleared : unread;
  const value = reading.values.find((candidate) => candidate.trim() !== '');
  return value === undefined ? cleared : { kind: 'present', value: value.trim() };
}

function asReading(text: string): MappedReading {
  const value = text.trim();
  return value === '' ? cleared : { kind: 'present', value };
}

function transformed(value: string, transform: Transform | undefined): string {
  switch (transform) {
    case undefined:
      return value;
    case 'lower':
      return value.toLowerCase();
    case 'upper':
      return value.toUpperCase();
    case 'local-part':
      return value.split('@', 1)[0] ?? '';
    case 'digits':
      return value.replace(/\D/gu, '');
    default:
      return transform satisfies never;
  }
}
