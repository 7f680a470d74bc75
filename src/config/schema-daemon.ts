// What the daemon is told in the file: where it answers, when it proves the audit log, when it reads a source, whom it tells.
// Here is the form only; whether a cron expression or a time zone means anything is asked in check-schedules.ts.

import { z } from 'zod';
import { type NoticeKind, noticeKinds } from '../model/notice.ts';
import type { ServeConfig } from './config.ts';
import { durationSchema, secretSchema, textSchema, uniqueList } from './schema-values.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Timers of the runtime take 24 days at most and fire at once beyond that, so every duration that becomes one is bounded here. */
const boundedDuration = (maxMs: number, maxText: string) =>
  durationSchema
    .refine((ms) => ms > 0, { error: 'must be longer than nothing' })
    .refine((ms) => ms <= maxMs, { error: `must be at most ${maxText}` });

const listenError = 'is not an address: write host:port like 127.0.0.1:9464, "[::1]:9464" (in quotes), or off';
const listenPattern = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]@]+)):(\d{1,5})$/u;

/** `127.0.0.1:9464` or `[::1]:9464`. Undefined when it is neither. */
function parseListen(text: string): ServeConfig['listen'] {
  const [, bracketed, plain, digits] = listenPattern.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

export const serveSchema = z.strictObject({
  listen: z
    .string({ error: listenError })
    .refine((text) => text === 'off' || parseListen(text) !== undefined, { error: listenError })
    .prefault('127.0.0.1:9464')
    .transform(parseListen)
    .describe('Where /livez, /readyz and /metrics answer: host:port, or off.'),
  stopWithin: boundedDuration(hour, '1h').prefault('30s').describe('A stop that takes longer ends the process hard.'),
});

/** The messages about them repeat the value. */
export const maxScheduleLength = 200;
const shortTextSchema = textSchema.max(maxScheduleLength);
const timeZoneSchema = shortTextSchema.default('UTC').describe('IANA name, like Europe/Prague.');

export const verifySchema = z
  .union(
    [
      z.literal('off'),
      z.strictObject({
        at: shortTextSchema.default('30 3 * * *').describe('Cron expression.'),
        timeZone: timeZoneSchema,
      }),
    ],
    { error: 'must be off, or a section with at (a cron expression) and timeZone' },
  )
  .prefault({})
  .describe('When the daemon proves the whole audit log, or off.');

export const scheduleSchema = z.strictObject({
  full: shortTextSchema.describe(
    'Cron expression of the complete reads: minute, hour, day of month, month, day of week.',
  ),
  timeZone: timeZoneSchema,
  deadline: boundedDuration(7 * 24 * hour, '7d')
    .prefault('4h')
    .describe('A run that takes longer is stopped.'),
  overdueAfter: durationSchema
    .refine((ms) => ms > 0, { error: 'must be longer than nothing' })
    .optional()
    .describe(
      'Without a complete read for longer than this the source is overdue. Default: three times the longest pause between two reads.',
    ),
});

const nameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u, {
  error: 'must have 1 to 63 letters, digits, dots, dashes or underscores, and start with a letter or digit',
});

const kinds = Object.keys(noticeKinds) as [NoticeKind, ...NoticeKind[]];

const targetKeys = {
  name: nameSchema.describe('Names the target in the log and on the command line.'),
  on: uniqueList(z.enum(kinds))
    .min(1, { error: 'must have at least one kind; to tell nobody, take the target out' })
    .default(kinds)
    .describe('Which notices go there. Default: all.'),
  caFile: textSchema
    .optional()
    .describe("The CA that signed the server's certificate (PEM), unless this machine trusts it already."),
};

const addressSchema = z
  .string()
  .regex(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/u, { error: 'is not a mail address like rosterd@corp.example' });

export const smtpSchema = z.strictObject({
  ...targetKeys,
  type: z.literal('smtp').describe('Mail.'),
  host: z.string().regex(/^(?:[^\s:/@[\]]+|[0-9A-Fa-f:.]+)$/u, {
    error: 'must be the name or address of a mail server; the port has its own key',
  }),
  port: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Default: 587 with starttls, 465 with implicit, 25 with off.'),
  tls: z
    .enum(['starttls', 'implicit', 'off'])
    .default('starttls')
    .describe('starttls is required, not only tried. off is warned about at every start.'),
  login: z.strictObject({ user: textSchema, password: secretSchema }).optional(),
  from: addressSchema,
  to: uniqueList(addressSchema).min(1, { error: 'must have at least one address' }),
});

function urlFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return 'must be an address with https://';
  if (url.username === '' && url.password === '') return undefined;
  return 'holds a user or a password, which must not stand in this file; the receiver knows the sender by the signature (secret)';
}

const urlSchema = z.string().superRefine((text, context) => {
  const message = urlFault(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

export const webhookSchema = z.strictObject({
  ...targetKeys,
  type: z.literal('webhook').describe('A signed POST (standardwebhooks.com).'),
  url: z
    .union([urlSchema, secretSchema])
    .describe('The address, or where it is when the address itself is a secret: { file: /path } or { env: NAME }.'),
  secret: secretSchema,
});

export const targetSchemas = { smtp: smtpSchema, webhook: webhookSchema } as const;
