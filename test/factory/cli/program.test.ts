import { CommanderError, type Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { kilnProgram, words } from '../../../factory/cli/program';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What the parser alone says of a command line; a command that would run fails the test. */
async function said(line: string): Promise<Said> {
  const program = kilnProgram();
  let out = '';
  let err = '';
  const listen = (command: Command): void => {
    command.configureOutput({
      writeOut: (text) => (out += text),
      writeErr: (text) => (err += text),
    });
    if (command.commands.length === 0)
      command.action(() => {
        throw new Error(`${command.name()} ran`);
      });
    command.commands.forEach(listen);
  };
  program.commands.forEach(listen);
  program.configureOutput({ writeOut: (text) => (out += text), writeErr: (text) => (err += text) });
  try {
    await program.parseAsync(words(program, line.split(' ').filter(Boolean)), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { code: error.exitCode === 0 ? 0 : 2, out, err };
  }
  throw new Error(`${line} ended without a word`);
}

describe('wrong use is reported in two lines, with the help to ask and the nearest command', () => {
  it.each([
    ['nosuch', "kiln: unknown command 'nosuch'", 'kiln --help'],
    ['nosuch --help', "kiln: unknown command 'nosuch'", 'kiln --help'],
    ['nosuch -h', "kiln: unknown command 'nosuch'", 'kiln --help'],
    ['help nosuch', "kiln: unknown command 'nosuch'", 'kiln --help'],
    ['imag', "kiln: unknown command 'imag': did you mean image?", 'kiln --help'],
    ['image shwo', "kiln: unknown command 'shwo': did you mean show?", 'kiln image --help'],
    ['image shwo --help', "kiln: unknown command 'shwo': did you mean show?", 'kiln image --help'],
    ['image help shwo', "kiln: unknown command 'shwo': did you mean show?", 'kiln image --help'],
    ['help image shwo', "kiln: unknown command 'shwo': did you mean show?", 'kiln image --help'],
    ['bake --frob', "kiln: unknown option '--frob'", 'kiln bake --help'],
    ['bake --explian', "kiln: unknown option '--explian': did you mean --explain?", 'kiln bake --help'],
    ['promote', "kiln: missing required argument 'image'", 'kiln promote --help'],
    ['machines up', "kiln: required option '--spec <group>' not specified", 'kiln machines up --help'],
  ])('kiln %s', async (line, what, help) => {
    expect(await said(line)).toEqual({ code: 2, out: '', err: `${what}\n  see: ${help}\n` });
  });
});

describe('help is an answer', () => {
  it.each([
    ['--help', 'Usage: kiln '],
    ['help', 'Usage: kiln '],
    ['help image', 'Usage: kiln image '],
    ['image --help', 'Usage: kiln image '],
    ['image help show', 'Usage: kiln image show '],
    ['help image show', 'Usage: kiln image show '],
    ['run --help', 'Usage: kiln run '],
  ])('kiln %s', async (line, begin) => {
    const { code, out, err } = await said(line);
    expect({ code, err, begin: out.slice(0, begin.length) }).toEqual({ code: 0, err: '', begin });
  });
});

it('lists every command that is not plumbing under a heading of those who use it', async () => {
  const { out } = await said('--help');
  const { commands } = kilnProgram();
  const headings = new Set(commands.map((one) => one.helpGroup()));
  headings.delete('Plumbing:');
  expect(headings.size).toBeGreaterThan(3);
  for (const heading of headings) expect(out).toContain(`\n${heading}\n`);
  expect(out).not.toContain('\nCommands:\n');
});
