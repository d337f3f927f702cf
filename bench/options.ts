import { parseArgs } from 'node:util';

export interface Options {
  readonly seconds: number;
  readonly rounds: number;
  readonly families: number;
  /** Parts of target names; empty means all. */
  readonly only: readonly string[];
  readonly json: boolean;
  /** How many tokens Portico's verifier checks. */
  readonly checks: number;
}

export const USAGE = `npm run bench -- [options]

  --seconds N    length of one slice: one target at one concurrency (default 0.5)
  --rounds N     how often every target gets its turn (default 20)
  --families N   signed-in people before the first refresh (default 1000)
  --only A,B     only targets whose name contains A or B, such as floor or portico-sqlite;
                 verifier: no server, but what a site verifies tokens with, beside jose and fast-jwt
  --checks N     with --only verifier: how many tokens Portico's verifier checks (default 1000000)
  --json         print the figures as JSON

Targets on PostgreSQL use TEST_DATABASE_URL, else postgres://postgres@127.0.0.1:5432/postgres, and make databases of their own there.`;

/** The options, or the sentence that says what is wrong with them. */
export function parseOptions(args: readonly string[]): Options | string {
  let values: { seconds: string; rounds: string; families: string; only: string; checks: string; json: boolean; help: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '0.5' },
        rounds: { type: 'string', default: '20' },
        families: { type: 'string', default: '1000' },
        only: { type: 'string', default: '' },
        checks: { type: 'string', default: '1000000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`;
  }
  if (values.help) return USAGE;
  const seconds = Number(values.seconds);
  const rounds = Number(values.rounds);
  const families = Number(values.families);
  const checks = Number(values.checks);
  if (!(seconds >= 0.1)) return '--seconds must be a number, at least 0.1.';
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds must be a whole number, at least 1.';
  if (!Number.isInteger(families) || families < 64) return '--families must be a whole number, at least 64.';
  if (!Number.isInteger(checks) || checks < 1000) return '--checks must be a whole number, at least 1000.';
  return { seconds, rounds, families, checks, json: values.json, only: values.only.split(',').filter((part) => part !== '') };
}
