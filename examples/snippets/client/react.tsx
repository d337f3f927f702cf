import { useSession } from '@portico/client/react';
import { portico } from './portico.ts';

export function SignIn() {
  const { status, user } = useSession(portico);
  if (status === 'loading') return null;
  if (user === null) return <button onClick={() => void portico.signIn()}>Sign in</button>;
  return <button onClick={() => void portico.signOut()}>Sign out {user.displayName || user.email}</button>;
}
