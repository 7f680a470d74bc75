// How the head of the audit log is written where people and later checks find it: with runs, in the log, on the command line.

/** `seq:mac`, as `rosterd audit verify --head` takes it. */
export function formatHead({ seq, mac }: { readonly seq: number; readonly mac: string }): string {
  return `${seq}:${mac}`;
}

/** undefined for what is no head. */
export function parseHead(text: string): { readonly seq: number; readonly mac: string } | undefined {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim());
  return match === null ? undefined : { seq: Number(match[1]), mac: match[2] ?? '' };
}
