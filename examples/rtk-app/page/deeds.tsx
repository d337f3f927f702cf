import type { ReactNode } from 'react';
import { canForgetDevice, forgetDevice } from './new-device.ts';
import { portico, signOut } from './portico.ts';
import { useScorePointMutation } from './store.ts';
import type { Doing } from './use-doing.ts';

/** All that one can do with a sign-in, a button each. */
export function Deeds({ doing }: { readonly doing: Doing }): ReactNode {
  const { busy, run } = doing;
  const [scorePoint] = useScorePointMutation();
  const deeds: readonly (readonly [label: string, act: () => Promise<unknown>, done: string])[] = [
    ['Score a point', () => scorePoint().unwrap(), 'The API took the point.'],
    ['Refresh', () => portico.refresh(), 'A new access token.'],
    ['Extend', () => portico.extend(), 'The sign-in was kept alive.'],
    ['Sign out', () => signOut({}), 'Signed out of all sites in this browser.'],
    ['Sign out everywhere', () => signOut({ everywhere: true }), 'Signed out on all devices.'],
    ['Sign out of this app', () => signOut({ local: true }), 'Signed out here; the other sites go on.'],
  ];
  return (
    <>
      <div className="deeds">
        {deeds.map(([label, act, done]) => (
          <button
            key={label}
            type="button"
            data-look={label === 'Score a point' ? 'primary' : 'secondary'}
            disabled={busy}
            onClick={() => run(act, done)}
          >
            {label}
          </button>
        ))}
      </div>
      <NewDevice doing={doing} />
    </>
  );
}

/** What makes this browser known is a cookie of Portico's that no script reads. Saying otherwise would be a show. */
function NewDevice({ doing: { busy, run } }: { readonly doing: Doing }): ReactNode {
  return (
    <details>
      <summary>Pretend to be a new device</summary>
      <p className="hint">
        Portico knows this browser by a cookie that this app can neither read nor delete. A private window has none: there the sign-in may
        ask for a code from your mailbox.
      </p>
      {canForgetDevice && (
        <button data-look="secondary" type="button" disabled={busy} onClick={() => run(() => signOut({}).then(forgetDevice), '')}>
          Forget this device
        </button>
      )}
    </details>
  );
}
