// The one catalogue of expected errors. docs/errors.md is generated from it.
// Invariant: a message says what happened and to what; the catalogue says what to do; expected errors show no stack.

export type Fault = 'config' | 'source' | 'network' | 'store' | 'operator' | 'rosterd';
/** What the daemon does next by itself. */
export type Recovery = 'retry' | 'resume' | 'resync' | 'skip' | 'hold' | 'stop';

interface ErrorEntry {
  readonly fault: Fault;
  readonly recovery: Recovery;
  readonly http: number;
  /** 3 held, 4 config, 5 source failed or partial, 6 store, 70 bug. */
  readonly exit: 2 | 3 | 4 | 5 | 6 | 70;
  /** What to do, for the person who reads it at night. */
  readonly advice: string;
}

export const errorCatalogue = {
  'config-not-found': {
    fault: 'config',
    recovery: 'stop',
    http: 500,
    exit: 4,
    advice: 'Name the file with --config or ROSTERD_CONFIG, or write one with `rosterd init`.',
  },
  'config-invalid': {
    fault: 'config',
    recovery: 'stop',
    http: 500,
    exit: 4,
    advice: 'Mend the lines named above; `rosterd config check` lists all problems at once.',
  },
  'secret-missing': {
    fault: 'config',
    recovery: 'stop',
    http: 500,
    exit: 4,
    advice: 'Create the file or set the variable that the secret refers to, readable by the user that runs rosterd.',
  },
  'source-unknown': {
    fault: 'operator',
    recovery: 'stop',
    http: 404,
    exit: 4,
    advice: 'Use one of the configured names; `rosterd config check` lists them.',
  },
  usage: { fault: 'operator', recovery: 'stop', http: 400, exit: 4, advice: 'See the command with --help.' },

  'source-unreachable': {
    fault: 'network',
    recovery: 'retry',
    http: 502,
    exit: 5,
    advice: 'Check host name, port and firewall from this machine; the source may be down. Nothing was removed.',
  },
  'source-timeout': {
    fault: 'network',
    recovery: 'retry',
    http: 504,
    exit: 5,
    advice:
      'The server took the connection but did not answer in time. Check its load, or raise the timeout. Nothing was removed.',
  },
  'source-connection-lost': {
    fault: 'network',
    recovery: 'retry',
    http: 502,
    exit: 5,
    advice: 'The connection broke during the read. What was read may add and change; nothing was removed.',
  },
  'source-tls-untrusted': {
    fault: 'config',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'Put the CA that signed the server certificate into tls.caFile of this source.',
  },
  'source-tls-expired': {
    fault: 'source',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'Renew the certificate of the server (or check the clock of this machine).',
  },
  'source-tls-hostname': {
    fault: 'config',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'Use a host name that the certificate carries, or set tls.serverName to one.',
  },
  'source-tls-failed': {
    fault: 'network',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'The TLS handshake failed. Check port and protocol: ldaps is usually 636, StartTLS goes over 389.',
  },
  'source-credentials': {
    fault: 'config',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'Check the user and the password of this source. Not retried, because directories lock accounts.',
  },
  'source-strong-auth': {
    fault: 'config',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'The server refuses a bind without TLS. Use ldaps:// or tls.mode: starttls.',
  },
  'source-permission': {
    fault: 'source',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'Give the service account the right to read the base and its attributes.',
  },
  'source-base-not-found': {
    fault: 'config',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'Check the base DN; `rosterd source check` shows the naming contexts of the server.',
  },
  'source-path-not-found': {
    fault: 'source',
    recovery: 'retry',
    http: 502,
    exit: 5,
    advice:
      'The server answers, but does not know what was asked for: its application is starting or being deployed, or connection.servers names another kind of server. Nothing was removed.',
  },
  'source-filter-invalid': {
    fault: 'config',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice: 'Mend the filter; parentheses must balance and special characters be escaped as in RFC 4515.',
  },
  'source-refused': {
    fault: 'source',
    recovery: 'retry',
    http: 502,
    exit: 5,
    advice: 'The server refused the request with the code shown. Its own log says why.',
  },
  'source-busy': {
    fault: 'source',
    recovery: 'retry',
    http: 503,
    exit: 5,
    advice: 'The server is busy or shutting down. Try again later.',
  },
  'source-protocol': {
    fault: 'source',
    recovery: 'retry',
    http: 502,
    exit: 5,
    advice:
      'The server answered something that is not the protocol. Check that the address is that of the right service.',
  },
  'source-limit': {
    fault: 'source',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice:
      'The answer is beyond a limit of the server (size, time) or of this source. Raise the limit, or narrow base and filter.',
  },
  'source-partial': {
    fault: 'source',
    recovery: 'retry',
    http: 502,
    exit: 5,
    advice: 'The read could not be proven complete. What was read was used to add and change; nothing was removed.',
  },

  'clock-wrong': {
    fault: 'operator',
    recovery: 'retry',
    http: 503,
    exit: 6,
    advice:
      'Set the clock of this machine (`timedatectl`), or of the domain controller (`w32tm /query /status`). Nothing was planned, nothing was removed.',
  },
  'run-in-progress': {
    fault: 'operator',
    recovery: 'retry',
    http: 409,
    exit: 6,
    advice: 'Wait for the run that holds the lease, or look at it with `rosterd run list`.',
  },
  'lease-lost': {
    fault: 'rosterd',
    recovery: 'resume',
    http: 409,
    exit: 6,
    advice: 'Another process took the lease over; this run stopped writing. The next run goes on.',
  },
  'sync-paused': {
    fault: 'operator',
    recovery: 'hold',
    http: 409,
    exit: 3,
    advice: 'Somebody paused it: see `rosterd status`. `rosterd resume` lets it go on; nothing is lost meanwhile.',
  },
  'waits-for-source': {
    fault: 'operator',
    recovery: 'hold',
    http: 409,
    exit: 3,
    advice:
      'It finds its users by accounts that have not been read yet: `rosterd sync` with the source that is named, then this one again. What a run has read is kept meanwhile, that of a dry run is not.',
  },
  'run-unknown': {
    fault: 'operator',
    recovery: 'stop',
    http: 404,
    exit: 4,
    advice: 'See `rosterd run list` for the numbers.',
  },
  'plan-superseded': {
    fault: 'operator',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice: 'The held changes are no longer the ones of that run. Look at the newest run and decide on that.',
  },
  'nothing-held': {
    fault: 'operator',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice: 'That run has nothing that waits for a decision.',
  },
  'plan-held': {
    fault: 'source',
    recovery: 'hold',
    http: 409,
    exit: 3,
    advice: 'Look at it with `rosterd run show`, then `rosterd run approve` or `rosterd run reject`.',
  },

  'user-unknown': {
    fault: 'operator',
    recovery: 'stop',
    http: 404,
    exit: 4,
    advice: 'See `rosterd user list`; a user is named by its username or its number.',
  },
  'user-ambiguous': { fault: 'operator', recovery: 'stop', http: 409, exit: 4, advice: 'Name the user by its number.' },
  'user-not-synced': {
    fault: 'operator',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice: 'The user has no account in a source, so there is nothing to switch.',
  },
  'account-unknown': {
    fault: 'operator',
    recovery: 'stop',
    http: 404,
    exit: 4,
    advice: 'Name the account as the source names it, or by its id; `rosterd finding list` shows those that wait.',
  },
  'account-ambiguous': {
    fault: 'operator',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice: 'Name the account by its id.',
  },
  'team-unknown': { fault: 'operator', recovery: 'stop', http: 404, exit: 4, advice: 'Name an existing team.' },
  'role-unknown': {
    fault: 'operator',
    recovery: 'stop',
    http: 404,
    exit: 4,
    advice: 'Use a role of the catalogue in the configuration.',
  },
  'value-invalid': {
    fault: 'operator',
    recovery: 'stop',
    http: 422,
    exit: 4,
    advice: 'Mend the value as the message says.',
  },
  'value-taken': {
    fault: 'operator',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice: 'Another user holds this value; choose another one.',
  },
  'edit-conflict': {
    fault: 'operator',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice: 'Look at the present state and repeat the edit.',
  },

  'store-unreachable': {
    fault: 'store',
    recovery: 'retry',
    http: 503,
    exit: 6,
    advice:
      'Check that the database runs and that the address and the password are right; for SQLite, that its folder is mounted.',
  },
  'store-busy': {
    fault: 'store',
    recovery: 'retry',
    http: 503,
    exit: 6,
    advice: 'Another process holds the database locked. If it does not end, see which process has the file open.',
  },
  'store-read-only': {
    fault: 'store',
    recovery: 'stop',
    http: 503,
    exit: 6,
    advice: 'Give the user that runs rosterd write access to the database file and its folder.',
  },
  'store-full': {
    fault: 'store',
    recovery: 'retry',
    http: 507,
    exit: 6,
    advice: 'Free disk space. The transaction that failed left nothing behind.',
  },
  'store-corrupt': {
    fault: 'store',
    recovery: 'stop',
    http: 500,
    exit: 6,
    advice: 'The file is damaged or not a rosterd database. Restore a backup with `rosterd db restore`.',
  },
  'store-newer': {
    fault: 'store',
    recovery: 'stop',
    http: 500,
    exit: 6,
    advice: 'The database was written by a newer rosterd. Use that version, or restore a backup of before the upgrade.',
  },
  'store-needs-migration': {
    fault: 'store',
    recovery: 'stop',
    http: 500,
    exit: 6,
    advice: 'Run `rosterd db migrate` once, with no other rosterd running.',
  },
  'store-failed': {
    fault: 'store',
    recovery: 'stop',
    http: 500,
    exit: 6,
    advice: 'The database refused the request with the message shown.',
  },
  'audit-broken': {
    fault: 'store',
    recovery: 'stop',
    http: 500,
    exit: 6,
    advice:
      'Somebody or something changed the audit log outside of rosterd. Keep the database as it is and compare it with a backup.',
  },
  'audit-key-missing': {
    fault: 'config',
    recovery: 'stop',
    http: 500,
    exit: 4,
    advice: 'Restore the audit key file from your backup; `rosterd init` makes one only for a new installation.',
  },
  'audit-key-differs': {
    fault: 'config',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice:
      'Name the same key file under audit.keyFile of both configurations, or put a copy of the present key there.',
  },
  'store-not-empty': {
    fault: 'operator',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice: 'Copy into a database that was just made with `rosterd db migrate`; nothing was changed.',
  },
  'nothing-scheduled': {
    fault: 'config',
    recovery: 'stop',
    http: 500,
    exit: 4,
    advice: 'Give at least one source a schedule in the configuration.',
  },
  'listen-failed': {
    fault: 'config',
    recovery: 'stop',
    http: 500,
    exit: 4,
    advice: 'Choose a free address in serve.listen, or `off`.',
  },
  'notice-unsent': {
    fault: 'network',
    recovery: 'retry',
    http: 502,
    exit: 5,
    advice: 'Check address, TLS and login of the target in notify; `rosterd notify test` tries it. It is tried again.',
  },
  'notice-refused': {
    fault: 'config',
    recovery: 'retry',
    http: 502,
    exit: 5,
    advice:
      'Mend login or address in notify, or the receiver; `rosterd notify test` tries it. It is tried again every hour, so that no account is locked.',
  },
  'notice-undeliverable': {
    fault: 'config',
    recovery: 'stop',
    http: 502,
    exit: 5,
    advice:
      'The target will never take it, so it is not tried again. Mend notify, try `rosterd notify test`, then `rosterd notify retry --all`.',
  },
  'target-unknown': {
    fault: 'operator',
    recovery: 'stop',
    http: 404,
    exit: 4,
    advice: 'Use one of the names under notify in the configuration.',
  },
  'backup-exists': {
    fault: 'operator',
    recovery: 'stop',
    http: 409,
    exit: 4,
    advice: 'Choose a file that does not exist yet.',
  },
  interrupted: {
    fault: 'operator',
    recovery: 'resume',
    http: 503,
    exit: 6,
    advice: 'The run was stopped between two transactions; the next one goes on where it ended.',
  },
  bug: {
    fault: 'rosterd',
    recovery: 'stop',
    http: 500,
    exit: 70,
    advice: 'This is a fault of rosterd. Report it with the stack below.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export interface ErrorFacts {
  /** What it happened to: a source, a file, a user. */
  readonly subject?: string;
  /** Facts for machines; never secrets. */
  readonly detail?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly cause?: unknown;
}

/** An expected error: code from the catalogue, message with the facts. `advice` comes from the catalogue. */
export class RosterdError extends Error {
  readonly code: ErrorCode;
  readonly subject: string | undefined;
  readonly detail: Readonly<Record<string, string | number | boolean | readonly string[]>>;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'RosterdError';
    this.code = code;
    this.subject = facts.subject;
    this.detail = facts.detail ?? {};
  }

  get entry(): ErrorEntry {
    return errorCatalogue[this.code];
  }
}
