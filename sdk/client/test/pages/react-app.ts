import { createElement, Fragment, type ReactNode, useState } from 'react';
import { useSession } from '../../src/react.ts';
import type { Portico } from '../../src/types.ts';

function Who({ portico, id }: { readonly portico: Portico; readonly id: string }): ReactNode {
  const { status, user } = useSession(portico);
  return createElement('p', { id }, `${status} ${user?.id ?? 'nobody'}`);
}

/** Two that look at one session, and a button that takes both away. */
export function App({ portico }: { readonly portico: Portico }): ReactNode {
  const [shown, setShown] = useState(true);
  const button = createElement('button', { type: 'button', onClick: () => setShown(false) }, 'Close');
  const both = ['first', 'second'].map((id) => createElement(Who, { key: id, id, portico }));
  return createElement(Fragment, null, shown ? both : null, button);
}
