'use strict';
// The moving parts of the page. Without a script, everything is still there, and
// cells open as targets of their links.
const all = (query, root = document) => [...root.querySelectorAll(query)];
const byId = (id) => document.getElementById(id);
const ready = (start) => document.addEventListener('DOMContentLoaded', start);
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

document.documentElement.classList.add('scripted');

// Browsers refuse storage to some pages, such as those in a sandbox.
const remembered = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* not remembered */ } },
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

  // A link to a cell opens its details. Any other link closes them and unfolds its
  // target.
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

// go opens the target of a hash. It returns whether the click is handled.
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

// "/" goes to the search box in view, or else to that of the cells.
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, select, textarea');
  if (event.key === 'Escape' && typing?.type === 'search') {
    typing.value = '';
    typing.dispatchEvent(new Event('input'));
    typing.blur();
    return;
  }
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const inView = (box) => box && box.getBoundingClientRect().bottom > 0 && box.getBoundingClientRect().top < innerHeight;
  const [cells, logs] = [byId('filter'), byId('find')];
  const box = inView(logs) && !inView(cells) ? logs : cells || logs;
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});
