// Takes the body of an answer off the wire, decompresses it and makes it text.
// Invariant: neither the compressed nor the decompressed bytes that are held ever exceed the cap, whatever the server says of them.

import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { RosterdError } from '../src/model/errors.ts';
import { firstLine } from './network-failures.ts';

/** Bytes in either form that the caller takes. `fail`: more is an error; `cut`: the rest is not wanted. */
export interface BodyCap {
  readonly server: string;
  /** `GET /adminapi/team`. */
  readonly doing: string;
  readonly maxBytes: number;
  readonly beyond: 'fail' | 'cut';
  /** Called whenever something has come. */
  readonly onPiece: () => void;
  /** Takes the login out of what the server says. */
  readonly clean: (said: string) => string;
}

class CapReached extends Error {}

/** `contentEncoding` as the header has it. Throws RosterdError, or what stream or zlib say. */
export async function readBody(stream: Readable, contentEncoding: string, cap: BodyCap): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const gather = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of counted(source, cap.maxBytes)) pieces.push(piece);
  };
  const arriving = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    for await (const piece of counted(source, cap.maxBytes)) {
      cap.onPiece();
      yield piece;
    }
  };
  try {
    if (isGzip(contentEncoding, cap)) {
      await pipeline(stream, arriving, createGunzip({ chunkSize: 65_536 }), gather);
    } else await pipeline(stream, arriving, gather);
  } catch (error) {
    if (!(error instanceof CapReached)) throw error;
    if (cap.beyond === 'fail') throw tooLarge(cap);
  }
  return Buffer.concat(pieces);
}

async function* counted(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  for await (const piece of source) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new CapReached();
    yield piece;
  }
}

function isGzip(contentEncoding: string, { server, doing, clean }: BodyCap): boolean {
  const encoding = contentEncoding.trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return false;
  if (encoding === 'gzip' || encoding === 'x-gzip') return true;
  throw new RosterdError(
    'source-protocol',
    `${server}: ${doing} was answered in the encoding ${firstLine(clean(contentEncoding))}, which was not asked for`,
    { subject: server },
  );
}

export const tooLarge = ({ server, doing, maxBytes }: BodyCap): RosterdError =>
  new RosterdError(
    'source-limit',
    `${server}: the answer to ${doing} is larger than connection.maxBodyBytes (${maxBytes} bytes)`,
    { subject: server, detail: { maxBytes } },
  );

export const tooMany = ({ server, doing }: BodyCap, max: number): RosterdError =>
  new RosterdError('source-limit', `${server}: the answer to ${doing} has more than ${max} values`, {
    subject: server,
  });

/** Byte order mark, then the header, then the XML declaration, then UTF-8. Undefined: bytes that are no such text. */
export function decodeText(bytes: Buffer, contentType: string): string | undefined {
  const label = markedCharset(bytes) ?? statedCharset(contentType) ?? declaredCharset(bytes) ?? 'utf-8';
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function markedCharset(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return undefined;
}

const statedCharset = (contentType: string): string | undefined =>
  /;\s*charset\s*=\s*"?(?<label>[\w.:-]+)/iu.exec(contentType)?.groups?.['label'];

function declaredCharset(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 200).toString('latin1');
  return /^\s*<\?xml\s[^>]*\bencoding\s*=\s*["'](?<label>[\w.:-]+)["']/iu.exec(head)?.groups?.['label'];
}

/** A page for people, whatever its media type says: what a servlet container sends while the service behind it is down. */
export function isHtml(text: string, contentType: string): boolean {
  const head = text.slice(0, 2_000).trimStart();
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--(?:[^-]|-(?!->))*-->\s*)*<(?:!doctype\s+html|html)\b/iu.test(head)) return true;
  const isSaid = /^(?:text\/html|application\/xhtml\+xml)\b/iu.test(contentType);
  return isSaid && !/^(?:[[{]|<\?xml\b)/iu.test(head);
}
