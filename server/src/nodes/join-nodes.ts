import { hostname } from 'node:os';
import type { Deps } from '../deps.ts';
import { clockAhead } from '../platform/database-clock.ts';
import { asDatabase } from '../platform/db.ts';
import { readVersion } from '../platform/version.ts';
import { within } from '../platform/within.ts';
import { deleteGoneNodes, noteNode, removeNode } from './node.ts';

/** How often a node says that it lives, in milliseconds. */
export const BEAT_EVERY = 5000;
/** Whoever ends waits no longer than this for its own row, in milliseconds: others delete it a minute later. */
const GOODBYE_WITHIN = 1000;

export interface Membership {
  /** From now on this node takes no new work, and others can read that. */
  leave(): Promise<void>;
  /** It is gone. */
  end(): Promise<void>;
}

type NodeDeps = Pick<Deps, 'db' | 'now' | 'node' | 'log'>;

/** Enters this process in the table of nodes and keeps it there. A database that does not answer keeps nobody from serving. */
export async function joinNodes(deps: NodeDeps, masterKeyId: string, every: number = BEAT_EVERY): Promise<Membership> {
  const { db, node, log } = deps;
  const facts = { id: node.id, version: readVersion(), host: hostname(), pid: process.pid, masterKeyId };
  let startedAt: number | null = null;
  let beating: Promise<void> | null = null;
  let said = false;

  const sayAlive = async () => {
    // Of all clocks the database's own: a node whose clock is wrong must not look dead to others, nor they to it.
    const database = asDatabase(db);
    const ahead = database === null ? null : await clockAhead(database, deps.now);
    const at = deps.now() - (ahead ?? 0);
    startedAt ??= at;
    await noteNode(db, { ...facts, startedAt, seenAt: at, leavingAt: node.leavingSince() });
    await deleteGoneNodes(db, at);
  };
  const beat = (): Promise<void> => {
    beating ??= sayAlive()
      .then(
        () => {
          said = false;
        },
        (cause: unknown) => {
          if (!said) log.warn({ err: cause }, 'this node could not say that it lives; trying again');
          said = true;
        },
      )
      .finally(() => {
        beating = null;
      });
    return beating;
  };

  await beat();
  const timer = setInterval(() => void beat(), every).unref();
  return {
    leave: async () => {
      node.leave(deps.now());
      await within(GOODBYE_WITHIN, Promise.resolve(beating).then(beat));
    },
    end: async () => {
      clearInterval(timer);
      await within(
        GOODBYE_WITHIN,
        Promise.resolve(beating)
          .then(() => removeNode(db, node.id))
          .catch(() => undefined),
      );
    },
  };
}
