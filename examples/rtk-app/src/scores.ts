export interface Score {
  readonly points: number;
  /** Of whoever asks. */
  readonly yours: boolean;
}

export interface Scores {
  add(userId: string): void;
  /** The best ten; nobody learns who the others are. */
  best(userId: string): readonly Score[];
}

const SHOWN = 10;
/** What strangers may fill of the memory. */
const KEPT = 1000;

/** Points of users, as long as the process lives. */
export function createScores(): Scores {
  const points = new Map<string, number>();
  return {
    add: (userId) => {
      if (points.has(userId) || points.size < KEPT) points.set(userId, (points.get(userId) ?? 0) + 1);
    },
    best: (userId) =>
      [...points]
        .sort(([, a], [, b]) => b - a)
        .slice(0, SHOWN)
        .map(([id, count]) => ({ points: count, yours: id === userId })),
  };
}
