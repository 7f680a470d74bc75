// The answer to one question of health, for machines (status, JSON) and for the person who looks (a line per check).

import type { FastifyReply, FastifyRequest } from 'fastify';

export interface Probe {
  readonly ok: boolean;
  /** Neither names of users nor values in `detail`: everybody may read it. */
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

const unanswered = (detail: string): Probe => ({ ok: false, checks: [{ name: 'answer', ok: false, detail }] });

/** Asks; who throws or is late is not well. What was thrown is not shown: it may name what only the log may. */
export async function probed(ask: () => Promise<Probe> | Probe, withinMs: number): Promise<Probe> {
  const late = Promise.withResolvers<Probe>();
  const timer = setTimeout(() => late.resolve(unanswered(`none within ${withinMs / 1000} s`)), withinMs);
  try {
    return await Promise.race([Promise.resolve().then(ask), late.promise]);
  } catch {
    return unanswered('finding it out failed');
  } finally {
    clearTimeout(timer);
  }
}

/** A line break in a detail must not look like another check. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');

const lineOf = ({ name, ok, detail }: Probe['checks'][number]): string =>
  oneLine(`[${ok ? '+' : '-'}] ${name} ${ok ? 'ok' : 'failed'}${detail === undefined ? '' : `: ${detail}`}`);

function textOf(name: string, { ok, checks }: Probe, detail: 'short' | 'verbose'): string {
  if (ok && detail === 'short') return 'ok\n';
  const told = detail === 'verbose' ? checks : checks.filter((check) => !check.ok);
  return [...told.map(lineOf), `${name} ${ok ? 'ok' : 'failed'}`, ''].join('\n');
}

/** 200 or 503. `ok`, or the failed checks; every check with `?verbose`; everything as JSON for who asks for it. */
export function sendProbe(name: string, probe: Probe, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.code(probe.ok ? 200 : 503);
  if (/\bapplication\/json\b/iu.test(request.headers.accept ?? '')) {
    const { ok, checks } = probe;
    return reply.type('application/json; charset=utf-8').send(`${JSON.stringify({ ok, checks })}\n`);
  }
  const detail = Object.hasOwn(Object(request.query), 'verbose') ? 'verbose' : 'short';
  return reply.type('text/plain; charset=utf-8').send(textOf(name, probe, detail));
}
