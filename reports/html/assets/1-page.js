'use strict';
// What of the page moves. Without it the head, the grid, the causes and the
// changes are all there; cells open as targets of their links.
const all = (query, root = document) => [...root.querySelectorAll(query)];
const byId = (id) => document.getElementById(id);
const ready = (start) => document.addEventListener('DOMContentLoaded', start);
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

document.documentElement.classList.add('scripted');

// Storage is refused to some pages, such as those in a sandbox.
const remembered = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* then not */ } },
};

const dark = () => {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
};
const theme = remembered.get('flakeci-theme');
if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;

ready(() => {
  byId('theme').addEventListener('click', () => {
    document.documentElement.dataset.theme = dark() ? 'light' : 'dark';
    remembered.set('flakeci-theme', document.documentElement.dataset.theme);
  });

  // A link to a cell opens its details; any other closes them, and unfolds where
  // it leads.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    const open = document.querySelector('dialog[open]');
    if (link.classList.contains('close')) {
      event.preventDefault();
      open?.close();
      return;
    }
    if (go(link.hash)) event.preventDefault();
  });
  for (const dialog of all('dialog')) {
    dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener('close', () => history.replaceState(null, '', location.pathname + location.search));
  }
  go(location.hash);
});

// go opens what a hash names, and says whether that was all there is to do.
function go(hash) {
  const target = hash.length > 1 && byId(hash.slice(1));
  if (!target) return false;
  document.querySelector('dialog[open]')?.close();
  if (target.tagName === 'DIALOG') {
    target.showModal();
    target.scrollTop = 0;
    history.replaceState(null, '', hash);
    return true;
  }
  if (target.tagName === 'DETAILS') {
    target.open = true;
    target.scrollIntoView({ block: 'start', behavior: calm() ? 'auto' : 'smooth' });
    target.querySelector('summary').focus({ preventScroll: true });
    return true;
  }
  return false;
}

// "/" is the search that can be seen, else that of the cells.
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, select, textarea');
  if (event.key === 'Escape' && typing?.type === 'search') {
    typing.value = '';
    typing.dispatchEvent(new Event('input'));
    typing.blur();
    return;
  }
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const seen = (box) => box && box.getBoundingClientRect().bottom > 0 && box.getBoundingClientRect().top < innerHeight;
  const [cells, logs] = [byId('filter'), byId('find')];
  const box = seen(logs) && !seen(cells) ? logs : cells || logs;
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});
