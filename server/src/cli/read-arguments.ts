import { parseArgs } from 'node:util';
import { ADD_OPTIONS, type AddOptions } from './add-words.ts';
import { CLIENT_OPTIONS, type ClientOptions } from './client-words.ts';
import { INIT_OPTIONS, type InitOptions } from './init-words.ts';
import { MOVING_OPTIONS, type MovingOptions } from './moving-words.ts';

export interface Options extends ClientOptions, AddOptions, InitOptions, MovingOptions {
  readonly json?: boolean;
  readonly drop?: string;
  readonly note?: string;
  readonly reason?: string;
  readonly email?: string;
  readonly only?: string;
  readonly version?: boolean;
  readonly help?: boolean;
}

/** A text is the problem, in one line. */
export function readArguments(argv: readonly string[]): { values: Options; words: readonly string[] } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        drop: { type: 'string' },
        note: { type: 'string' },
        reason: { type: 'string' },
        email: { type: 'string' },
        only: { type: 'string' },
        ...CLIENT_OPTIONS,
        ...ADD_OPTIONS,
        ...INIT_OPTIONS,
        ...MOVING_OPTIONS,
        version: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return { values: { ...values }, words: positionals };
  } catch (error) {
    // Node adds advice about positional arguments in further sentences.
    const [sentence = ''] = (error as Error).message.split(/\.\s|\n/);
    return sentence.charAt(0).toLowerCase() + sentence.slice(1);
  }
}
