// The packages: filtered by name, machine and kind of change, in two orders.
ready(() => {
  const body = byId('package-rows');
  if (!body) return;
  const rows = [...body.rows];
  const [text, machine, how, order] = ['package', 'machine', 'how', 'order'].map(byId);

  // on returns whether a package changed on a machine. The row has ranges such as "0-3,7".
  const on = (row, number) => row.dataset.where.split(',').some((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return from <= number && number <= to;
  });
  const filter = () => {
    const part = text.value.toLowerCase().trim();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !(row.cells[0].textContent.toLowerCase().includes(part)
        && (machine.value === '' || on(row, Number(machine.value)))
        && (how.value === '' || row.dataset.how === how.value));
      shown += !row.hidden;
    }
    byId('packages-shown').value = shown < rows.length ? `${shown} of ${rows.length} shown` : '';
  };
  text.addEventListener('input', filter);
  machine.addEventListener('change', filter);
  how.addEventListener('change', filter);
  order.addEventListener('change', () => {
    const bySize = (a, b) => Number(b.dataset.size) - Number(a.dataset.size);
    body.append(...(order.value === 'size' ? [...rows].sort(bySize) : rows));
  });
});
