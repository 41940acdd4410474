/** Names of variables that say how this machine reaches package registries: proxies, certificates, clients' settings. */
const NAMES =
  /^(?:(?:https?|all|no)_proxy|npm_config_\w+|(?:pip|uv)_\w+|go(?:proxy|sumdb|noproxy|private|flags)|\w*(?:_ca_|cert|cainfo)\w*)$/i;

/** What of an environment a build needs that installs packages. */
export function downloadSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value && NAMES.test(name) ? [[name, value]] : [])),
  );
}
