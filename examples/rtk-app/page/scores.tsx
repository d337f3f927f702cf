import type { ReactNode } from 'react';
import { useReadScoresQuery } from './store.ts';

/** What the protected API answers. */
export function Scores(): ReactNode {
  const { data = [], isLoading, isError } = useReadScoresQuery();
  return (
    <section className="panel">
      <h2>The best ten</h2>
      {isLoading && (
        <p className="loading" role="status">
          One moment
        </p>
      )}
      {isError && <p className="alert">The scores cannot be read at this moment.</p>}
      {!isLoading && !isError && data.length === 0 && <p>Nobody has a point yet.</p>}
      <ol className="scores">
        {data.map(({ points, yours }, place) => (
          <li key={`${place} ${points}`} data-yours={yours}>
            <span>{yours ? 'You' : `Player ${place + 1}`}</span>
            <span>{points}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
