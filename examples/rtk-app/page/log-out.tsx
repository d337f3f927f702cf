import { type ReactNode, useRef } from 'react';
import { signOut } from './portico.ts';
import type { Doing } from './use-doing.ts';

/** On a phone the button gives way to three dots, and these open a sheet: Log out, Cancel. */
export function LogOut({ doing: { busy, run } }: { readonly doing: Doing }): ReactNode {
  const sheet = useRef<HTMLDialogElement>(null);
  const logOut = () => {
    sheet.current?.close();
    run(() => signOut({}), '');
  };
  return (
    <div>
      <button data-replaced="true" data-look="secondary" type="button" disabled={busy} onClick={logOut}>
        Log out
      </button>
      <button className="dots" type="button" aria-haspopup="dialog" aria-label="Menu" onClick={() => sheet.current?.showModal()}>
        <svg viewBox="0 0 24 24" width={24} height={24} aria-hidden="true" focusable="false">
          <circle cx={12} cy={5} r={2} />
          <circle cx={12} cy={12} r={2} />
          <circle cx={12} cy={19} r={2} />
        </svg>
      </button>
      <dialog className="sheet" aria-label="Menu" ref={sheet} onClick={(event) => event.target === sheet.current && sheet.current.close()}>
        <div>
          <button data-look="primary" type="button" onClick={logOut}>
            Log out
          </button>
          <button data-look="secondary" type="button" onClick={() => sheet.current?.close()}>
            Cancel
          </button>
        </div>
      </dialog>
    </div>
  );
}
