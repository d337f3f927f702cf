import { portico } from './portico.ts';

const answer = document.createElement('pre');
document.body.append(answer);

portico.subscribe(() => void call());
void call();

async function call() {
  const response = await portico.fetch('/api/me');
  answer.textContent = await response.text();
}
