// The grid: filters by word and text, and arrow keys that go from cell to cell.
ready(() => {
  const marks = all('#grid .mark');
  const words = all('#grid .chips button');
  const text = byId('filter');
  if (!marks.length || !text) return;

  const filter = () => {
    // Any word of a facet will do, but every facet must match.
    const wanted = {};
    for (const button of words) {
      if (button.getAttribute('aria-pressed') === 'true') {
        const facet = button.dataset.facet;
        wanted[facet] = [...(wanted[facet] || []), button.dataset.word];
      }
    }
    const facets = Object.values(wanted);
    const parts = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const mark of marks) {
      const is = mark.dataset.is.split(' ');
      mark.hidden = !(facets.every((some) => some.some((word) => is.includes(word))) && parts.every((p) => mark.dataset.find.includes(p)));
      shown += !mark.hidden;
    }
    for (const row of all('#sheet tbody tr, .group li')) row.hidden = !row.querySelector('.mark:not([hidden])');
    for (const group of all('.group')) group.hidden = !group.querySelector('.mark:not([hidden])');
    byId('shown').value = facets.length || parts.length ? `${shown} of ${marks.length} shown` : '';
    settle();
  };
  for (const button of words) {
    button.addEventListener('click', () => {
      button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') !== 'true');
      filter();
    });
  }
  text.addEventListener('input', filter);

  // Tab reaches one cell of each part, and arrow keys reach the others from there.
  const parts = all('#sheet, .group ul');
  const visible = (part) => all('.mark:not([hidden])', part);
  const settle = () => {
    for (const part of parts) {
      const here = visible(part);
      if (here.length && !here.some((m) => m.tabIndex === 0)) here[0].tabIndex = 0;
    }
  };
  for (const mark of marks) mark.tabIndex = -1;
  settle();
  const move = (part, to) => {
    if (!to) return;
    for (const mark of all('.mark', part)) mark.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
    to.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  for (const part of parts) {
    part.addEventListener('focusin', (event) => {
      if (!event.target.matches('.mark')) return;
      for (const mark of all('.mark[tabindex="0"]', part)) mark.tabIndex = -1;
      event.target.tabIndex = 0;
    });
    part.addEventListener('keydown', (event) => {
      const from = event.target.closest('.mark');
      if (!from || event.ctrlKey || event.metaKey || event.altKey) return;
      const to = neighbor(event.key, from, visible(part));
      if (to === undefined) return;
      event.preventDefault();
      move(part, to);
    });
  }
});

// neighbor returns the cell that a key leads to, null if there is none, undefined if it is
// another key. Up and down look for the nearest visible cell, so that they work in a table
// and in a list that wraps.
function neighbor(key, from, marks) {
  const at = marks.indexOf(from);
  const box = (m) => m.getBoundingClientRect();
  const here = box(from);
  const middle = (b) => (b.left + b.right) / 2;
  const vertical = (sign) => marks
    .map((mark) => ({ mark, b: box(mark) }))
    .filter(({ b }) => sign * (b.top - here.top) > 2)
    .map(({ mark, b }) => ({ mark, far: Math.abs(middle(b) - middle(here)) * 8 + Math.abs(b.top - here.top) }))
    .reduce((best, one) => (best && best.far <= one.far ? best : one), null)?.mark ?? null;
  switch (key) {
    case 'ArrowLeft': return marks[at - 1] ?? null;
    case 'ArrowRight': return marks[at + 1] ?? null;
    case 'ArrowUp': return vertical(-1);
    case 'ArrowDown': return vertical(1);
    case 'Home': return marks[0];
    case 'End': return marks[marks.length - 1];
  }
  return undefined;
}
