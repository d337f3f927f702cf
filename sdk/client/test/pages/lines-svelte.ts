import { mount } from 'svelte';
import Account from '../lines/svelte.svelte';

const target = document.getElementById('root');
if (target !== null) mount(Account, { target });
