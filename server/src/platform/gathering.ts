import type { Row, Together, Value } from './db.ts';

export interface Ways {
  alone(sql: string, values: readonly Value[]): Promise<readonly Row[]>;
  together(sql: string, columns: readonly (readonly Value[])[]): Promise<readonly Row[]>;
}

interface Call {
  readonly sql: string;
  readonly values: readonly Value[];
  readonly resolve: (rows: readonly Row[] | Promise<readonly Row[]>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the calls of one turn of the event loop: a statement for twenty rows costs little more than one for a single row. Nobody hears
 * anything before its commit, and when it fails it has failed for everyone in it.
 */
export function createGathering({
  alone,
  together,
}: Ways): (sql: string, values: readonly Value[], together: Together) => Promise<readonly Row[]> {
  let waiting = new Map<Together, Call[]>();

  function flush(): void {
    const turn = waiting;
    waiting = new Map();
    for (const [{ together: sql }, calls] of turn) {
      const firsts = new Map<Value, Call>();
      for (const call of calls) {
        const key = call.values[0] ?? null;
        // One statement changes a row once.
        if (firsts.has(key)) runAlone(call);
        else firsts.set(key, call);
      }
      if (firsts.size === 1) for (const call of firsts.values()) runAlone(call);
      else void runTogether(sql, firsts);
    }
  }

  function runAlone({ sql, values, resolve }: Call): void {
    resolve(alone(sql, values));
  }

  async function runTogether(sql: string, calls: ReadonlyMap<Value, Call>): Promise<void> {
    const rows = [...calls.values()].map(({ values }) => values);
    try {
      const columns = Array.from(rows[0] ?? [], (_, column) => rows.map((values) => values[column] ?? null));
      const answered = new Map((await together(sql, columns)).map((row) => [row['id'], row]));
      for (const [key, call] of calls) {
        const row = answered.get(key);
        if (row === undefined) runAlone(call);
        else call.resolve([row]);
      }
    } catch (error) {
      for (const { reject } of calls.values()) reject(error);
    }
  }

  return (sql, values, asked) =>
    new Promise((resolve, reject) => {
      if (waiting.size === 0) setImmediate(flush);
      const calls = waiting.get(asked);
      if (calls === undefined) waiting.set(asked, [{ sql, values, resolve, reject }]);
      else calls.push({ sql, values, resolve, reject });
    });
}
