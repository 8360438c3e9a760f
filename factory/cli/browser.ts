import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that a browser has to read the file that leads it to a secret address. */
const READ = 5000;

/** Who sits at the desktop: with sudo not the user that this process is. */
function desktopUser(env: NodeJS.ProcessEnv): { readonly uid: number; readonly gid: number } | undefined {
  const [uid, gid] = [env['SUDO_UID'], env['SUDO_GID']].map(Number);
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid: uid ?? 0, gid: gid ?? 0 } : undefined;
}

/**
 * Opens an address in the desktop's browser, where there is one.
 * @param secret whether the address must not stand in a process list: it goes through a file that only the desktop's
 *   user can read, and that is removed after some seconds.
 * @returns whether xdg-open took it; false where there is no desktop or no xdg-open.
 */
export async function openBrowser(url: string, secret: boolean, env = process.env): Promise<boolean> {
  if ((env['DISPLAY'] ?? env['WAYLAND_DISPLAY'] ?? '') === '') return false;
  const user = desktopUser(env);
  if (!secret) return start(url, user);
  const folder = mkdtempSync(join(tmpdir(), 'kiln-open-'));
  try {
    const file = join(folder, 'page.html');
    writeFileSync(file, `<meta http-equiv="refresh" content="0;url=${url}">\n`, { mode: 0o600 });
    if (user !== undefined) for (const path of [folder, file]) chownSync(path, user.uid, user.gid);
    const opened = await start(file, user);
    if (opened) await sleep(READ);
    return opened;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(target: string, user: ReturnType<typeof desktopUser>): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('xdg-open', [target], { stdio: 'ignore', detached: true, ...user });
    child.once('error', () => {
      resolve(false);
    });
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
