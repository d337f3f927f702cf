import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import type { Database } from '../../src/platform/db.ts';
import type { Schedule } from './batch.ts';
import type { Command } from './commands.ts';
import { countHistory, type Figures, lineOf } from './figures.ts';
import { finish } from './finish.ts';
import { histories, schedule, type Variety } from './histories.ts';
import { beginHistory, type History } from './history.ts';
import { type Ground, type Kind, prepareGround, type System, signIn } from './system.ts';

/** Histories that run side by side on one database, each lane with its own seed: they share its commits, and nothing else. */
const LANES = 24;

/** What a failure prints, to run that one history again: `MODEL_REPLAY='{"seed":…,"path":"…","replayPath":"…"}'`. */
interface Replay {
  readonly seed: number;
  readonly path: string;
  readonly replayPath: string;
}

export async function proveHistories(t: TestContext, db: Database, variety: Variety, runs: number): Promise<void> {
  const ground = await prepareGround(db);
  const figures: Figures = new Map();
  const began = performance.now();
  const replay = process.env['MODEL_REPLAY'] === undefined ? null : (JSON.parse(process.env['MODEL_REPLAY']) as Replay);
  if (replay !== null) return proveLane(ground, figures, variety, { numRuns: 1, seed: replay.seed, path: replay.path }, replay.replayPath);

  const seed = Number(process.env['MODEL_SEED'] ?? 20_260_105);
  const lanes = await Promise.allSettled(
    Array.from({ length: LANES }, (_, lane) =>
      proveLane(ground, figures, variety, { numRuns: Math.ceil((runs - lane) / LANES), seed: seed + lane }),
    ),
  );
  t.diagnostic(
    `${variety} histories on ${db.dialect}: ${lineOf(figures)}, ${Math.round(performance.now() - began)} ms, seeds from ${seed}`,
  );
  assert.ok((figures.get('spoiled by a busy machine') ?? 0) <= runs / 10, 'the machine was too busy to prove anything');
  const failed = lanes.find((lane) => lane.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

type Given = [Kind, Iterable<Command>, Schedule];

async function proveLane(
  ground: Ground,
  figures: Figures,
  variety: Variety,
  parameters: fc.Parameters<Given>,
  replayPath?: string,
): Promise<void> {
  const property = fc.asyncProperty(
    fc.constantFrom('browser' as const, 'native' as const),
    histories(variety, replayPath),
    schedule,
    async (kind, steps, last) => {
      let running: { model: History; real: System } | undefined;
      await fc.asyncModelRun(async () => {
        const real = await signIn(ground, kind);
        running = { model: await beginHistory(real), real };
        return running;
      }, steps);
      if (running === undefined) return;
      await finish(running.model, running.real, last);
      countHistory(figures, running.model);
    },
  );
  await fc.assert<Given>(property, parameters);
}
