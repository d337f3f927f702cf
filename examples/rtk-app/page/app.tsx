import { selectSession } from '@portico/client/rtk';
import { type ReactNode, useEffect } from 'react';
import { useSelector } from 'react-redux';
import { Deeds } from './deeds.tsx';
import { LogOut } from './log-out.tsx';
import { portico, signInAgain } from './portico.ts';
import { Scores } from './scores.tsx';
import { TimeLeft } from './time-left.tsx';
import { type Doing, useDoing } from './use-doing.ts';

export function App(): ReactNode {
  const { status, user } = useSelector(selectSession);
  const doing = useDoing();
  const { fail } = doing;
  useEffect(() => signInAgain(fail), [fail]);
  return (
    <div className="page" data-shape="room">
      <header className="bar">
        <a className="home" href="/">
          <Mark />
          <span>High scores</span>
        </a>
        {status === 'signed-in' && <LogOut doing={doing} />}
      </header>
      <main>
        <div role="status">{doing.said !== '' && <p className="notice">{doing.said}</p>}</div>
        {doing.trouble !== null && (
          <p className="alert" role="alert">
            {doing.trouble}
          </p>
        )}
        {status === 'offline' && <p className="notice">Portico cannot be reached at this moment. Nobody is signed out by that.</p>}
        {user === null ? <Outside doing={doing} /> : <Inside doing={doing} />}
      </main>
      <footer className="foot">
        <p>React and RTK Query. The access token lives in memory, the refresh token in a cookie that no script reads.</p>
      </footer>
    </div>
  );
}

function Outside({ doing }: { readonly doing: Doing }): ReactNode {
  const { status, verifyUrl } = useSelector(selectSession);
  if (status === 'loading')
    return (
      <p className="loading" role="status">
        One moment
      </p>
    );
  return (
    <section className="panel">
      <h1>High scores</h1>
      {status === 'unverified' ? (
        <>
          <p className="lead">This sign-in waits for a code from your mailbox.</p>
          {verifyUrl !== null && (
            <a data-look="primary" href={verifyUrl}>
              Type the code
            </a>
          )}
        </>
      ) : (
        <>
          <p className="lead">One sign-in for all apps: if you are signed in at Portico, one click brings you in.</p>
          <button data-look="primary" type="button" disabled={doing.busy} onClick={() => doing.run(() => portico.signIn(), '')}>
            Sign in
          </button>
        </>
      )}
    </section>
  );
}

function Inside({ doing }: { readonly doing: Doing }): ReactNode {
  const { user, expiresAt } = useSelector(selectSession);
  return (
    <>
      <section className="panel">
        <h1>{user?.displayName || user?.email || 'Signed in'}</h1>
        <dl className="facts">
          <div>
            <dt>Signed in as</dt>
            <dd id="who">{user?.email ?? user?.id}</dd>
          </div>
          <div>
            <dt>Time left</dt>
            <dd>{expiresAt === null ? 'not known' : <TimeLeft until={expiresAt} />}</dd>
          </div>
        </dl>
        <Deeds doing={doing} />
      </section>
      <Scores />
    </>
  );
}

/** An archway between two pillars, on a step. */
function Mark(): ReactNode {
  return (
    <svg className="logo" viewBox="0 0 32 32" width={28} height={28} aria-hidden="true" focusable="false">
      <path d="M2 4h28v4H2zM4 10h24v15h-6v-6a6 6 0 0 0-12 0v6H4zM2 27h28v3H2z" fill="currentColor" />
    </svg>
  );
}
