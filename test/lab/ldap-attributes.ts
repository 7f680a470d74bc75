// Which attributes of an object are answered, and how: selection, ranges of long lists, extended names.

import { attributeTypes, backLinks, links } from './ad-schema.ts';
import { bytesToSid } from './ad-values.ts';
import { tlv } from './ber.ts';
import type { AttributeValue } from './directory.ts';
import type { Entry } from './directory-entry.ts';
import type { View } from './ldap-view.ts';

export type DnForm = 'plain' | 'extended-text' | 'extended-hex';
type Wanted = { readonly key: string; readonly range: readonly [low: number, high: number] | undefined };

export function encodeDn(entry: Entry, form: DnForm): string {
  if (form === 'plain') return entry.dn;
  const sid = entry.values('objectsid')[0];
  const guid = form === 'extended-text' ? entry.guidText : entry.guid.toString('hex');
  if (!Buffer.isBuffer(sid)) return `<GUID=${guid}>;${entry.dn}`;
  return `<GUID=${guid}>;<SID=${form === 'extended-text' ? bytesToSid(sid) : sid.toString('hex')}>;${entry.dn}`;
}

export function parseWanted(attributes: readonly string[]): Wanted[] {
  return attributes.map((asked) => {
    const [name = '', ...options] = asked.toLowerCase().split(';');
    const range = /^range=(\d+)-(\d+|\*)$/.exec(options.find((option) => option.startsWith('range=')) ?? '');
    return {
      key: name,
      range: range ? [Number(range[1]), range[2] === '*' ? Number.POSITIVE_INFINITY : Number(range[2])] : undefined,
    };
  });
}

/** Compiles the attribute list of a request into the encoder of its entries. */
export function selectAttributes(
  view: View,
  request: {
    readonly attributes: readonly string[];
    readonly typesOnly: boolean;
    readonly controls: readonly { readonly oid: string; readonly value: Buffer }[];
  },
  limits: { readonly valueRange: number; readonly rangedPlain: 'empty' | 'absent' },
): (entry: Entry) => Buffer[] {
  const wanted = parseWanted(request.attributes);
  const isAll = wanted.length === 0 || wanted.some(({ key }) => key === '*');
  const named = wanted.filter(({ key }) => key !== '*' && key !== '+' && key !== '1.1');
  const operational = wanted.some(({ key }) => key === '+')
    ? [...attributeTypes].filter(([key, type]) => type.isConstructed && key !== 'tokengroups').map(([key]) => key)
    : [];
  const extended = request.controls.find((one) => one.oid === '1.2.840.113556.1.4.529');
  const form: DnForm = extended ? (extended.value.at(-1) === 1 ? 'extended-text' : 'extended-hex') : 'plain';
  const names = new Map<string, Buffer>();
  const put = (out: Buffer[], name: string, values: readonly AttributeValue[]): void => {
    let header = names.get(name);
    if (!header) {
      header = tlv(0x04, name);
      names.set(name, header);
    }
    const content = request.typesOnly ? [] : values.map((value) => tlv(0x04, value));
    out.push(tlv(0x30, header, tlv(0x31, ...content)));
  };
  const answer = (out: Buffer[], entry: Entry, key: string, range: Wanted['range']): void => {
    const values = form === 'plain' ? view.values(entry, key) : valuesIn(form, view, entry, key);
    if (values.length === 0) return;
    const name = entry.nameOf(key);
    if (!range && values.length <= limits.valueRange) {
      put(out, name, values);
      return;
    }
    const [low, high] = range ?? [0, Number.POSITIVE_INFINITY];
    if (low >= values.length) return;
    const last = Math.min(high, low + limits.valueRange - 1);
    if (!range && limits.rangedPlain === 'empty') put(out, name, []);
    put(out, `${name};range=${low}-${last >= values.length - 1 ? '*' : last}`, values.slice(low, last + 1));
  };
  return (entry) => {
    const out: Buffer[] = [];
    const seen = new Set<string>();
    for (const { key, range } of named) {
      seen.add(key);
      answer(out, entry, key, range);
    }
    if (isAll)
      for (const key of [...entry.attributeNames(), ...entry.backLinkNames()])
        if (!seen.has(key)) answer(out, entry, key, undefined);
    for (const key of operational) if (!seen.has(key)) answer(out, entry, key, undefined);
    return out;
  };
}

/** Values of a link with the id and SID of what they point at (extended DN control). */
function valuesIn(form: DnForm, view: View, entry: Entry, key: string): readonly AttributeValue[] {
  const plain = view.values(entry, key);
  if (plain.length === 0 || !(links.has(key) || backLinks.has(key))) return plain;
  const targets = links.has(key) ? entry.linkTargets(key) : [...entry.backLinked(key)];
  return targets.map((target) => (typeof target === 'string' ? target : encodeDn(target, form)));
}
