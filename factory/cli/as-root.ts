/**
 * For commands that make files of several owners: done as root, or by an ordinary user in a namespace.
 * @returns true when it has been done, in a namespace: see bake/user-namespace.ts.
 */
export async function doneAsRoot(): Promise<boolean> {
  if (process.getuid?.() === 0) return false;
  const [{ hostExec }, { hostSystem }, { rerunAsRoot }] = await Promise.all([
    import('../ports/machine/exec-host.js'),
    import('../ports/machine/system-host.js'),
    import('../bake/user-namespace.js'),
  ]);
  return await rerunAsRoot(
    hostExec,
    hostSystem(() => undefined),
  );
}
