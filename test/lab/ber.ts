// The one BER/DER encoder of the lab: tag, length, value. Used for LDAP answers and certificates.
// It writes into one exact allocation, so that thousands of entries a second cost little.

const headerLength = (length: number): number =>
  length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x1_0000 ? 4 : length < 0x100_0000 ? 5 : 6;

/** One element; strings are written as UTF-8, several pieces of content one after the other. */
export function tlv(tag: number, ...content: readonly (Buffer | string)[]): Buffer {
  let length = 0;
  for (const piece of content) length += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
  const header = headerLength(length);
  const out = Buffer.allocUnsafe(header + length);
  out[0] = tag;
  if (header === 2) out[1] = length;
  else {
    out[1] = 0x80 | (header - 2);
    out.writeUIntBE(length, 2, header - 2);
  }
  let at = header;
  for (const piece of content) at += typeof piece === 'string' ? out.write(piece, at) : piece.copy(out, at);
  return out;
}

/** A whole number in the fewest two's-complement octets. */
export function integer(value: number | bigint, tag = 0x02): Buffer {
  let rest = BigInt(value);
  const octets: number[] = [];
  do {
    octets.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  } while (!((rest === 0n && (octets[0] ?? 0) < 0x80) || (rest === -1n && (octets[0] ?? 0) >= 0x80)));
  return tlv(tag, Buffer.from(octets));
}

export const boolean = (value: boolean, tag = 0x01): Buffer => tlv(tag, Buffer.from([value ? 0xff : 0]));

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const group = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) group.unshift((left % 128) | 0x80);
    octets.push(...group);
  }
  return tlv(0x06, Buffer.from(octets));
}

/** Two's-complement octets of any length as a number (ldapts stops at four octets; DirSync flags may have five). */
export function readInteger(octets: Buffer): number {
  return Number(BigInt.asIntN(octets.length * 8, BigInt(`0x${octets.toString('hex') || '0'}`)));
}
