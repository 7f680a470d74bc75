// Distinguished names as the lab needs them (RFC 4514): split, fold for comparison, escape.
// Active Directory has no multi-valued RDNs, so neither has this.

/** Splits at unescaped commas; quotes are not accepted, like in RFC 4514. */
export function splitDn(dn: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < dn.length; at++) {
    if (dn[at] === '\\') at++;
    else if (dn[at] === ',') {
      parts.push(dn.slice(start, at).trimStart());
      start = at + 1;
    }
  }
  const last = dn.slice(start).trimStart();
  return last === '' && parts.length === 0 ? [] : [...parts, last];
}

export function parentDn(dn: string): string {
  return splitDn(dn).slice(1).join(',');
}

export function rdnOf(dn: string): string {
  return splitDn(dn)[0] ?? '';
}

/** `CN=A\2C B` to `['CN', 'A, B']`. */
export function splitRdn(rdn: string): [type: string, value: string] {
  const equals = rdn.indexOf('=');
  return [rdn.slice(0, equals).trim(), unescapeValue(rdn.slice(equals + 1))];
}

/** The form in which two spellings of the same name are equal. */
export function foldRdn(rdn: string): string {
  const [type, value] = splitRdn(rdn);
  return `${type.toLowerCase()}=${value.normalize('NFC').toLowerCase()}`;
}

export function foldDn(dn: string): string {
  return splitDn(dn).map(foldRdn).join('\u0000');
}

export function escapeRdnValue(value: string): string {
  return value
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/\n/g, '\\0A')
    .replaceAll('\u0000', '\\00');
}

function unescapeValue(value: string): string {
  if (!value.includes('\\')) return value.trim();
  const octets: Buffer[] = [];
  for (let at = 0; at < value.length; at++) {
    if (value[at] !== '\\') {
      const point = String.fromCodePoint(value.codePointAt(at) ?? 0);
      octets.push(Buffer.from(point));
      at += point.length - 1;
      continue;
    }
    const pair = value.slice(at + 1, at + 3);
    if (/^[0-9a-f]{2}$/i.test(pair)) {
      octets.push(Buffer.from(pair, 'hex'));
      at += 2;
    } else {
      octets.push(Buffer.from(value[at + 1] ?? ''));
      at += 1;
    }
  }
  return Buffer.concat(octets).toString();
}
