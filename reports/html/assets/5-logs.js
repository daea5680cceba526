// Search in all logs: it counts all hits and shows one at a time.
ready(() => {
  const box = byId('find');
  if (!box) return;
  const where = byId('where');
  const logs = all('.log').map((details) => ({
    details, pre: details.querySelector('pre'), found: details.querySelector('.found'), number: details.dataset.log,
  }));
  const maxHits = 2000; // in one log; nobody goes through more
  let hits = [];
  let now = -1;

  const range = (hit) => {
    const node = hit.log.pre.firstChild;
    const r = document.createRange();
    r.setStart(node, hit.at);
    r.setEnd(node, hit.at + hit.length);
    return r;
  };
  const mark = (name, ranges) => {
    if (!window.CSS?.highlights) return; // older browsers go to hits without highlighting them
    CSS.highlights.set(name, new Highlight(...ranges));
  };
  const show = () => {
    const inLogs = new Set(hits.map((h) => h.log)).size;
    const line = now < 0 ? '' : `, line ${(hits[now].log.pre.firstChild.data.slice(0, hits[now].at).match(/\n/g)?.length ?? 0) + 1}`;
    byId('hits').value = box.value === '' ? '' : hits.length === 0 ? 'no hits'
      : `${now < 0 ? '' : `${now + 1} of `}${hits.length} ${hits.length === 1 ? 'hit' : 'hits'}${inLogs > 1 ? ` in ${inLogs} logs` : ''}${line}`;
  };
  const search = () => {
    hits = [];
    now = -1;
    const pattern = box.value && new RegExp(box.value.replace(/[.*+?^${}()|[\]\\\/-]/g, '\\$&'), 'gi');
    for (const log of logs) {
      const inside = pattern && log.pre.firstChild && (where.value === '' || where.value === log.number);
      const own = [];
      if (inside) {
        for (const m of log.pre.firstChild.data.matchAll(pattern)) {
          own.push({ log, at: m.index, length: m[0].length });
          if (own.length === maxHits) break;
        }
      }
      log.found.textContent = own.length === 0 ? '' : own.length === maxHits ? `${maxHits} hits or more` : `${own.length} ${own.length === 1 ? 'hit' : 'hits'}`;
      hits.push(...own);
    }
    mark('hit', hits.map(range));
    mark('now', []);
    show();
  };
  const step = (by) => {
    if (!hits.length) return;
    now = (now + by + (now < 0 && by < 0 ? 1 : 0) + hits.length) % hits.length;
    const hit = hits[now];
    hit.log.details.open = true;
    const r = range(hit);
    const view = hit.log.pre.parentElement;
    const top = r.getBoundingClientRect().top - view.getBoundingClientRect().top;
    view.scrollTop += top - view.clientHeight / 2;
    hit.log.details.scrollIntoView({ block: 'center' });
    mark('now', [r]);
    show();
  };
  let waiting;
  box.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(search, 120); });
  where.addEventListener('change', search);
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    if (waiting) { clearTimeout(waiting); waiting = 0; }
    if (box.value !== box.dataset.searched) { box.dataset.searched = box.value; search(); }
    step(event.shiftKey ? -1 : 1);
  });
  byId('next').addEventListener('click', () => step(1));
  byId('previous').addEventListener('click', () => step(-1));
});
