import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { Account } from '../lines/react.tsx';

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(createElement(Account));
