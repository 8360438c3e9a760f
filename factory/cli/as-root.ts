/**
 * For commands that make files of several owners: done as root, or by an ordinary user in a namespace.
 * @returns true when it has been done, in a namespace: see ports/user-namespace.ts.
 */
export async function doneAsRoot(): Promise<boolean> {
  if (process.getuid?.() === 0) return false;
  const [{ hostExec }, { hostSystem }, { rerunAsRoot }] = await Promise.all([
    import('../ports/exec-host.js'),
    import('../ports/system-host.js'),
    import('../ports/user-namespace.js'),
  ]);
  return await rerunAsRoot(
    hostExec,
    hostSystem(() => undefined),
  );
}
