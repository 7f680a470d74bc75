// The only place that reads environment variables.

/** Where the configuration is when nobody says. */
export const defaultConfigPath = '/etc/rosterd/rosterd.yaml';

/** Value of an environment variable, exactly as it is; undefined when it is not set. */
export const environmentVariable = (name: string): string | undefined => process.env[name];

/** Who called sudo; undefined without it. Anybody may set the variable, so only what can be a name is taken. */
export function sudoUser(): string | undefined {
  const name = environmentVariable('SUDO_USER');
  return name !== undefined && /^[\w.@-]{1,64}$/u.test(name) ? name : undefined;
}

/** The --config option, else ROSTERD_CONFIG, else /etc/rosterd/rosterd.yaml. */
export function configPathFrom(option: string | undefined): string {
  const fromEnvironment = environmentVariable('ROSTERD_CONFIG');
  if (option !== undefined) return option;
  return fromEnvironment === undefined || fromEnvironment === '' ? defaultConfigPath : fromEnvironment;
}

/** What systemd tells a service of its type `notify` (sd_notify(3), sd_watchdog_enabled(3)); what is empty is not set. */
export function serviceEnvironment(): {
  readonly notifySocket?: string;
  readonly watchdogUsec?: string;
  readonly watchdogPid?: string;
} {
  const notifySocket = environmentVariable('NOTIFY_SOCKET');
  const watchdogUsec = environmentVariable('WATCHDOG_USEC');
  const watchdogPid = environmentVariable('WATCHDOG_PID');
  return {
    ...(notifySocket && { notifySocket }),
    ...(watchdogUsec && { watchdogUsec }),
    ...(watchdogPid && { watchdogPid }),
  };
}
