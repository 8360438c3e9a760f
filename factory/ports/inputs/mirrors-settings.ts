import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What apt and pip are set up by, where their manuals say that they look (apt.conf(5), sources.list(5), pip config). */
const places = (env: NodeJS.ProcessEnv): readonly string[] => {
  const home = env['HOME'] ?? homedir();
  return [
    ...['/etc/apt', '/etc/apt/apt.conf.d', '/etc/apt/sources.list.d'],
    ...['/etc/pip.conf', '/etc/xdg/pip', '/usr/pip.conf', '/usr/local/pip.conf'],
    join(home, '.pip'),
    join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'pip'),
    ...(env['VIRTUAL_ENV'] === undefined ? [] : [join(env['VIRTUAL_ENV'], 'pip.conf')]),
    ...(env['APT_CONFIG'] === undefined ? [] : [env['APT_CONFIG']]),
    ...(env['PIP_CONFIG_FILE'] === undefined ? [] : [env['PIP_CONFIG_FILE']]),
  ];
};

function looks(path: string): readonly unknown[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [path];
  const inside = stat.isDirectory() ? readdirSync(path).sort() : [];
  const files = inside.map((name) => {
    const file = statSync(join(path, name), { throwIfNoEntry: false });
    return [name, file?.size, file?.mtimeMs];
  });
  return [path, stat.size, stat.mtimeMs, files];
}

/**
 * Changes when somebody changes where this machine's clients look. Asking them costs more than all else of a night in
 * which nothing changed; this tells whether their last answer still stands.
 */
export function mirrorSettings(env: NodeJS.ProcessEnv): string {
  const own = Object.entries(env)
    .filter(([name]) => /^(KILN_MIRROR_|PIP_|APT_CONFIG$|HOME$|PATH$|XDG_|VIRTUAL_ENV$)/.test(name))
    .sort();
  return createHash('sha256')
    .update(JSON.stringify([own, places(env).map(looks)]))
    .digest('hex');
}
