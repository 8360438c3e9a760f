/** The last whole line that is JSON, of what a node wrote to its status port; undefined when none is. */
export function lastJsonLine(text: string): string | undefined {
  // What follows the last line's end is still being written.
  const lines = text.split('\n').slice(0, -1);
  for (const line of lines.reverse()) {
    try {
      JSON.parse(line);
      return line;
    } catch {
      // A boot's noise, or a line cut where the guest ended.
    }
  }
  return undefined;
}
