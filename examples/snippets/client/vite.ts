import { portico } from './portico.ts';

const button = document.createElement('button');
button.onclick = () => (portico.session.user === null ? portico.signIn() : portico.signOut());
document.body.append(button);

portico.subscribe(show);
show();

function show() {
  const { status, user } = portico.session;
  button.disabled = status === 'loading';
  button.textContent = user === null ? 'Sign in' : `Sign out ${user.displayName || user.email}`;
}
