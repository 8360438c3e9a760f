/* Which of a program's many lines a person wants to see; the log has them all. */

/** Of Terraform: what its provisioners say, and how it ended. */
export function tellTerraform(line: string): string | undefined {
  const said = /\(local-exec\): (.*)$/.exec(line)?.[1];
  if (said !== undefined) return said.startsWith('Executing:') ? undefined : said.trim();
  return /(Apply complete!|Destroy complete!|Error: ).*/.exec(line)?.[0];
}

/** Of a Spark driver's log: executors, finished jobs, and what went wrong. */
export function tellSpark(line: string): string | undefined {
  const logged = /^\d\d\/\d\d\/\d\d [\d:]+ (INFO|WARN|ERROR) (\w+)\S*: (.*)$/.exec(line);
  if (logged === null) return undefined;
  const [, level, , message = ''] = logged;
  if (level === 'ERROR') return message;
  const executor = /^Granted executor ID \S+ on hostPort ([^:]+):\d+ with (.*)$/.exec(message);
  if (executor !== null) return `executor on ${executor[1] ?? ''}: ${executor[2] ?? ''}`;
  const job = /^Job (\d+) finished: .* took ([\d.]+) ms$/.exec(message);
  if (job !== null) return `Spark job ${job[1] ?? ''} done in ${(Number(job[2]) / 1000).toFixed(1)} s`;
  return /^Running Spark version .*$/.exec(message)?.[0];
}
