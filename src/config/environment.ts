// The only place that reads environment variables.

/** Where the configuration is when nobody says. */
export const defaultConfigPath = '/etc/rosterd/rosterd.yaml';

/** Value of an environment variable, exactly as it is; undefined when it is not set. */
export const environmentVariable = (name: string): string | undefined => process.env[name];

/** The --config option, else ROSTERD_CONFIG, else /etc/rosterd/rosterd.yaml. */
export function configPathFrom(option: string | undefined): string {
  const fromEnvironment = environmentVariable('ROSTERD_CONFIG');
  if (option !== undefined) return option;
  return fromEnvironment === undefined || fromEnvironment === '' ? defaultConfigPath : fromEnvironment;
}
