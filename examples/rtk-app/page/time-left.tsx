import { type ReactNode, useEffect, useState } from 'react';

const SECOND = 1000;
const DAY = 86_400 * SECOND;

export function TimeLeft({ until }: { readonly until: number }): ReactNode {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND);
    return () => clearInterval(timer);
  }, []);
  return (
    <span role="timer" aria-live="off">
      {inWords(Math.max(0, until - now))}
    </span>
  );
}

/** `29 d 23:59:58` */
function inWords(left: number): string {
  const clock = new Date(left % DAY).toISOString().slice(11, 19);
  return left < DAY ? clock : `${Math.floor(left / DAY)} d ${clock}`;
}
